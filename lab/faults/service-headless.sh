# title: A Service is headless in the second cluster
# symptom: Clients of west are answered by west alone, and hear no error; clients of east are answered by both.
# evidence: helloworld of west has clusterIP None, so that its name leads to the addresses of west's own pods.
# cause: The workload became a StatefulSet in one cluster, with a headless Service under the old name.
# remedy: A Service with a cluster IP beside the headless one, under the name that other clusters call.
# expect-warning: services-defined-alike
# expect-answers: east: east west, west: west
replace_service() {
  local made
  made=$(api west GET "$HELLOWORLD_SERVICE" | jq --arg address "$1" '{apiVersion, kind, metadata: {labels: .metadata.labels},
    spec: {clusterIP: $address, selector: .spec.selector, ports: .spec.ports}}')
  remove west "$HELLOWORLD_SERVICE"
  add west "$HELLOWORLD_SERVICE" "$made"
}
apply() {
  mesh_variables west
  replace_service None
  wait_for 30 "west's client to hear west alone" only_own_answers_in west
  wait_for 30 "west's gateway" serves_its_leaf
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
  requests_cross_from west
}
