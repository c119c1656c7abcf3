# title: The second cluster's workload has no sidecar
# symptom: East's clients are never answered by west, and hear no error; west's own are answered as before.
# evidence: No ready pod behind a Service of west bears security.istio.io/tlsMode=istio, so that there is nothing to ask the
#   gateway for.
# cause: The Deployment's pods are annotated sidecar.istio.io/inject=false; endpoints without mutual TLS are not given to other
#   networks, by design.
# remedy: Remove the annotation and restart: kubectl -n sample rollout restart deployment helloworld
# expect-unknown: gateway-passes-through
# expect-answers: east: east, west: east west
apply() {
  mesh_variables west
  change west "$HELLOWORLD_DEPLOYMENT" '{"spec": {"template": {"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}, "labels": {"sidecar.istio.io/inject": "false"}}}}}'
  wait_deployment "$HELLOWORLD_DEPLOYMENT"
  wait_for 30 "the gateway to lead nowhere" leads_nowhere
}
leads_nowhere() { [[ -z $(served_chain) ]]; }
undo() {
  mesh_variables west
  put_back
  wait_deployment "$HELLOWORLD_DEPLOYMENT"
  wait_for 30 "west's gateway" serves_its_leaf
}
