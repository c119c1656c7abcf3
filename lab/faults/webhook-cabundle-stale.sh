# title: The injector's webhook trusts an old root
# symptom: Pods are not created: "failed calling webhook … x509: certificate signed by unknown authority", since the root was
#   changed.
# evidence: caBundle in MutatingWebhookConfiguration istio-sidecar-injector-asm-1246-9 of west does not hold the cluster's root.
# cause: The root was changed, and istiod has not patched the webhook since.
# remedy: kubectl rollout restart deployment/istiod-asm-1246-9 -n istio-system; istiod writes the bundle when it starts.
# expect-fail: injector-webhook-ready
# first: injector-webhook-ready
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  change_by_operations west "$WEBHOOK_PATH" "$(jq -n --rawfile root "$FAULT_STATE/root.crt" \
    '[range(2) | {op: "replace", path: "/webhooks/\(.)/clientConfig/caBundle", value: ($root | @base64)}]')"
}
undo() { put_back; }
