# title: A Service has another port in the second cluster
# symptom: Some requests from east to helloworld are reset at west's gateway; those that east answers are well. West's own clients, which
#   know the new port, see nothing.
# evidence: helloworld has port 5000 in east and 5001 in west. West's gateway knows its own cluster's definition alone.
# cause: The Service was changed in one cluster only.
# remedy: Give the Service the same ports in every cluster.
# expect-warning: services-defined-alike
# expect-answers: east: east error
apply() {
  change west "$HELLOWORLD_SERVICE" '{"spec": {"ports": [{"name": "http", "port": 5001, "targetPort": 5000}]}}'
  wait_for 30 "east's client to hear errors" hears_errors_in east
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
  requests_cross_from east
}
