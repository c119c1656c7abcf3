# title: The signing key in cacerts does not belong to its certificate
# symptom: None until istiod is restarted; then it does not start.
# evidence: ca-key.pem in Secret istio-system/cacerts of west is not the key of ca-cert.pem; the Secret was made after istiod started.
# cause: Somebody renewed the intermediate and put only half of it into the Secret.
# remedy: Make the Secret again from files that belong together: ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem.
# level: proof
# expect-fail: cacerts-loaded
# expect-unknown: signing-key-readable
# first: cacerts-loaded
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  remake_cacerts "$(jq -n --rawfile key "$FAULT_STATE/root.key" '{"ca-key.pem": ($key | @base64)}')"
}
undo() { mesh_variables west && put_back && restart_istiod; }
