# title: The mesh's root certificate expires in three weeks
# symptom: None yet. In three weeks everything that crosses fails at once.
# evidence: notAfter of root-cert.pem in the ConfigMaps istio-ca-root-cert, and istiod's metric
#   citadel_server_root_cert_expiry_timestamp.
# cause: Nobody renewed the offline root.
# remedy: Renew the root now, while both can be trusted for a time (ISTIO_MULTIROOT_MESH=true on istiod).
# expect-warning: root-ca-valid
apply() {
  cp "$STATE/offline-root/root.key" "$FAULT_STATE/root.key"
  new_dated_certificate "$FAULT_STATE/root" "$ROOT_SUBJECT" "$FAULT_STATE/root" 20160101000000Z \
    "$(date -u -d '+20 days' +%Y%m%d%H%M%SZ)" "${INTERMEDIATE_EXTENSIONS/,pathlen:0/}"
  on_both use_renewed_root "$FAULT_STATE/root.crt"
}
undo() {
  put_back
  on_both restart_istiod
}
