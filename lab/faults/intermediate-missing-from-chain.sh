# title: The intermediate certificate is not sent along
# symptom: The other cluster refuses west's workloads with "unable to get local issuer certificate" (TLS alert 48).
# evidence: The chain that is served through west's gateway is the leaf and the root, without the intermediate between them.
# cause: cert-chain.pem in cacerts holds only the root.
# remedy: Make cert-chain.pem of the intermediate followed by the root, replace it in cacerts, restart istiod and the workloads.
# expect-fail: issuing-chain-valid
# first: issuing-chain-valid
apply() { mesh_variables west && serve_workload "$DIR/ca" "$DIR/ca/root.crt"; }
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's own certificate" serves_its_leaf
}
