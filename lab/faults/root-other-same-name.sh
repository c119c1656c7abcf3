# title: The second cluster has a root certificate of its own, with the same name
# symptom: Every request that crosses fails with 503 and CERTIFICATE_VERIFY_FAILED, in both directions; within each
#   cluster all is well. Looked at by name, both clusters have the same root, "O=Istio, CN=Root CA".
# evidence: The SHA-256 fingerprints and public keys of root-cert.pem in the ConfigMaps istio-ca-root-cert differ, and the
#   chain that a workload serves through west's gateway does not verify against east's root.
# cause: Somebody ran the root's make target once for each cluster instead of once for the mesh.
# remedy: Make one offline root, issue an intermediate for each cluster from it, replace the Secret cacerts in
#   istio-system, restart istiod, then the gateways and every injected workload.
# expect-fail: clusters-share-root-ca
# first: clusters-share-root-ca
# expect-answers: east: east error
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  new_intermediate "$FAULT_STATE/ca" "$FAULT_STATE/root"
  use_ca "$FAULT_STATE/ca"
}
undo() {
  mesh_variables west
  put_back
  restart_istiod
  wait_for 30 "west's own certificate" serves_its_leaf
}
