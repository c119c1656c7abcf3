# title: istiod made its own root in the second cluster
# symptom: Requests that cross fail with CERTIFICATE_VERIFY_FAILED. Nobody remembers to have made a certificate for west.
# evidence: There is no Secret cacerts in west's istio-system, but a Secret istio-ca-secret: istiod's self-signed root, which
#   is another one in every cluster.
# cause: istiod was installed before the Secret cacerts was made, and made a root for itself.
# remedy: Make the Secret cacerts from the mesh's root, restart istiod, then the gateways and every injected workload.
# expect-fail: root-ca-custom
# first: root-ca-custom
apply() {
  mesh_variables west
  local ca=$FAULT_STATE/ca
  mkdir "$ca"
  new_ca rsa "$ca/ca" /O=cluster.local
  cp "$ca/ca.crt" "$ca/root.crt"
  cp "$ca/ca.crt" "$ca/chain.crt"
  remove west "$SYSTEM/secrets/cacerts"
  add west "$SYSTEM/secrets/istio-ca-secret" "$(jq -n --rawfile cert "$ca/ca.crt" --rawfile key "$ca/ca.key" \
    '{type: "istio.io/ca-root", data: ({"ca-cert.pem": $cert, "ca-key.pem": $key, "cert-chain.pem": "", "root-cert.pem": ""} | map_values(@base64))}')"
  use_root "$ca"
  use_issuer "$ca"
  restart_istiod
}
undo() {
  mesh_variables west
  put_back
  restart_istiod
  wait_for 30 "west's own certificate" serves_its_leaf
}
