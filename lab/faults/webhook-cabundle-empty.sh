# title: The injector's webhook has no CA bundle
# symptom: Pods are not created: "failed calling webhook … x509: certificate signed by unknown authority".
# evidence: caBundle is empty in MutatingWebhookConfiguration istio-sidecar-injector-asm-1246-9 of west.
# cause: The configuration was applied again from a file, and istiod has not patched it since.
# remedy: kubectl rollout restart deployment/istiod-asm-1246-9 -n istio-system; istiod writes the bundle when it starts.
# expect-fail: injector-webhook-ready
# first: injector-webhook-ready
apply() {
  mesh_variables west
  change_by_operations west "$WEBHOOK_PATH" '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"},
    {"op": "remove", "path": "/webhooks/1/clientConfig/caBundle"}]'
}
undo() { put_back; }
