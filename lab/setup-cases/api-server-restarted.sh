# title: an API server goes away half-way: what was begun is finished by the next run
run() {
  local runs
  apply_in_background
  wait_for 60 "west's gateway to be begun" exists west "$GATEWAY_DEPLOYMENT"
  (
    cluster_variables west
    kill_now "$DIR/run/kube-apiserver.pid"
    start_apiserver
    wait_for 60 "the API server of west" api_ready
  )
  wait_for 120 "the end of the first run" not_alive "$APPLYING"
  apply_ends_well
  requests_cross
}
