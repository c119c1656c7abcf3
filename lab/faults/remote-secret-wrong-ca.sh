# title: The remote secret trusts another authority than the API server's
# symptom: East's istiod never sees west; its log says "x509: certificate signed by unknown authority".
# evidence: West's API server does not verify against certificate-authority-data in east's remote secret.
# cause: The API server stands behind a proxy that ends TLS, or west was built anew at the same address.
# remedy: istioctl create-remote-secret --server with the direct endpoint, applied to east.
# expect-fail: remote-secret-credential-alive
# first: remote-secret-credential-alive
apply() {
  mesh_variables east
  new_ca ec "$FAULT_STATE/ca" /CN=kubernetes-west
  change_remote_kubeconfig "s#certificate-authority-data: .*#certificate-authority-data: $(as_base64 "$FAULT_STATE/ca.crt")#"
}
undo() { put_back; }
