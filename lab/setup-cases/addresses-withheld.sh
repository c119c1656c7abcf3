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
  apply_ends_well
  requests_cross
}
