# title: The kubeconfig's client certificate ends within days
# symptom: None yet; in ten days every call gets 401.
# evidence: notAfter of the client certificate in west.kubeconfig.
# cause: GDC's administrator certificates last one year.
# remedy: Fetch the cluster's credentials anew.
# expect-warning: kubeconfig-credential-lasts
apply() {
  mesh_variables west
  new_certificate ec "$FAULT_STATE/user" /CN=isthmus-reader "$DIR/pki/ca" -addext extendedKeyUsage=clientAuth -days 10
  change_file "$STATE/west.kubeconfig" "s#client-certificate-data: .*#client-certificate-data: $(as_base64 "$FAULT_STATE/user.crt")#
    s#client-key-data: .*#client-key-data: $(as_base64 "$FAULT_STATE/user.key")#"
}
undo() { put_back; }
