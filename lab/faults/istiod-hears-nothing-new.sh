# title: istiod has read the other cluster once and hears nothing new
# symptom: Requests to west time out since its gateway has another address; east's istiod says that it is synced with west.
# evidence: istiod of east knows west's gateway at its old address (/debug/networkz).
# cause: The reader in west lost the right to watch Services; nobody noticed until west's API server was restarted, and the watch
#   ended.
# remedy: Install the chart base (or asmcli's manifests) of the revision in west again.
# level: probe
# expect-fail: istiod-knows-gateway
# first: istiod-knows-gateway
apply() {
  mesh_variables west
  take_from_reader services
  kill_now "$DIR/run/kube-apiserver.pid"
  (start_apiserver)
  wait_for 60 "the API server of west" api_ready
  steer_load_balancer west '{"pool": "203.0.113.12"}'
  wait_for 60 "the gateway's new address" gateway_address_is west '[{"ip": "203.0.113.12"}]'
  wait_for 30 "west's gateway at its new address" listens 203.0.113.12 15443
}
undo() {
  mesh_variables west
  # Who has an address keeps it: it is taken back before the load balancer is left to itself.
  merge west /api/v1/namespaces/kube-system/configmaps/isthmus-lab-load-balancer '{"data": {"pool": "203.0.113.2"}}'
  wait_for 60 "the gateway's old address" gateway_address_is west '[{"ip": "203.0.113.2"}]'
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
  mesh_variables east
  wait_for 30 "istiod of east to know it" knows_gateway_at 203.0.113.2
}
knows_gateway_at() { istiod_says networkz | jq -e --arg address "$1" '.[] | select(.Addr == $address)'; }
