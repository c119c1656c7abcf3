# title: a cluster is in no fleet: without --register nothing is begun; with it gcloud registers it, and undo takes it out again
run() {
  local gcloud=$LAB_DIR/google/gcloud link=https://container.googleapis.com/v1/projects/isthmus-east/locations/europe-west1/clusters/east
  "$gcloud" container fleet memberships unregister east >/dev/null
  : >"$STATE/gcloud/arguments"
  mark_audit
  apply_fails
  says 'east is registered to no fleet'
  writes
  [[ ! -s $STATE/gcloud/arguments ]] || echo "gcloud was asked for nothing, and was run"
  apply_arguments
  isthmus "$CASE" "${APPLY[@]}" --register --gcloud "$gcloud"
  [[ $CODE == 0 ]] || echo "setup apply --register ended with $CODE: $(head -n 40 "$OUTPUT")"
  [[ $(<"$STATE/gcloud/arguments") == "container fleet memberships register east --project=isthmus-lab --gke-uri=$link --enable-workload-identity --quiet" ]] ||
    echo "gcloud was given: $(<"$STATE/gcloud/arguments")"
  requests_cross
  isthmus "$CASE-undo" setup undo --yes --gcloud "$gcloud" --journal "$REPORTS/$CASE.journal"
  [[ $CODE == 0 ]] || echo "setup undo ended with $CODE: $(tail -n 8 "$OUTPUT")"
  ! exists east /apis/hub.gke.io/v1/memberships/membership || echo "after undo east is still registered"
  "$gcloud" container fleet memberships register east >/dev/null
}
