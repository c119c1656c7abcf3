# title: The Secret cacerts is newer than the istiod that should have loaded it
# symptom: The certificates were replaced as the guide says, and nothing changed: workloads still get certificates of the old
#   authority.
# evidence: cacerts was made after istiod's container started.
# cause: istiod was not restarted after the Secret was made.
# remedy: kubectl rollout restart deployment/istiod-asm-1246-9 -n istio-system, then the gateways and the workloads.
# expect-fail: cacerts-loaded
# first: cacerts-loaded
apply() {
  mesh_variables west
  local was second
  was=$(api west GET "$SYSTEM/secrets/cacerts")
  second=$(date +%s)
  remove west "$SYSTEM/secrets/cacerts"
  wait_for 2 "the next second" second_passed "$second"
  api west POST "$SYSTEM/secrets" "$(jq '{apiVersion, kind, type, data, metadata: {name: .metadata.name, namespace: .metadata.namespace}}' <<<"$was")" >/dev/null
}
undo() { mesh_variables west && put_back && restart_istiod; }
