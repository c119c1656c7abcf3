# shellcheck shell=bash
# What faults are made of: changing an object or a file after keeping it, and putting everything back.
# FAULT_STATE is the folder of the applied fault; each kept thing is a pair there, <when>.what and <when>.was.

# The name gives the order; it is unique, because both clusters may be changed at once.
keep_as() {
  local base=$FAULT_STATE/$EPOCHREALTIME-$BASHPID
  cat >"$base.was"
  printf '%s\n' "$*" >"$base.what"
}

# keep CLUSTER PATH: remembers an object, or that it does not exist. PATH/status keeps the status.
keep() {
  if exists "$1" "$2"; then api "$1" GET "$2" | keep_as object "$1" "$2"; else keep_as object "$1" "$2" </dev/null; fi
}

# change CLUSTER PATH JSON: a merge patch.
change() { keep "$1" "$2" && merge "$1" "$2" "$3"; }

# change_by_operations CLUSTER PATH JSON: a JSON patch.
change_by_operations() { keep "$1" "$2" && api "$1" PATCH "$2" "$3" application/json-patch+json >/dev/null; }

# change_text CLUSTER PATH KEY SED-SCRIPT: edits one text of a ConfigMap, and insists that the script changes it.
change_text() {
  local was is
  was=$(api "$1" GET "$2" | jq -r --arg key "$3" '.data[$key]')
  is=$(sed -E "$4" <<<"$was")
  [[ $was != "$is" ]] || die "$2: $4 changes nothing"
  change "$1" "$2" "$(jq -n --arg key "$3" --arg text "$is" '{data: {($key): $text}}')"
}

# remove CLUSTER PATH
remove() {
  keep "$1" "$2"
  api "$1" DELETE "$2?propagationPolicy=Background&gracePeriodSeconds=0" >/dev/null
  wait_for 30 "the end of $2" gone "$1" "$2"
}
gone() { ! exists "$1" "$2"; }

