# title: an address behind a firewall that an administrator must open, and a quota that lets no pod in
run() {
  steer_load_balancer east '{"withhold": "manual-firewall"}'
  wan_rule -d 203.0.113.1 -p tcp -j DROP
  add west "$SYSTEM/resourcequotas/full" '{"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "1"}}}'
  apply_fails
  says 'Firewall change required by security admin'
  says 'exceeded quota: full'
  no_remote_secret
}
