# title: The second cluster runs another revision than the mesh wants
# symptom: The gateway cannot be installed: its pod keeps the image "auto", because nobody injects for that revision.
# evidence: west has the Deployment istiod-asm-1233-1 but no istiod-asm-1246-9.
# cause: west was not upgraded with east.
# remedy: Install the wanted revision in west, or name west's revision in mesh.yaml.
# expect-fail: istiod-ready
# expect-warning: no-other-istiod
# first: istiod-ready
apply() {
  mesh_variables west
  local was
  was=$(api west GET "$ISTIOD_PATH")
  remove west "$ISTIOD_PATH"
  add west "${ISTIOD_PATH%/*}/istiod-asm-1233-1" "$(jq '{apiVersion, kind, metadata: {labels: .metadata.labels}, spec} |
    .metadata.labels["istio.io/rev"] = "asm-1233-1" | .spec.selector.matchLabels["istio.io/rev"] = "asm-1233-1" |
    .spec.template.metadata.labels["istio.io/rev"] = "asm-1233-1"' <<<"$was")"
  wait_deployment "${ISTIOD_PATH%/*}/istiod-asm-1233-1"
}
undo() { mesh_variables west && put_back && wait_deployment "$ISTIOD_PATH"; }
