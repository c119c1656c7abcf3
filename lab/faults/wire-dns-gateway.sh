# title: Pods cannot resolve the name of a gateway
# symptom: Requests from east to west fail; the endpoints of west are missing in east.
# evidence: The load balancer of west has a name and no address; the DNS of the pods does not know it, this machine
#   does.
# cause: The name is in a private zone that the clusters' DNS does not ask.
# remedy: Make the zone known to the clusters' DNS.
# level: probe
# expect-fail: gateway-reachable-from-pods
# expect-warning: gateway-has-address
# first: gateway-reachable-from-pods
# expect-reach: *>west gateway dns name-not-found, *>west gateway-status dns name-not-found
apply() {
  local pod
  name_for_operator gateway.west.isthmus.lab 203.0.113.2
  # kube-proxy serves addresses only; the node itself goes on to take 203.0.113.2.
  pod=$(api west GET "$SYSTEM/pods?labelSelector=istio%3Deastwestgateway" | jq -r '.items[0].status.podIP')
  node_rule west nat PREROUTING -d 203.0.113.2 -p tcp -j DNAT --to-destination "$pod"
  steer_load_balancer west '{"hostname": "gateway.west.isthmus.lab"}'
  wait_for 30 "the load balancer's name" gateway_address_is west '[{"hostname": "gateway.west.isthmus.lab"}]'
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
