# title: Organization policy depends on a tag
# symptom: Whether a gateway gets its address depends on a tag that the policy names and isthmus cannot see.
# evidence: compute.restrictLoadBalancerCreationForTypes in isthmus-east denies everything under the condition
#   resource.matchTag('700800900100/exposure', 'none').
# cause: An organization that restricts by tag.
# remedy: gcloud resource-manager tags bindings list
#   --parent=//cloudresourcemanager.googleapis.com/projects/200300400500 --effective
# expect-unknown: load-balancer-allowed
apply() {
  change_google "$GOOGLE_POLICY_OF_EAST" '.spec.rules = [{denyAll: true,
    condition: {expression: "resource.matchTag(\"700800900100/exposure\", \"none\")"}}, {allowAll: true}]'
}
undo() { put_back; }
