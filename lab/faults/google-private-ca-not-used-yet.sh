# title: Certificates are to come from Google's CA service, and proxies are still handed the Istio CA's root
# symptom: Workloads that are restarted no longer understand those that are not.
# evidence: CA_ADDR in both clusters' mesh configuration names one pool; the ConfigMap istio-ca-root-cert holds another root than the pool's.
# cause: The clusters were installed anew with --ca gcp_cas, and istiod still runs as before.
# remedy: Restart istiod, then the gateways and the workloads: kubectl rollout restart deployment in every namespace of the mesh.
# expect-fail: private-ca-in-use
# first: private-ca-in-use
apply() {
  local cluster
  new_root "$FAULT_STATE/root"
  for cluster in "${CLUSTERS[@]}"; do
    mesh_variables "$cluster"
    change_text "$cluster" "$MESH_CONFIG" mesh "s#CA_PROVIDER: Citadel#CA_PROVIDER: GoogleCAS\n    CA_ADDR: projects/isthmus-lab/locations/europe-west1/caPools/mesh#"
  done
  add_google "privateca/v1/projects/isthmus-lab/locations/europe-west1/caPools/mesh:fetchCaCerts" \
    "$(jq -n --rawfile root "$FAULT_STATE/root.crt" '{caCerts: [{certificates: [$root]}]}')"
}
undo() { put_back; }
