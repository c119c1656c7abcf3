# shellcheck shell=bash
# What the tests of `isthmus setup` look at: the objects before and after, who wrote what, and who answers.

OPERATOR=isthmus-operator
# Everything that people and isthmus make; not what Kubernetes counts and renews by itself.
WORLD=(/api/v1/namespaces /api/v1/configmaps /api/v1/services /api/v1/serviceaccounts /api/v1/secrets /api/v1/resourcequotas
  /apis/apps/v1/deployments /apis/autoscaling/v1/horizontalpodautoscalers /apis/policy/v1beta1/poddisruptionbudgets /apis/batch/v1/jobs
  /apis/rbac.authorization.k8s.io/v1/roles /apis/rbac.authorization.k8s.io/v1/rolebindings
  /apis/rbac.authorization.k8s.io/v1/clusterroles /apis/rbac.authorization.k8s.io/v1/clusterrolebindings
  /apis/networking.istio.io/v1alpha3/gateways /apis/hub.gke.io/v1/memberships
  /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations
  /apis/coordination.k8s.io/v1/namespaces/istio-system/leases)

# world_of CLUSTER: one line an object: its kind, its name, and all that was said of it.
world_of() {
  local path
  for path in "${WORLD[@]}"; do
    api "$1" GET "$path" | jq -r --arg kind "${path##*/}" '.items[] | [$kind, "\(.metadata.namespace // "-")/\(.metadata.name)",
      (del(.apiVersion, .kind, .status) | .metadata |= {labels, annotations, ownerReferences} | tojson)] | join(" ")'
  done | sort
}

# keep_world DIRECTORY: every cluster's objects, one file a cluster.
keep_world() {
  local cluster
  mkdir -p "$1"
  for cluster in "${CLUSTERS[@]}"; do world_of "$cluster" >"$1/$cluster"; done
}

# changed_since DIRECTORY: what is not as it was, one line an object: + is new, - is gone, ± has changed.
changed_since() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do
    diff "$1/$cluster" <(world_of "$cluster") | sed -nE "s/^([<>]) ([^ ]+ [^ ]+) .*/\1 $cluster \2/p" |
      awk '{what = $2 " " $3 " " $4; seen[what] = seen[what] $1} END {for (what in seen) print (seen[what] == "<" ? "-" : seen[what] == ">" ? "+" : "±") " " what}'
  done | sort
}
same_world() { [[ -z $(changed_since "$1") ]]; }

# mark_audit: from here on, `writes` counts.
declare -A AUDIT_MARK=()
mark_audit() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do AUDIT_MARK[$cluster]=$(stat -c %s "$STATE/$cluster/audit.log"); done
}

# writes [USER]: what the user has asked the API servers to change since then, tried or done; one line a request. A dry run
# changes nothing, and isthmus' own pods that look from inside lie in a namespace of their own.
writes() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do
    tail -c +"$((AUDIT_MARK[$cluster] + 1))" "$STATE/$cluster/audit.log" | jq -r --arg cluster "$cluster" --arg user "${1-$OPERATOR}" '
      select(.user.username == $user and (.requestURI | contains("dryRun=All") | not) and .objectRef.namespace != "isthmus-probe")
      | [$cluster, .verb, .requestURI, .responseStatus.code] | join(" ")'
  done
}

# isthmus NAME ARGUMENT…: runs it on the lab's mesh as the operator; its exit code is $CODE, what it said is in the file $OUTPUT.
isthmus() {
  OUTPUT=$REPORTS/$1.txt
  CODE=0
  command_line "${@:2}"
  "${COMMAND[@]}" </dev/null >"$OUTPUT" 2>&1 || CODE=$?
}

command_line() {
  COMMAND=("$ISTHMUS" "$@" -f "$STATE/operator.yaml")
  [[ $1 != setup || $2 == undo ]] || COMMAND+=(--probe-image "$CURL_IMAGE" --probe-start 20)
}

# killed_at LINE NAME ARGUMENT…: runs it, and kills it with SIGKILL as soon as a line that matches the regular expression LINE is new
# in the case's journal. Fails where it came to its end before.
killed_at() {
  local line=$1 journal=$REPORTS/$CASE.journal size=0 pid
  [[ ! -e $journal ]] || size=$(stat -c %s "$journal")
  command_line "${@:3}"
  "${COMMAND[@]}" </dev/null >"$REPORTS/$2.txt" 2>&1 &
  pid=$!
  if grep -qE "$line" < <(tail --follow=name --retry --bytes=+$((size + 1)) --pid="$pid" "$journal" 2>/dev/null); then
    kill -KILL "$pid" 2>/dev/null || true
  fi
  CODE=0
  wait "$pid" || CODE=$?
  [[ $CODE == 137 ]]
}

# --- what the cases say ----------------------------------------------------------------------------------------------
# Each prints what is wrong, or nothing. A case's runs share its journal.

# apply_arguments [SECONDS]: for each wait; by default longer than anything takes.
apply_arguments() { APPLY=(setup apply --yes --wait "${1-120}" --journal "$REPORTS/$CASE.journal"); }

# Pods have to be ready within this time, and what never comes is waited for as long.
apply_fails() {
  apply_arguments 20
  isthmus "$CASE" "${APPLY[@]}"
  [[ $CODE == [134] ]] && ! grep -q '^Applied' "$OUTPUT" || echo "setup apply ended with $CODE: $(tail -n 5 "$OUTPUT")"
}

apply_ends_well() {
  apply_arguments
  isthmus "$CASE" "${APPLY[@]}"
  [[ $CODE == 0 ]] || echo "setup apply ended with $CODE: $(tail -n 8 "$OUTPUT")"
}

# apply_in_background: $APPLYING is its process.
apply_in_background() {
  apply_arguments
  isthmus "$CASE-first" "${APPLY[@]}" &
  APPLYING=$!
}

# says REGULAR-EXPRESSION: what isthmus said, in its lines or across them.
says() { tr -s ' \n' '  ' <"$OUTPUT" | grep -qE "$1" || echo "nothing is said of: $1: $(tail -n 5 "$OUTPUT")"; }

no_remote_secret() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do
    api "$cluster" GET "$SYSTEM/secrets?labelSelector=istio%2FmultiCluster%3Dtrue" | jq -r --arg cluster "$cluster" '.items[] | "\($cluster) has already \(.metadata.name)"'
  done
}

requests_cross() {
  local cluster
  for cluster in "${CLUSTERS[@]}"; do
    requests_cross_from "$cluster" || echo "$cluster's client hears: $(answers_to "$cluster" 6 | sort | uniq -c)"
  done
}