# add CLUSTER PATH JSON: makes an object that is not there. JSON lacks the name and the namespace: they are in PATH.
add() {
  keep "$1" "$2"
  local namespace=""
  [[ $2 != */namespaces/* ]] || namespace=$(sed -E 's#.*/namespaces/([^/]+)/.*#\1#' <<<"$2")
  api "$1" POST "${2%/*}" "$(jq --arg name "${2##*/}" --arg namespace "$namespace" \
    '.metadata.name = $name | if $namespace != "" then .metadata.namespace = $namespace else . end' <<<"$3")" >/dev/null
}

# change_file FILE SED-SCRIPT: edits a file in one move, and insists that the script changes it.
change_file() {
  keep_file "$1"
  sed -E "$2" "$1" >"$1.new"
  ! cmp -s "$1" "$1.new" || die "$1: $2 changes nothing"
  mv "$1.new" "$1"
}
# shellcheck disable=SC2094 # it writes into the folder of the fault, not to the file
keep_file() { keep_as file "$1" <"$1"; }

# change_google ANSWER JQ-EXPRESSION: edits what the stand-in for Google's APIs serves; ANSWER is a path below its files, without
# .json. Insists that the expression changes something.
change_google() {
  local file
  google_variables
  file=$(realpath "$WWW/$1.json")
  keep_file "$file"
  jq -c "$2" "$file" >"$file.new"
  ! cmp -s "$file" "$file.new" || die "$1: $2 changes nothing"
  mv "$file.new" "$file"
}

# add_google ANSWER JSON: an answer where there was none.
add_google() {
  google_variables
  keep_as made "$WWW/$1.json" </dev/null
  mkdir -p "$WWW/${1%/*}"
  printf '%s\n' "$2" >"$WWW/$1.json"
}

# refuse_google ANSWER CODE STATUS MESSAGE [REASON [METADATA-JSON [DETAIL-JSON]]]: an error in Google's shape in place of an answer.
# The detail comes before the reason's, as Google has it.
refuse_google() {
  google_variables
  [[ " ${GOOGLE_STATUSES[*]} " == *" $2 "* ]] || die "the stand-in serves no errors $2; see lib/google.sh"
  keep_as made "$WWW/$1.$2" </dev/null
  google_error "${@:2}" >"$WWW/$1.$2.new"
  mv "$WWW/$1.$2.new" "$WWW/$1.$2"
}

# change_firewalls JQ-EXPRESSION: the effective firewalls of the network, which two URLs tell.
change_firewalls() {
  change_google "$GOOGLE_FIREWALLS" "$1"
  change_google "$GOOGLE_REGIONAL_FIREWALLS" "$1"
}

google_error() {
  local empty={}
  jq -nc --argjson code "$1" --arg status "$2" --arg message "$3" --arg reason "${4-}" --argjson metadata "${5-$empty}" --argjson detail "${6-null}" '
    {error: ({$code, $message, $status} + if $reason == "" then {} else {details: [($detail | values),
      {"@type": "type.googleapis.com/google.rpc.ErrorInfo", $reason, domain: "googleapis.com", $metadata}]} end)}'
}

# wan_rule RULE…: a rule of the WAN's firewall, before all others.
wan_rule() {
  keep_as rule "$*" </dev/null
  iptables -w -I ISTHMUS-WAN "$@"
}

# put_back_by COMMAND…: how what follows is undone; plain words.
put_back_by() { keep_as command "$*" </dev/null; }

# wan_redirect RULE…: connections that the rule selects go to what stands in their way: wan_redirect -i ist-east -p tcp … -j DNAT …
wan_redirect() {
  put_back_by iptables -w -t nat -D ISTHMUS-WAN "$@"
  iptables -w -t nat -I ISTHMUS-WAN "$@"
}

# wan_mtu CLUSTER BYTES: the path to the cluster takes packets of so many bytes; and nobody hears of it.
wan_mtu() {
  wan_rule -p icmp --icmp-type fragmentation-needed -j DROP
  put_back_by ip link set "ist-$1" mtu 1500
  ip link set "ist-$1" mtu "$2"
}

# in_node CLUSTER COMMAND…: in the network of the cluster's node.
in_node() { nsenter "--net=/run/netns/isthmus-$1" "${@:2}"; }

# node_rule CLUSTER TABLE CHAIN RULE…
node_rule() {
  put_back_by in_node "$1" iptables -w -t "$2" -D "${@:3}"
  in_node "$1" iptables -w -t "$2" -I "${@:3}"
}

# name_for_operator NAME ADDRESS: this machine knows the name; the pods ask their own cluster's DNS.
name_for_operator() {
  put_back_by forget_names
  know_name "$2" "$1"
}

# name_for_pods CLUSTER NAME ADDRESS: the cluster's DNS says so.
name_for_pods() {
  keep_as made "$STATE/$1/dns/fault-$2" </dev/null
  printf '%s %s\n' "$3" "$2" >"$STATE/$1/dns/fault-$2"
  wait_for 30 "$1's DNS to know $2" dns_says "$1" "$2" "$3"
}
dns_says() { in_node "$1" busybox nslookup "$2" "10.$((100 + $(cluster_number "$1"))).0.10" | grep -qF "$3"; }

# silent_dns CLUSTER: questions arrive where the cluster's DNS was, and nobody answers.
silent_dns() {
  put_back_by start_dns "$1"
  stop_processes "$STATE/$1/run/dns.pid"
  helper silence "$1" nsenter "--net=/run/netns/isthmus-$1" \
    socat -u "UDP-RECV:53,bind=10.$((100 + $(cluster_number "$1"))).0.10" OPEN:/dev/null
}

# name_in_remote_secret NAME: east's remote secret names west's API server, which this machine finds by that name.
name_in_remote_secret() {
  mesh_variables east
  change_remote_kubeconfig "s#server: .*#server: https://$1:6443#"
  name_for_operator "$1" 10.10.2.2
}

# intercept_from_east ADDRESS PORT: a proxy with an authority of its own ends and begins TLS anew.
intercept_from_east() {
  new_ca ec "$FAULT_STATE/authority" "/O=Example Corp/CN=Example Corp Inspection CA"
  new_certificate ec "$FAULT_STATE/inspected" "/CN=$1" "$FAULT_STATE/authority" -addext "subjectAltName=IP:$1"
  helper intercept east socat -T 20 "OPENSSL-LISTEN:16443,bind=10.10.1.1,fork,reuseaddr,verify=0,cert=$FAULT_STATE/inspected.crt,key=$FAULT_STATE/inspected.key" \
    "OPENSSL:$1:$2,verify=0"
  wait_for 30 "the proxy" listens 10.10.1.1 16443
  wan_redirect -i ist-east -d "$1" -p tcp --dport "$2" -j DNAT --to-destination 10.10.1.1:16443
}

# slow_from_east ADDRESS PORT SECONDS: everything arrives so much later, by a relay: this kernel cannot delay packets.
slow_from_east() {
  helper slow east "$LAB_DIR/wire/slow-relay" 10.10.1.1:16444 "$1:$2" "$3"
  wait_for 30 "the relay" listens 10.10.1.1 16444
  wan_redirect -i ist-east -d "$1" -p tcp --dport "$2" -j DNAT --to-destination 10.10.1.1:16444
}

# forget_image CLUSTER IMAGE: the node no longer has it, under this name.
forget_image() {
  local ctr=(ctr --address "$STATE/$1/run/containerd.sock" --namespace k8s.io images)
  "${ctr[@]}" tag "$2" "$2-kept" >/dev/null
  put_back_by restore_image "$1" "$2"
  "${ctr[@]}" rm "$2" >/dev/null
}
restore_image() {
  local ctr=(ctr --address "$STATE/$1/run/containerd.sock" --namespace k8s.io images)
  "${ctr[@]}" tag --force "$2-kept" "$2" >/dev/null
  "${ctr[@]}" rm "$2-kept" >/dev/null
}

# listens ADDRESS PORT [COMMAND…]: whether a connection opens, tried from where COMMAND runs a program.
# shellcheck disable=SC2016 # the arguments are the inner shell's
listens() { "${@:3}" timeout 1 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2"; }

# helper NAME CLUSTER COMMAND…: a process that the fault needs; put_back ends it.
helper() {
  local name=$1 cluster=$2
  shift 2
  keep_as process "$STATE/$cluster/run/fault-$name.pid" </dev/null
  launch "$STATE/$cluster/run/fault-$name.pid" "$STATE/$cluster/log/fault-$name.log" "$@"
}

# Undoes everything that was kept, the last first.
put_back() {
  local what kind subject was
  while read -r what <&3; do
    read -r kind subject <"$what"
    was=${what%.what}.was
    case $kind in
      object) put_object_back "${subject% *}" "${subject#* }" "$was" ;;
      file) cp -p "$was" "$subject.new" && mv "$subject.new" "$subject" ;;
      rule) remove_wan_rule "$subject" ;;
      made) rm -f "$subject" ;;
      process) stop_processes "$subject" ;;
      command) run_words "$subject" ;;
    esac
  done 3< <(find "$FAULT_STATE" -name '*.what' | sort -r)
}

