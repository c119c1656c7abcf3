# title: The revision has no injector webhook
# symptom: Pods start without a sidecar; the gateway's pod keeps the image "auto" and never starts.
# evidence: west has no MutatingWebhookConfiguration istio-sidecar-injector-asm-1246-9.
# cause: It was deleted with another revision's objects.
# remedy: Install the revision again with asmcli, or apply its webhook from the installation's output folder.
# expect-fail: injector-webhook-ready
# first: injector-webhook-ready
apply() { mesh_variables west && remove west "$WEBHOOK_PATH"; }
undo() { put_back; }
