# title: The gateway has not taken istiod's last configuration
# symptom: A Service that was added in west today cannot be reached from east; all that were there before can.
# evidence: istiod of west sent listeners to the gateway and has no acknowledgement of them (/debug/syncz: STALE).
# cause: The gateway refused the last configuration, or its connection to istiod is dead and neither has noticed.
# remedy: The gateway's log shows what it refused; kubectl delete pod of the gateway makes it anew.
# level: probe
# expect-fail: gateway-config-current
# first: gateway-config-current
apply() {
  mesh_variables west
  # One of them is taken away again after the gateway has its istiod back, so that it is told of what is right.
  add west "$SERVICES/added-before" "$ADDED"
  lose_istiod istio-system-istio-eastwestgateway
  add west "$SERVICES/added-today" "$ADDED"
  wait_for 30 "istiod of west to wait for the gateway" waits_for_gateway
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway to be up to date" is_current
}
SERVICES=/api/v1/namespaces/sample/services
ADDED='{"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"name": "http", "port": 80}]}}'
waits_for_gateway() { ! is_current; }
is_current() { istiod_says syncz | jq -e 'all(.[]; .listener_sent == .listener_acked)'; }
