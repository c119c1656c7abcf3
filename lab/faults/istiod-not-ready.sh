# title: istiod runs, but is not ready
# symptom: New pods are refused by the webhook: nobody stands behind istiod's Service.
# evidence: Deployment istiod-asm-1246-9 in west has no ready replica.
# cause: istiod waits for something, usually for a remote cluster that does not answer (30 s for each at every start).
# remedy: kubectl logs deployment/istiod-asm-1246-9 -n istio-system, and mend what it names.
# expect-fail: istiod-ready
# first: istiod-ready
apply() {
  mesh_variables west
  change_file "$DIR/proxy/istiod/lds.yaml" 's#(path: /ready.*status: )200#\1503#'
  wait_for 30 "istiod to turn unready" replicas_ready 0
}
replicas_ready() { api west GET "$ISTIOD_PATH" | jq -e --argjson n "$1" '(.status.readyReplicas // 0) == $n'; }
undo() { mesh_variables west && put_back && wait_for 30 "istiod to be ready" replicas_ready 1; }
