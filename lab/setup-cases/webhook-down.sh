# title: the injector's webhook does not answer: nothing is begun
run() {
  change west "$SYSTEM/services/istiod-asm-1246-9" '{"spec": {"selector": {"app": "nobody"}}}'
  # The API server keeps its connection to the pod that was behind the Service for as long as that pod lives.
  mesh_variables west
  restart "$ISTIOD_PATH"
  wait_for 30 "the webhook to answer nobody" injects_no_more
  mark_audit
  apply_fails
  says 'webhook'
  writes
}
injects_no_more() {
  ! api west POST "$SYSTEM/pods?dryRun=All" "$(jq -n --arg revision "$REVISION" '{apiVersion: "v1", kind: "Pod",
    metadata: {name: "injects", labels: {"istio.io/rev": $revision, "sidecar.istio.io/inject": "true"}},
    spec: {containers: [{name: "istio-proxy", image: "auto"}]}}')" >/dev/null
}
