# title: The root certificate is not a certificate authority
# symptom: Envoy and istiod refuse every peer: "unable to get issuer certificate" or "invalid CA certificate", although all
#   names and signatures fit.
# evidence: root-cert.pem has basicConstraints CA:false, in both clusters.
# cause: The root was issued with a server certificate's profile.
# remedy: Re-issue the root with CA:true and keyCertSign (its key may stay), replace it in cacerts everywhere, restart istiod,
#   the gateways and the workloads.
# expect-fail: root-ca-valid
# first: root-ca-valid
apply() {
  cp "$STATE/offline-root/root.key" "$FAULT_STATE/root.key"
  run_req rsa "$FAULT_STATE/root" "$ROOT_SUBJECT" -addext basicConstraints=critical,CA:false \
    -addext keyUsage=critical,digitalSignature,keyEncipherment
  on_both use_renewed_root "$FAULT_STATE/root.crt"
}
undo() {
  put_back
  on_both restart_istiod
}
