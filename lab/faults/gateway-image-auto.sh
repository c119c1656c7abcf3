# title: The gateway's pod was not injected
# symptom: The gateway's pod stays in ErrImagePull or InvalidImageName.
# evidence: The image of its container istio-proxy is still "auto".
# cause: The pod bears sidecar.istio.io/inject=false, so no webhook filled it in. (A revision that does not exist looks the same.)
# remedy: Label the pod template with the revision that is installed, and take the refusal away; then delete the pod.
# expect-fail: gateway-ready
# first: gateway-ready
apply() {
  mesh_variables west
  # Nobody is to look for an image of that name in a registry.
  local containers
  containers=$(api west GET "$GATEWAY_DEPLOYMENT" | jq '.spec.template.spec.containers | .[0].imagePullPolicy = "Never"')
  change west "$GATEWAY_DEPLOYMENT" "{\"spec\": {\"strategy\": {\"type\": \"Recreate\", \"rollingUpdate\": null},
    \"template\": {\"metadata\": {\"labels\": {\"sidecar.istio.io/inject\": \"false\"}}, \"spec\": {\"containers\": $containers}}}}"
  wait_for 30 "the pod to fail" waits_for_image
}
waits_for_image() {
  api west GET "$SYSTEM/pods?labelSelector=istio%3Deastwestgateway" | jq -e '(.items | length) == 1 and
    .items[0].spec.containers[0].image == "auto" and .items[0].status.containerStatuses[0].state.waiting.reason != "ContainerCreating"'
}
undo() {
  mesh_variables west
  put_back
  wait_deployment "$GATEWAY_DEPLOYMENT"
  wait_for 30 "west's gateway" serves_its_leaf
}
