# title: The API server does not accept the kubeconfig's credential
# symptom: kubectl says "You must be logged in to the server (Unauthorized)".
# evidence: The server answers 401.
# cause: The client certificate is of another cluster's authority.
# remedy: Fetch the cluster's credentials anew.
# expect-fail: api-answers
# first: api-answers
apply() {
  mesh_variables west
  new_ca ec "$FAULT_STATE/ca" /CN=kubernetes-west
  new_certificate ec "$FAULT_STATE/user" /CN=isthmus-reader "$FAULT_STATE/ca" -addext extendedKeyUsage=clientAuth
  change_file "$STATE/west.kubeconfig" "s#client-certificate-data: .*#client-certificate-data: $(as_base64 "$FAULT_STATE/user.crt")#
    s#client-key-data: .*#client-key-data: $(as_base64 "$FAULT_STATE/user.key")#"
}
undo() { put_back; }
