# title: apply is killed at the beginning, between two waits and among the remote secrets, undo half-way: the plan says so, the next run goes on, and all ends well
run() {
  local step
  apply_arguments
  # Between these steps something is waited for, so that none of them is over before the one before it is killed.
  for step in network expose discovery; do
    killed_at "\"intent\".*\"act\":\"[a-z]+/$step/" "$CASE-$step" "${APPLY[@]}" ||
      echo "apply ended with $CODE before it was killed in the step $step: $(head -n 30 "$REPORTS/$CASE-$step.txt")"
    isthmus "$CASE-plan-$step" setup plan --journal "$REPORTS/$CASE.journal"
    [[ $CODE != 3 ]] || echo "killed in the step $step, it cannot go on, says the plan: $(head -n 30 "$OUTPUT")"
    says 'has not ended: isthmus setup apply goes on with it'
  done
  apply_ends_well
  requests_cross
  mark_audit
  apply_ends_well
  writes
  killed_at '"undone"' "$CASE-undo" setup undo --yes --journal "$REPORTS/$CASE.journal" ||
    echo "undo ended with $CODE before it was killed: $(head -n 30 "$REPORTS/$CASE-undo.txt")"
}
