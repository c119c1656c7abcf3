# title: Istiod looks at namespaces with the label of injection alone, and istio-system has none
# symptom: Requests to east are refused: its gateway does not listen on 15443. Those of east's client to west time out.
# evidence: discoverySelectors in the mesh configuration of east choose istio.io/rev, which sample bears and istio-system does not, in
#   either cluster.
# cause: Somebody wanted to spare istiod the namespaces that are not of the mesh, and took those of the mesh for the ones with injection.
# remedy: kubectl label namespace istio-system istio.io/rev=asm-1246-9, in both clusters; better, a label of its own for what istiod looks at.
# expect-fail: gateway-namespace-discovered
# first: gateway-namespace-discovered
# expect-answers: east: east error, west: west error
apply() {
  mesh_variables east
  change_text east "$MESH_CONFIG" mesh "\$a discoverySelectors: [{matchLabels: {istio.io/rev: $REVISION}}]"
  wait_for 30 "the gateway to stop listening" refused
}
refused() { ! listens "$GATEWAY_IP" 15443; }
undo() {
  mesh_variables east
  put_back
  wait_for 30 "east's gateway" serves_its_leaf
}
