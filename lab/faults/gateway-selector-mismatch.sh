# title: The gateway's Service selects no pod
# symptom: Requests to west are refused or time out, although gateway and Service both look well.
# evidence: The EndpointSlices of Service istio-eastwestgateway have no ready endpoint.
# cause: The Service's selector names a label that the gateway's pods do not bear.
# remedy: Make the Service's selector equal to the labels of the Deployment's pod template.
# expect-fail: gateway-has-endpoints
# first: gateway-has-endpoints
apply() {
  change west "$GATEWAY_SERVICE" '{"spec": {"selector": {"istio": "northsouthgateway"}}}'
  wait_for 30 "the endpoints to go" endpoints_are 0
}
endpoints_are() {
  api west GET "$SYSTEM/endpoints/istio-eastwestgateway" | jq -e --argjson n "$1" '[.subsets[]?.addresses[]?] | length == $n'
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "the endpoints" endpoints_are 1
  wait_for 30 "west's gateway" serves_its_leaf
}
