# title: The kubeconfig does not verify the server
# symptom: None; everybody on the way could answer in the server's place, and read the credential.
# evidence: insecure-skip-tls-verify is set in west.kubeconfig.
# cause: Somebody got rid of a certificate error.
# remedy: Put the cluster's certificate authority into the kubeconfig, and take insecure-skip-tls-verify out.
# expect-warning: kubeconfig-verifies-server
apply() { change_file "$STATE/west.kubeconfig" 's#certificate-authority-data: .*#insecure-skip-tls-verify: true#'; }
undo() { put_back; }
