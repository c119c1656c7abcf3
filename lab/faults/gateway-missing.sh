# title: The second cluster has no east-west gateway
# symptom: Requests to west time out, or are refused: nobody listens behind its address.
# evidence: west has no Deployment istio-eastwestgateway; its Service is still there.
# cause: The gateway was pruned by another `istioctl install` with the same owning resource.
# remedy: gen-eastwest-gateway.sh --network lab-network-west --revision asm-1246-9 | istioctl install -y -f -
# expect-fail: gateway-ready
# first: gateway-ready
apply() {
  mesh_variables west
  remove west "$GATEWAY_DEPLOYMENT"
  wait_for 30 "the end of the gateway's pods" no_gateway
}
no_gateway() { api west GET "$SYSTEM/pods?labelSelector=istio%3Deastwestgateway" | jq -e '.items == []'; }
undo() {
  mesh_variables west
  put_back
  wait_deployment "$GATEWAY_DEPLOYMENT"
  wait_for 30 "west's gateway" serves_its_leaf
}
