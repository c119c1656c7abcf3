# title: A running workload still trusts the root of before
# symptom: Requests to this workload fail from everywhere, with a TLS alert that says unknown authority; its own certificate is in order.
# evidence: What the authority of east signs is refused by a workload of west (alert 48 or 51), although both clusters hand out the same root.
# cause: The root was changed, and this workload's proxy was not told: it has not been restarted since.
# remedy: kubectl rollout restart deployment -n sample
# level: proof
# expect-fail: identity-accepted
# first: identity-accepted
apply() {
  mesh_variables west
  new_root "$FAULT_STATE/root"
  new_intermediate "$FAULT_STATE/ca" "$FAULT_STATE/root"
  keep_file "$DIR/proxy/sample-helloworld/root.yaml"
  serve_root sample-helloworld "$FAULT_STATE/ca"
  wait_for 30 "west's workload to refuse east's client" east_is_refused
}
# Its own clients fare no better, but east's is who isthmus comes as.
east_is_refused() { ! answers_to east 8 | who_answers | grep -qx west; }
who_answers() { sed -n 's/^Hello version: v1, cluster: \([a-z]*\)$/\1/p'; }
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's workload to answer east's client" east_is_answered
}
east_is_answered() { answers_to east 8 | who_answers | grep -qx west; }