# shellcheck disable=SC2086 # the words of a command
run_words() { $1 || say "lab: could not undo: $1"; }

remove_wan_rule() {
  # shellcheck disable=SC2086 # a rule is several words
  iptables -w -D ISTHMUS-WAN $1 2>/dev/null || true
}

put_object_back() {
  local cluster=$1 path=$2 was=$3
  if [[ ! -s $was ]]; then
    if exists "$cluster" "$path"; then
      api "$cluster" DELETE "$path?propagationPolicy=Background&gracePeriodSeconds=0" >/dev/null
      wait_for 30 "the end of $path" gone "$cluster" "$path"
    fi
  elif exists "$cluster" "$path"; then
    # A controller may write the object between the question and the answer; then it is asked again.
    wait_for 30 "$path to be as it was" replace_by "$cluster" "$path" "$was" || replace_by "$cluster" "$path" "$was"
  else
    api "$cluster" POST "${path%/*}" "$(jq 'del(.metadata.resourceVersion, .metadata.uid, .metadata.creationTimestamp,
      .metadata.selfLink, .metadata.managedFields, .status)' "$was")" >/dev/null
  fi
}

replace_by() {
  local now
  now=$(api "$1" GET "$2" | jq '.metadata | {resourceVersion, uid}') &&
    api "$1" PUT "$2" "$(jq --argjson now "$now" '.metadata += $now' "$3")" >/dev/null
}

