# title: A workload still serves a certificate of an old authority
# symptom: Requests from the other cluster to this workload fail with CERTIFICATE_VERIFY_FAILED; the objects of both clusters
#   are all in order.
# evidence: The chain that is served through west's gateway ends in another root than the one in the ConfigMaps.
# cause: The root was changed, and the workload has not been restarted since.
# remedy: kubectl rollout restart deployment -n sample
# expect-fail: gateway-serves-mesh-root
# first: gateway-serves-mesh-root
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  new_intermediate "$FAULT_STATE/ca" "$FAULT_STATE/root"
  serve_workload "$FAULT_STATE/ca"
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's own certificate" serves_its_leaf
}
