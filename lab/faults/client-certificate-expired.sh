# title: The kubeconfig's client certificate has expired
# symptom: kubectl says "You must be logged in to the server"; the server's log says that the certificate has expired.
# evidence: notAfter of the client certificate in west.kubeconfig lies in the past.
# cause: GDC's administrator certificates last one year.
# remedy: Fetch the cluster's credentials anew.
# expect-fail: kubeconfig-credential-lasts
# first: kubeconfig-credential-lasts
apply() {
  mesh_variables west
  openssl ecparam -name prime256v1 -genkey -noout -out "$FAULT_STATE/user.key"
  new_dated_certificate "$FAULT_STATE/user" /CN=isthmus-reader "$DIR/pki/ca" 20240101000000Z 20250101000000Z extendedKeyUsage=clientAuth
  change_file "$STATE/west.kubeconfig" "s#client-certificate-data: .*#client-certificate-data: $(as_base64 "$FAULT_STATE/user.crt")#
    s#client-key-data: .*#client-key-data: $(as_base64 "$FAULT_STATE/user.key")#"
}
undo() { put_back; }
