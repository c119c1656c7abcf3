# title: The second cluster's intermediate certificate has expired
# symptom: Worked for a year; since last night nothing that goes to west is trusted.
# evidence: The second certificate of the chain that is served through west's gateway has expired.
# cause: Nobody renewed the intermediate; istiod goes on signing with it.
# remedy: Issue a new intermediate from the same root and replace it in cacerts; istiod takes it up without a restart.
# expect-fail: issuing-chain-valid
# first: issuing-chain-valid
apply() {
  mesh_variables west
  local ca=$FAULT_STATE/ca
  cp -r "$DIR/ca" "$ca"
  new_dated_certificate "$ca/ca" "/O=Istio/CN=Intermediate CA/L=west" "$STATE/offline-root/root" 20240101000000Z 20260101000000Z \
    "$INTERMEDIATE_EXTENSIONS"
  cat "$ca/ca.crt" "$ca/root.crt" >"$ca/chain.crt"
  serve_workload "$ca"
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's own certificate" serves_its_leaf
}
