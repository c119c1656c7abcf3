# title: An AuthorizationPolicy names a trust domain that nobody has any more
# symptom: Requests to helloworld in west end with 403 "RBAC: access denied", whoever calls; requests that east answers are well.
# evidence: AuthorizationPolicy sample/callers of west allows the principal old.example.com/ns/sample/sa/*; the mesh's trust domain is
#   isthmus-lab.svc.id.goog.
# cause: The trust domain was changed with the fleet, and the policy was not.
# remedy: Name the mesh's trust domain in the policy, or cluster.local, which stands for it.
# expect-warning: authorization-policies-admit-peers
# expect-answers: east: east error, west: east error
apply() {
  add west "$SECURITY_RULES/sample/authorizationpolicies/callers" '{"apiVersion": "security.istio.io/v1beta1", "kind": "AuthorizationPolicy",
    "spec": {"selector": {"matchLabels": {"app": "helloworld"}}, "action": "ALLOW",
      "rules": [{"from": [{"source": {"principals": ["old.example.com/ns/sample/sa/*"]}}]}]}}'
  wait_for 30 "west to deny" denies
}
denies() { answers_to west 6 | grep -F "RBAC: access denied" >/dev/null; }
undo() {
  put_back
  requests_cross_from east
  requests_cross_from west
}
