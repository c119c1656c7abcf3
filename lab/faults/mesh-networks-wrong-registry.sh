# title: meshNetworks names a cluster as no control plane does
# symptom: None while labels say the same; without the label on west's istio-system, its endpoints have no network, and east's clients are
#   given addresses of pods that time out.
# evidence: meshNetworks in ConfigMap istio-asm-1246-9 of east has fromRegistry gke-isthmus-lab-global-west; west's istiod calls itself
#   cn-isthmus-lab-global-west, and so does the key of the remote secret.
# cause: It was written with the name of the kubeconfig's context.
# remedy: kubectl -n istio-system edit configmap istio-asm-1246-9, and write the cluster id there, or drop meshNetworks.
# expect-warning: mesh-networks-name-clusters
# expect-answers: east: east west, west: east west
apply() {
  mesh_variables east
  change east "$MESH_CONFIG" "$(jq -n '{data: {meshNetworks: "networks:
  lab-network-west:
    endpoints:
    - fromRegistry: gke-isthmus-lab-global-west
    gateways:
    - address: 203.0.113.2
      port: 15443
"}}')"
}
undo() { put_back; }
