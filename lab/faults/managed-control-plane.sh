# title: Google also manages a control plane in this cluster
# symptom: Namespaces with the label of a managed channel never see the other cluster: the managed control plane reads no
#   remote secrets.
# evidence: A MutatingWebhookConfiguration in west calls a URL of meshconfig.googleapis.com instead of a Service.
# cause: Automatic management was switched on for the fleet while an in-cluster control plane was installed.
# remedy: gcloud container fleet mesh update --management manual --memberships west, and remove the managed revision.
# expect-fail: no-managed-control-plane
# first: no-managed-control-plane
apply() {
  add west "$WEBHOOKS/istiod-asm-managed" '{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
    "metadata": {"labels": {"app": "sidecar-injector", "istio.io/rev": "asm-managed"}},
    "webhooks": [{"name": "rev.namespace.sidecar-injector.istio.io", "admissionReviewVersions": ["v1"], "sideEffects": "None",
      "failurePolicy": "Ignore", "clientConfig": {"url": "https://meshconfig.googleapis.com/v1/projects/isthmus-lab/locations/global/clusters/west/channels/regular/targetProject/isthmus-lab:inject"},
      "namespaceSelector": {"matchLabels": {"istio.io/rev": "asm-managed"}},
      "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]}]}'
}
undo() { put_back; }
