# title: a quota that lets no pod in, then an address behind a firewall that an administrator must open
run() {
  add west "$SYSTEM/resourcequotas/full" '{"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "1"}}}'
  wait_for 30 "the quota to count" quota_counts
  mark_audit
  apply_fails
  says 'exceeded quota: full'
  writes
  put_back
  steer_load_balancer east '{"withhold": "manual-firewall"}'
  wan_rule -d 203.0.113.1 -p tcp -j DROP
  apply_fails
  says 'Firewall change required by security admin'
  no_remote_secret
}
quota_counts() { api west GET "$SYSTEM/resourcequotas/full" | jq -e '.status.used.pods'; }
