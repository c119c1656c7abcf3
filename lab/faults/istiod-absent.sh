# title: istiod is not installed in the second cluster
# symptom: New pods in west are refused by the webhook; proxies keep the configuration that they had.
# evidence: west has no Deployment istiod-asm-1246-9.
# cause: The control plane was uninstalled, or the installation broke off.
# remedy: Install it again with asmcli install … --revision_name asm-1246-9
# expect-fail: istiod-ready
# first: istiod-ready
apply() {
  mesh_variables west
  remove west "$ISTIOD_PATH"
  wait_for 30 "the end of istiod's pods" no_istiod
}
no_istiod() { api west GET "$SYSTEM/pods?labelSelector=app%3Distiod" | jq -e '.items == []'; }
undo() { mesh_variables west && put_back && wait_deployment "$ISTIOD_PATH"; }
