# title: An AuthorizationPolicy of the whole mesh allows nobody
# symptom: Requests to west end with 403 "RBAC: access denied", whoever calls.
# evidence: AuthorizationPolicy istio-system/allow-nothing of west has no rules. Other policies may allow what it denies, so that only
#   a request tells.
# cause: "Deny everything, then allow" was begun, and the second half is missing for callers of other clusters.
# remedy: kubectl get authorizationpolicies --all-namespaces, and one that allows the callers' namespaces or principals.
# level: workloads
# expect-fail: requests-cross
# first: requests-cross
# expect-words: An AuthorizationPolicy of west denies
apply() {
  add west "$SECURITY_RULES/istio-system/authorizationpolicies/allow-nothing" '{"apiVersion": "security.istio.io/v1beta1",
    "kind": "AuthorizationPolicy", "spec": {}}'
  wait_for 30 "west to deny" denies
}
denies() { answers_to west $((4 * ${#CLUSTERS[@]})) | grep -F "RBAC: access denied" >/dev/null; }
undo() {
  put_back
  requests_cross_from west
}