# --- larger changes that several faults share --------------------------------------------------------------------

# steer_load_balancer CLUSTER JSON: what the load balancer's stand-in is to do; see control/load_balancer.py.
steer_load_balancer() {
  add "$1" /api/v1/namespaces/kube-system/configmaps/isthmus-lab-load-balancer "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"data\": $2}"
}
# gateway_address_is CLUSTER JSON
gateway_address_is() { api "$1" GET "$GATEWAY_SERVICE" | jq -e --argjson wanted "$2" '(.status.loadBalancer.ingress // []) == $wanted'; }

# remake_cacerts DATA-JSON: the Secret is made anew, after istiod started, with this in place of what it had.
remake_cacerts() {
  local was second
  was=$(api "$CLUSTER" GET "$SYSTEM/secrets/cacerts")
  second=$(date +%s)
  remove "$CLUSTER" "$SYSTEM/secrets/cacerts"
  wait_for 2 "the next second" second_passed "$second"
  api "$CLUSTER" POST "$SYSTEM/secrets" "$(jq --argjson data "$1" \
    '{apiVersion, kind, type, data: (.data + $data), metadata: {name: .metadata.name, namespace: .metadata.namespace}}' <<<"$was")" >/dev/null
}

# use_ca CA-DIRECTORY: the whole cluster's CA is another one, as if it had been installed with it.
use_ca() {
  local ca=$1
  change "$CLUSTER" "$SYSTEM/secrets/cacerts" "$(jq -n --rawfile ca "$ca/ca.crt" --rawfile key "$ca/ca.key" \
    --rawfile root "$ca/root.crt" --rawfile chain "$ca/chain.crt" '{data: ({"ca-cert.pem": $ca, "ca-key.pem": $key,
    "root-cert.pem": $root, "cert-chain.pem": $chain} | map_values(@base64))}')"
  use_root "$ca"
  use_issuer "$ca"
  restart_istiod
}

# use_renewed_root CERTIFICATE: the root's own certificate is another one, with the same key; the intermediate stays.
use_renewed_root() {
  local ca=$FAULT_STATE/ca-$CLUSTER
  cp -r "$DIR/ca" "$ca"
  cp "$1" "$ca/root.crt"
  cat "$ca/ca.crt" "$ca/root.crt" >"$ca/chain.crt"
  use_ca "$ca"
}

# use_root CA-DIRECTORY: the root that istiod hands out: every namespace's copy, the webhook, the proxies.
use_root() {
  local ca=$1 namespace root
  root=$(jq -n --rawfile root "$ca/root.crt" '{data: {"root-cert.pem": $root}}')
  for namespace in "${MESH_NAMESPACES[@]}"; do
    change "$CLUSTER" "/api/v1/namespaces/$namespace/configmaps/istio-ca-root-cert" "$root"
  done
  change_by_operations "$CLUSTER" "$WEBHOOK_PATH" "$(jq -n --rawfile root "$ca/root.crt" \
    '[range(2) | {op: "add", path: "/webhooks/\(.)/clientConfig/caBundle", value: ($root | @base64)}]')"
  local proxy
  for proxy in $(sidecars); do
    keep_file "$DIR/proxy/$proxy/root.yaml"
    serve_root "$proxy" "$ca"
  done
}

# use_issuer CA-DIRECTORY: who signs: istiod's own certificate and metrics, and the workloads' certificates.
use_issuer() {
  local ca=$1 proxy
  keep_identity istiod
  keep_file "$DIR/proxy/istiod/ca-metrics"
  put_back_by ln -sfnT "$(readlink "$DIR/issuer")" "$DIR/issuer"
  load_issuer "$ca"
  issue_istiod "$ca"
  serve_istiod "$ca"
  for proxy in $(sidecars); do
    [[ $proxy == sample-helloworld ]] || { keep_identity "$proxy" && issue "$proxy" "$ca" "$(san_of "$proxy")"; }
  done
  serve_workload "$ca"
}

