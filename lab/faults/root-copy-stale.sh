# title: One namespace still has the old root certificate
# symptom: Workloads of one namespace cannot be called from the other cluster, and cannot call; those of other namespaces can.
# evidence: The ConfigMap istio-ca-root-cert of west's namespace sample differs from that of istio-system.
# cause: istiod's namespace controller did not write the copy (it lacked the permission, or the ConfigMap was restored from a
#   backup).
# remedy: Delete the stale ConfigMap; istiod writes it again. Then restart the namespace's workloads.
# expect-fail: root-copies-current
# first: root-copies-current
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  change west /api/v1/namespaces/sample/configmaps/istio-ca-root-cert \
    "$(jq -n --rawfile root "$FAULT_STATE/root.crt" '{data: {"root-cert.pem": $root}}')"
}
undo() { put_back; }
