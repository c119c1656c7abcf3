# title: A workload still has an identity of the old trust domain
# symptom: Requests from the other cluster to this workload fail with a certificate error that speaks of SANs (TLS alert 46).
# evidence: The certificate that is served through west's gateway is for spiffe://cluster.local/…; the mesh's trust domain is
#   isthmus-lab.svc.id.goog.
# cause: The trust domain was changed, and the workload has not been restarted since.
# remedy: kubectl rollout restart deployment -n sample
# expect-fail: remote-workloads-trusted
# first: remote-workloads-trusted
apply() {
  mesh_variables west
  keep_identity sample-helloworld
  TRUST_DOMAIN=cluster.local
  issue_helloworld "$DIR/ca"
  wait_for 30 "the old identity" serves_its_leaf
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's own certificate" serves_its_leaf
}
