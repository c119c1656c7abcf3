# title: The Gateway resource selects another gateway
# symptom: Requests to west are refused: the east-west gateway does not listen on 15443.
# evidence: spec.selector of cross-network-gateway is istio=ingressgateway, which the east-west gateway's pods do not bear.
# cause: The resource was copied from an ingress gateway's.
# remedy: Set spec.selector to istio: eastwestgateway.
# expect-fail: services-exposed
# first: services-exposed
apply() {
  mesh_variables west
  change west "$GATEWAY_RESOURCES/cross-network-gateway" '{"spec": {"selector": {"istio": "ingressgateway"}}}'
  wait_for 30 "the gateway to stop listening" refused
}
refused() { ! listens "$GATEWAY_IP" 15443; }
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
