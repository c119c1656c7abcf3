# title: Istiod looks at chosen namespaces, and one of the mesh is not among them
# symptom: Requests of east's client that are sent to west are reset; west's client hears west alone, in plain text.
# evidence: discoverySelectors in the mesh configuration of west choose example.com/mesh=on; sample of west does not bear it, unlike the
#   same namespace of east.
# cause: The namespace was made anew, by somebody who did not know of the label.
# remedy: kubectl label namespace sample example.com/mesh=on
# expect-fail: workload-namespaces-discovered
# first: workload-namespaces-discovered
# expect-answers: east: east error, west: west
apply() {
  local cluster
  mesh_variables west
  for cluster in east west; do change "$cluster" /api/v1/namespaces/istio-system '{"metadata": {"labels": {"example.com/mesh": "on"}}}'; done
  change east /api/v1/namespaces/sample '{"metadata": {"labels": {"example.com/mesh": "on"}}}'
  change_text west "$MESH_CONFIG" mesh '$a discoverySelectors: [{matchLabels: {example.com/mesh: "on"}}]'
  wait_for 30 "the gateway to know helloworld no more" not_served
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
