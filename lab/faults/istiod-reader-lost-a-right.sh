# title: The reader account of one cluster may no longer list endpoints
# symptom: East's workloads get no answer from west since the remote secret was made anew; the secret is right, its token works.
# evidence: istiod of east says "timeout" of west (/debug/clusterz); west's API server answers 403 to the reader that lists
#   endpoints.
# cause: An older chart base was installed over the reader's ClusterRole in west.
# remedy: Install the chart base (or asmcli's manifests) of the revision in west again.
# level: probe
# expect-fail: istiod-follows-peer
# first: istiod-follows-peer
apply() {
  mesh_variables west
  take_from_reader endpoints endpointslices
  # Whoever reads already goes on reading: it shows when istiod reads anew.
  mesh_variables east
  change_remote_kubeconfig 's/^kind: Config$/& # made anew/'
  wait_for 40 "istiod of east to give up" says_of_peer timeout
}
undo() {
  put_back
  mesh_variables east
  wait_for 40 "istiod of east to follow west again" says_of_peer synced
}
says_of_peer() { istiod_says clusterz | jq -e --arg id "$PEER_ID" --arg status "$1" '.[] | select(.id == $id and .syncStatus == $status)'; }
