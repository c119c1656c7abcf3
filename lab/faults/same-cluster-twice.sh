# title: Both kubeconfigs lead to the same cluster
# symptom: create-mesh gives a cluster a remote secret for itself, and the other cluster gets none.
# evidence: The namespace kube-system has the same UID through both kubeconfigs.
# cause: The current context of one kubeconfig was changed.
# remedy: Give each cluster its own kubeconfig, with the right current-context.
# expect-fail: clusters-distinct
# first: clusters-distinct
apply() {
  keep_file "$STATE/west.kubeconfig"
  cp -p "$STATE/east.kubeconfig" "$STATE/west.kubeconfig.new"
  mv "$STATE/west.kubeconfig.new" "$STATE/west.kubeconfig"
}
undo() { put_back; }
