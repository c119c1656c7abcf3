# title: The second cluster's workloads take callers of any trust domain
# symptom: None: everything works, also what should not.
# evidence: A certificate of the right root, but for the trust domain isthmus-impostor.invalid, is answered by a workload of west.
# cause: istiod of west runs with PILOT_SKIP_VALIDATE_TRUST_DOMAIN=true, which somebody set while the trust domain was changed.
# remedy: kubectl -n istio-system set env deployment/istiod-asm-1246-9 PILOT_SKIP_VALIDATE_TRUST_DOMAIN-
# level: proof
# expect-fail: impostors-refused
# first: impostors-refused
apply() {
  mesh_variables west
  istiod_variable PILOT_SKIP_VALIDATE_TRUST_DOMAIN true
  wait_for 30 "west's proxies to take everybody" takes_any_trust_domain
}
takes_any_trust_domain() { ! checks_trust_domain; }
checks_trust_domain() { jq -e '.resources[] | select(.name == "virtualInbound") | [.. | .match_typed_subject_alt_names? // empty] | flatten | length > 0' "$DIR/proxy/sample-helloworld/lds.json"; }
undo() {
  mesh_variables west
  put_back
  wait_deployment "$ISTIOD_PATH"
  wait_for 30 "west's proxies to look at trust domains" checks_trust_domain
}
