# title: The mesh's root certificate has expired
# symptom: Worked for years; since last night everything that crosses fails at once, and soon everything within the clusters.
# evidence: notAfter of root-cert.pem in the ConfigMaps istio-ca-root-cert lies in the past, in both clusters.
# cause: Nobody renewed the offline root.
# remedy: Make a new root; let the clusters trust both for the time of the change (ISTIO_MULTIROOT_MESH=true on istiod),
#   issue new intermediates, then take the old root away.
# expect-fail: root-ca-valid
# first: root-ca-valid
apply() {
  cp "$STATE/offline-root/root.key" "$FAULT_STATE/root.key"
  new_dated_certificate "$FAULT_STATE/root" "$ROOT_SUBJECT" "$FAULT_STATE/root" 20160101000000Z 20260101000000Z \
    "${INTERMEDIATE_EXTENSIONS/,pathlen:0/}"
  on_both use_renewed_root "$FAULT_STATE/root.crt"
}
undo() {
  put_back
  on_both restart_istiod
}
