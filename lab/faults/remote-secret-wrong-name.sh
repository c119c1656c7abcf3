# title: The remote secret registers the cluster under another name than its own
# symptom: Endpoints are found, but rules by topology.istio.io/cluster and locality find "no healthy upstream".
# evidence: The Secret's key is gke-isthmus-lab-global-west; west's istiod calls itself cn-isthmus-lab-global-west.
# cause: asmcli create-mesh names secrets after contexts, istiod after memberships.
# remedy: Make the secret again with --name cn-isthmus-lab-global-west, and delete this one when the new one is synced.
# expect-warning: remote-secret-named
apply() {
  mesh_variables east
  local renamed
  renamed=$(remote_secret_after_context)
  remove east "$REMOTE_SECRET"
  add east "${REMOTE_SECRET%/*}/istio-remote-secret-gke-isthmus-lab-global-west" "$renamed"
}
undo() { put_back; }
