# title: The mesh configuration makes every service local to its cluster
# symptom: Clients of east are answered by east alone, and hear no error.
# evidence: serviceSettings in ConfigMap istio-asm-1246-9 of east have clusterLocal for *.svc.cluster.local.
# cause: It was meant for one namespace.
# remedy: kubectl -n istio-system edit configmap istio-asm-1246-9, and remove clusterLocal.
# expect-fail: services-not-cluster-local
# first: services-not-cluster-local
# expect-answers: east: east, west: east west
apply() {
  mesh_variables east
  change_text east "$MESH_CONFIG" mesh '$a serviceSettings: [{settings: {clusterLocal: true}, hosts: ["*.svc.cluster.local"]}]'
  wait_for 30 "east's client to hear east alone" only_own_answers_in east
}
undo() {
  put_back
  requests_cross_from east
}
