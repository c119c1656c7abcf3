# title: Both clusters claim to be on the same network
# symptom: Half of all requests time out: they go straight to pods of the other cluster, which cannot be reached from here.
# evidence: Every place in west that states a network says isthmus-east-lab-vpc, as east does.
# cause: Both clusters were installed with the same --network_id (or with none, which means "default").
# remedy: Give west a network id of its own: relabel the namespace, reinstall the injector's values and the gateway, restart
#   the workloads.
# expect-fail: networks-distinct
# first: networks-distinct
relabel() {
  mesh_variables west
  NETWORK=$1
  # Its selector holds the network and cannot be changed.
  api west DELETE "$GATEWAY_DEPLOYMENT?propagationPolicy=Foreground&gracePeriodSeconds=0" >/dev/null || true
  serve_istiod "$DIR/ca"
  name_network
  manifest 20-control-plane.yaml istio-operator
  wait_for 30 "the end of the old gateway" gone west "$GATEWAY_DEPLOYMENT"
  wait_for 30 "the injector to give the network $NETWORK" injector_gives
  manifest 50-gateway.yaml istio-operator
  restart "$HELLOWORLD_DEPLOYMENT"
  restart "$CLIENT_DEPLOYMENT"
  wait_deployment "$GATEWAY_DEPLOYMENT"
  wait_for 30 "west's gateway" serves_its_leaf
}
# Asked as the API server asks: a pod that is only tried.
injector_gives() {
  api west POST '/api/v1/namespaces/sample/pods?dryRun=All' '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial"},
    "spec": {"containers": [{"name": "trial", "image": "trial"}]}}' |
    jq -e --arg network "$NETWORK" 'any(.spec.containers[].env[]?; .name == "ISTIO_META_NETWORK" and .value == $network)'
}
apply() {
  change_file "$STATE/mesh.yaml" 's/lab-network-west/isthmus-east-lab-vpc/'
  relabel isthmus-east-lab-vpc
}
undo() {
  put_back
  relabel lab-network-west
}
