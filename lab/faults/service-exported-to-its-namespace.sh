# title: A Service is exported to its own namespace alone
# symptom: Half of the requests of east's client to helloworld are reset; in west, all are answered.
# evidence: Service sample/helloworld of west has the annotation networking.istio.io/exportTo ".", so that the gateway in istio-system does
#   not know it. The Service of the same name in east has none, and its clients are given west's gateway.
# cause: Somebody wanted to keep helloworld at home, and the annotation speaks of namespaces, not of clusters.
# remedy: kubectl -n sample annotate service helloworld networking.istio.io/exportTo-, or clusterLocal in the mesh configuration of east.
# expect-warning: services-defined-alike
# expect-answers: east: east error, west: east west
apply() {
  change west /api/v1/namespaces/sample/services/helloworld '{"metadata": {"annotations": {"networking.istio.io/exportTo": "."}}}'
  mesh_variables west
  wait_for 30 "the gateway to know helloworld no more" not_served
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
