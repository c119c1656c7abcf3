# title: The clusters have their certificates from two pools with different roots
# symptom: Requests that cross fail with CERTIFICATE_VERIFY_FAILED.
# evidence: CA_ADDR in east's mesh configuration names the pool mesh-east, in west's mesh-west; their roots differ.
# cause: Each cluster was installed with --ca gcp_cas and a pool of its own.
# remedy: Use one pool for both, or pools whose authorities one root has signed.
# expect-fail: private-ca-shared
# first: private-ca-shared
apply() {
  local cluster root
  for cluster in "${CLUSTERS[@]}"; do
    mesh_variables "$cluster"
    change_text "$cluster" "$MESH_CONFIG" mesh "s#CA_PROVIDER: Citadel#CA_PROVIDER: GoogleCAS\n    CA_ADDR: projects/isthmus-lab/locations/europe-west1/caPools/mesh-$cluster#"
    root=$FAULT_STATE/root-$cluster
    new_root "$root"
    add_google "privateca/v1/projects/isthmus-lab/locations/europe-west1/caPools/mesh-$cluster:fetchCaCerts" \
      "$(jq -n --rawfile root "$root.crt" '{caCerts: [{certificates: [$root]}]}')"
  done
}
undo() { put_back; }
