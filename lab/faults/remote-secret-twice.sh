# title: One cluster is registered under two names
# symptom: Nothing stops at once. istiod of east watches west twice and gives proxies each endpoint of it under both names; Envoy keeps
#   the first of those with one address. When one of the two credentials ends, requests go where nothing is any more.
# evidence: Beside istio-remote-secret-cn-isthmus-lab-global-west there is istio-remote-secret-gke-isthmus-lab-global-west, whose key is
#   gke-isthmus-lab-global-west; both lead to the kube-system UID of west.
# cause: create-mesh named its Secret after the context; somebody made the right one later, and left the first.
# remedy: kubectl -n istio-system delete secret istio-remote-secret-gke-isthmus-lab-global-west
# expect-warning: remote-secret-named
# expect-answers: east: east west, west: east west
apply() {
  mesh_variables east
  add east "${REMOTE_SECRET%/*}/istio-remote-secret-gke-isthmus-lab-global-west" "$(remote_secret_after_context)"
  wait_for 30 "istiod of east to know west's gateway twice" knows_two_gateways
}
knows_two_gateways() { istiod_says networkz | jq -e '[.[] | select(.Addr == "203.0.113.2")] | length == 2'; }
undo() {
  put_back
  mesh_variables east
  wait_for 30 "istiod of east to know west's gateway once" knows_one_gateway
}
knows_one_gateway() { istiod_says networkz | jq -e '[.[] | select(.Addr == "203.0.113.2")] | length == 1'; }
