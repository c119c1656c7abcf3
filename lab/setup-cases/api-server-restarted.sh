# title: an API server goes away half-way: the next run finishes what was begun; while it is away nobody says that all is done
run() {
  apply_in_background
  wait_for 60 "west's gateway to be begun" exists west "$GATEWAY_DEPLOYMENT"
  stop_west
  (start_west)
  wait_for 120 "the end of the first run" not_alive "$APPLYING"
  apply_ends_well
  requests_cross
  stop_west
  apply_fails
  says 'west was not seen'
  (start_west)
}
stop_west() { kill_now "$STATE/west/run/kube-apiserver.pid"; }
# Until Kubernetes' token controller sees it again: of an account that is deleted meanwhile it would leave the token.
start_west() {
  cluster_variables west
  start_apiserver
  wait_for 60 "the API server of west" api_ready
  api west POST "$SYSTEM/serviceaccounts" '{"metadata": {"name": "seen-again"}}' >/dev/null
  wait_for 60 "west's token controller" has_token "$SYSTEM/serviceaccounts/seen-again"
  api west DELETE "$SYSTEM/serviceaccounts/seen-again" >/dev/null
}
has_token() { api west GET "$1" | jq -e '.secrets[0]'; }
