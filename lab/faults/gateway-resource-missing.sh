# title: The second cluster exposes no services
# symptom: Requests to west are refused: its gateway does not listen on 15443.
# evidence: west has no Gateway resource for port 15443 (cross-network-gateway).
# cause: expose-services.yaml was applied in one cluster only.
# remedy: kubectl apply -n istio-system -f expose-services.yaml
# expect-fail: services-exposed
# first: services-exposed
# expect-answers: east: east error, west: east west
apply() {
  mesh_variables west
  remove west "$GATEWAY_RESOURCES/cross-network-gateway"
  wait_for 30 "the gateway to stop listening" refused
}
refused() { ! listens "$GATEWAY_IP" 15443; }
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
