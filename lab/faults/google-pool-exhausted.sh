# title: The site's pool of addresses is used up
# symptom: The gateway's Service in west stays without an address.
# evidence: lb-pool of bare metal cluster west holds 203.0.113.9 alone, which is the ingress VIP.
# cause: The pool was sized for one Service.
# remedy: Add addresses to loadBalancer.addressPools in the cluster's configuration.
# expect-fail: load-balancer-on-premises-ready
# first: load-balancer-on-premises-ready
apply() {
  change_google "$GOOGLE_BARE_METAL" '.bareMetalClusters[0].loadBalancer.metalLbConfig.addressPools[0].addresses = ["203.0.113.9/32"]'
  steer_load_balancer west '{"withhold": "no-free-address"}'
  wait_for 30 "the address to go" gateway_address_is west '[]'
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "the gateway of west" serves_its_leaf
}