# serve_workload CA-DIRECTORY [CHAIN-FILE]: the certificate that helloworld serves, seen through the gateway when it returns.
serve_workload() {
  keep_identity sample-helloworld
  issue_helloworld "$1" "${2-$1/chain.crt}"
  wait_for 30 "the new certificate of $CLUSTER's helloworld" serves_its_leaf
}

# lose_istiod PROXY: what istiod would push does not reach it.
lose_istiod() {
  keep_as made "$DIR/proxy/$1/held" </dev/null
  : >"$DIR/proxy/$1/held"
}

# istiod_says PAGE: what istiod's stand-in of this cluster answers to GET /debug/PAGE on its loopback.
istiod_says() {
  jq -r --arg path "/debug/$1" '.resources[0].virtual_hosts[0].routes[] | select(.match.path == $path).direct_response.body.inline_string' \
    "$DIR/proxy/istiod/rds-loopback.json"
}

# take_from_reader RESOURCE…: whoever reads this cluster with a remote secret may no longer read these.
take_from_reader() {
  local role=/apis/rbac.authorization.k8s.io/v1/clusterroles/istio-reader-clusterrole-$REVISION-istio-system rules
  rules=$(api "$CLUSTER" GET "$role" | jq '.rules | map(.resources -= $ARGS.positional) | map(select(.resources != []))' --args "$@")
  change "$CLUSTER" "$role" "{\"rules\": $rules}"
}

keep_identity() {
  keep_file "$DIR/proxy/$1/identity.yaml"
  keep_file "$DIR/proxy/$1/leaf.crt"
}

# change_istiod JQ-EXPRESSION [JQ-OPTION…]: edits istiod's container.
change_istiod() {
  local containers
  containers=$(api "$CLUSTER" GET "$ISTIOD_PATH" | jq "${@:2}" ".spec.template.spec.containers | .[0] |= ($1)")
  change "$CLUSTER" "$ISTIOD_PATH" "{\"spec\": {\"template\": {\"spec\": {\"containers\": $containers}}}}"
  wait_deployment "$ISTIOD_PATH"
}

# use_istiod_image TAG
use_istiod_image() { change_istiod '.image |= sub(":[^:]*$"; ":" + $tag)' --arg tag "$1"; }

# istiod_variable NAME VALUE: of istiod's container.
istiod_variable() { change_istiod '.env |= map(select(.name != $name)) + [{$name, $value}]' --arg name "$1" --arg value "$2"; }

# istiod's pod must be visibly younger than what it is to have loaded: times have whole seconds.
restart_istiod() {
  local second
  second=$(date +%s)
  wait_for 2 "the next second" second_passed "$second"
  restart "$ISTIOD_PATH"
}
second_passed() { (($(date +%s) > $1)); }

# on_both COMMAND ARGUMENT…: in both clusters at once, with CLUSTER and its variables set.
on_both() {
  local cluster pid pids=()
  for cluster in "${CLUSTERS[@]}"; do
    (mesh_variables "$cluster" && "$@") &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

# remote_secret_after_context: what create-mesh makes of this cluster's remote secret for west: named after a kubeconfig's context.
remote_secret_after_context() {
  api "$CLUSTER" GET "$REMOTE_SECRET" | jq '
    (.data[] | @base64d | gsub("cn-isthmus-lab"; "gke-isthmus-lab") | @base64) as $kubeconfig | {apiVersion, kind,
    metadata: {labels: .metadata.labels, annotations: {"networking.istio.io/cluster": "gke-isthmus-lab-global-west"}},
    data: {"gke-isthmus-lab-global-west": $kubeconfig}}'
}

# change_remote_kubeconfig SED-SCRIPT: edits the kubeconfig in this cluster's remote secret for the other one.
change_remote_kubeconfig() {
  local was is
  was=$(api "$CLUSTER" GET "$REMOTE_SECRET" | jq -r '.data[] | @base64d')
  is=$(sed -E "$1" <<<"$was")
  [[ $was != "$is" ]] || die "$REMOTE_SECRET: $1 changes nothing"
  change "$CLUSTER" "$REMOTE_SECRET" "$(jq -n --arg key "$PEER_ID" --arg text "$is" '{data: {($key): ($text | @base64)}}')"
}
