# title: A change of the root stopped half-way
# symptom: Requests from east to west fail with CERTIFICATE_VERIFY_FAILED; those from west to east succeed.
# evidence: West trusts the old and the new root, and its workloads are signed under the new one; east trusts only the old one.
# cause: West was given intermediates of the new root before every cluster trusted it.
# remedy: Add the new root to east's trust first (root-cert.pem with both certificates, ISTIO_MULTIROOT_MESH=true), restart
#   east's istiod, then its gateways and workloads.
# expect-fail: remote-workloads-trusted
# expect-warning: clusters-share-root-ca
# first: remote-workloads-trusted
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  new_intermediate "$FAULT_STATE/ca" "$FAULT_STATE/root"
  cat "$DIR/ca/root.crt" >>"$FAULT_STATE/ca/root.crt"
  use_ca "$FAULT_STATE/ca"
}
undo() {
  mesh_variables west
  put_back
  restart_istiod
  wait_for 30 "west's own certificate" serves_its_leaf
}
