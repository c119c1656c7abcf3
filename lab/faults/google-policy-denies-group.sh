# title: Organization policy denies every external load balancer
# symptom: The gateway's Service stays without an address: event SyncLoadBalancerFailed, HTTP 412.
# evidence: compute.restrictLoadBalancerCreationForTypes in isthmus-east denies in:EXTERNAL, and allows
#   EXTERNAL_NETWORK_TCP_UDP in vain: deny wins.
# cause: An organization that wants nothing exposed.
# remedy: An internal load balancer and a way through the VPN, or an exception for the project.
# expect-fail: load-balancer-allowed
# first: load-balancer-allowed
apply() {
  change_google "$GOOGLE_POLICY_OF_EAST" '.spec.rules = [{values: {allowedValues: ["EXTERNAL_NETWORK_TCP_UDP"], deniedValues: ["in:EXTERNAL"]}}]'
  steer_load_balancer east '{"withhold": "organization-policy"}'
  wait_for 30 "the address to go" gateway_address_is east '[]'
}
undo() {
  mesh_variables east
  put_back
  wait_for 30 "the gateway of east" serves_its_leaf
}
