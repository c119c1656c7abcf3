# title: A PeerAuthentication takes mutual TLS from every workload of the second cluster
# symptom: Some requests from east are reset at west's gateway; clients of west are answered by west alone.
# evidence: PeerAuthentication istio-system/default of west has mode DISABLE. West's gateway has no endpoint that it could pass mutual
#   TLS on to; and west's istiod takes the policy for east's pods, too.
# cause: Mutual TLS was switched off to look for a fault, and was not switched on again.
# remedy: kubectl -n istio-system patch peerauthentications.security.istio.io default --type=merge --patch
#   '{"spec":{"mtls":{"mode":"PERMISSIVE"}}}'
# expect-fail: peer-authentication-keeps-mutual-tls
# first: peer-authentication-keeps-mutual-tls
# expect-answers: east: east error, west: west
apply() {
  mesh_variables west
  add west "$SECURITY_RULES/istio-system/peerauthentications/default" '{"apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
    "spec": {"mtls": {"mode": "DISABLE"}}}'
  wait_for 30 "the gateway to lead nowhere" leads_nowhere
  wait_for 30 "west's client to hear west alone" only_own_answers_in west
}
leads_nowhere() { [[ -z $(served_chain) ]]; }
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
  requests_cross_from west
}
