# title: the gateway's address changes afterwards: the peers follow, and there is nothing to set up again
run() {
  apply_ends_well
  requests_cross
  steer_load_balancer west '{"pool": "203.0.113.12"}'
  wait_for 30 "the new address" gateway_address_is west '[{"ip": "203.0.113.12"}]'
  wait_for 30 "east to know it" grep -qF 203.0.113.12 "$STATE/east/proxy/sample-client/cds.json"
  requests_cross
  mark_audit
  apply_ends_well
  writes
}
