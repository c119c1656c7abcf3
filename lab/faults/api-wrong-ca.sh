# title: The kubeconfig trusts another authority than the API server's
# symptom: kubectl says "x509: certificate signed by unknown authority".
# evidence: The server's certificate does not verify against certificate-authority-data of west.kubeconfig.
# cause: The cluster was built anew, and the kubeconfig is the old one.
# remedy: Fetch the cluster's credentials anew.
# expect-fail: api-answers
# first: api-answers
apply() {
  mesh_variables west
  new_ca ec "$FAULT_STATE/ca" /CN=kubernetes-west
  change_file "$STATE/west.kubeconfig" "s#certificate-authority-data: .*#certificate-authority-data: $(as_base64 "$FAULT_STATE/ca.crt")#"
}
undo() { put_back; }
