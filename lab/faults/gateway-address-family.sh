# title: The gateway has an IPv6 address, and the other cluster's pods have none
# symptom: Requests from east to west fail at once with 503 UF; from west to east they are answered.
# evidence: Service istio-eastwestgateway of west has 2001:db8:2::6 alone; status.podIPs of every pod in east is IPv4.
# cause: The site's load balancer was given a pool of IPv6 addresses.
# remedy: Give the Service an IPv4 address as well: spec.ipFamilies of istio-eastwestgateway, and a pool of that family.
# expect-fail: gateway-address-families-meet
# first: gateway-address-families-meet
# expect-answers: east: east error, west: east west
apply() {
  steer_load_balancer west '{"pool": "2001:db8:2::6"}'
  wait_for 30 "the address of the other family" gateway_address_is west '[{"ip": "2001:db8:2::6"}]'
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
