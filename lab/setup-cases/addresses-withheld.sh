# title: no cluster gets an address, each for a reason of its own; then they do
run() {
  steer_load_balancer east '{"withhold": "organization-policy"}'
  steer_load_balancer west '{"withhold": "no-free-address"}'
  steer_load_balancer north '{"withhold": "quota"}'
  apply_fails
  says 'constraints/compute\.restrictLoadBalancerCreationForTypes'
  says 'no available IPs'
  says 'QUOTA_EXCEEDED'
  no_remote_secret
  put_back
  # While an address is on its way its firewall rule is, too; isthmus takes that for a rule that is missing, and apply stops at once.
  wait_for 20 "every gateway's address" every_gateway_has_an_address
  apply_ends_well
  requests_cross
}
every_gateway_has_an_address() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do api "$cluster" GET "$GATEWAY_SERVICE" | jq -e '.status.loadBalancer.ingress[0].ip' >/dev/null || return 1; done
}
