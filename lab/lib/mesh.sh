# shellcheck shell=bash
# The mesh that lies on the clusters: its constants, its certificate authorities, and what the stand-ins serve.

MESH_NAMESPACES=(istio-system sample default kube-system isthmus-probe isthmus-verify)

SYSTEM=/api/v1/namespaces/istio-system
GATEWAY_SERVICE=$SYSTEM/services/istio-eastwestgateway
GATEWAY_DEPLOYMENT=/apis/apps/v1/namespaces/istio-system/deployments/istio-eastwestgateway
GATEWAY_RESOURCES=/apis/networking.istio.io/v1alpha3/namespaces/istio-system/gateways
DESTINATION_RULES=/apis/networking.istio.io/v1alpha3/namespaces
SECURITY_RULES=/apis/security.istio.io/v1beta1/namespaces
HELLOWORLD_SERVICE=/api/v1/namespaces/sample/services/helloworld
HELLOWORLD_DEPLOYMENT=/apis/apps/v1/namespaces/sample/deployments/helloworld
CLIENT_DEPLOYMENT=/apis/apps/v1/namespaces/sample/deployments/client
WEBHOOKS=/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations

# The variables that manifests and proxy configurations name.
mesh_variables() {
  cluster_variables "$1"
  FLEET=isthmus-lab
  MESH_ID=proj-100200300400
  TRUST_DOMAIN=$FLEET.svc.id.goog
  TRUST_DOMAIN_ALIAS=$FLEET.hub.id.goog
  REVISION=asm-1246-9
  CLUSTER_ID=$(cluster_id "$CLUSTER")
  NETWORK=$(network_of "$CLUSTER")
  identity_provider
  PILOT_IMAGE=isthmus.lab/asm/pilot:$ISTIO_VERSION
  PROXY_IMAGE=isthmus.lab/asm/proxyv2:$ISTIO_VERSION
  HELLOWORLD_IP=$SERVICE_PREFIX.50
  HELLOWORLD_SNI=outbound_.5000_._.helloworld.sample.svc.cluster.local
  PEER_ID=$(cluster_id "$(other_cluster "$CLUSTER")")
  REMOTE_SECRET=$SYSTEM/secrets/istio-remote-secret-$PEER_ID
  MESH_CONFIG=$SYSTEM/configmaps/istio-$REVISION
  INJECTOR_CONFIG=$SYSTEM/configmaps/istio-sidecar-injector-$REVISION
  ISTIOD_PATH=/apis/apps/v1/namespaces/istio-system/deployments/istiod-$REVISION
  WEBHOOK_PATH=$WEBHOOKS/istio-sidecar-injector-$REVISION
}

# Names as asmcli forms them: east is a GKE cluster of project isthmus-east in the network lab-vpc, the others are on-premises.
cluster_id() { if [[ $1 == east ]]; then echo cn-isthmus-east-europe-west1-east; else echo "cn-isthmus-lab-global-$1"; fi; }
network_of() { if [[ $1 == east ]]; then echo isthmus-east-lab-vpc; else echo "lab-network-$1"; fi; }
identity_provider() {
  IDENTITY_PROVIDER=https://gkehub.googleapis.com/projects/$FLEET/locations/global/memberships/$CLUSTER
  [[ $CLUSTER != east ]] || IDENTITY_PROVIDER=https://container.googleapis.com/v1/projects/isthmus-east/locations/europe-west1/clusters/east
}

# --- certificate authorities -------------------------------------------------------------------------------------
# A CA directory holds root.crt, ca.crt, ca.key and chain.crt: the four files of the Secret `cacerts`. Each cluster's own is
# $DIR/ca; faults make others beside it. The root's key is in $STATE/offline-root: it never enters a cluster.

ROOT_SUBJECT="/O=Istio/CN=Root CA"
INTERMEDIATE_EXTENSIONS="basicConstraints=critical,CA:true,pathlen:0
keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign"

new_root() { new_ca rsa "$1" "$ROOT_SUBJECT"; }

# new_intermediate CA-DIRECTORY ROOT-BASE: a CA directory under the root.
new_intermediate() {
  local ca=$1 root=$2
  mkdir -p "$ca"
  new_certificate rsa "$ca/ca" "/O=Istio/CN=Intermediate CA/L=$CLUSTER" "$root" -days 730 \
    -addext basicConstraints=critical,CA:true,pathlen:0 \
    -addext keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign
  cp "$root.crt" "$ca/root.crt"
  cat "$ca/ca.crt" "$ca/root.crt" >"$ca/chain.crt"
}

as_json() { jq -Rs . "$1"; }
as_base64() { base64 -w0 "$1"; }

# The variables by which manifests name a CA's certificates.
ca_variables() {
  CA_CERT_BASE=$(as_base64 "$1/ca.crt")
  CA_KEY_BASE=$(as_base64 "$1/ca.key")
  ROOT_CERT_BASE=$(as_base64 "$1/root.crt")
  ROOT_CERT_JSON=$(as_json "$1/root.crt")
  CERT_CHAIN_BASE=$(as_base64 "$1/chain.crt")
}

expiry() { date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s; }

# --- what the stand-ins serve ------------------------------------------------------------------------------------

# serve FILE TEMPLATE: renders a configuration and moves it into place, which is what Envoy watches for.
serve() {
  mkdir -p "$(dirname "$1")"
  render "$LAB_DIR/proxies/$2" >"$1.new"
  mv "$1.new" "$1"
}

# issue PROXY CA-DIRECTORY SAN [CHAIN-FILE]: a leaf certificate for a proxy, as istiod would issue it on request; served at
# once. The proxy's own roots change with serve_root.
issue() {
  local proxy=$DIR/proxy/$1 ca=$2 san=$3 chain=${4-$2/chain.crt} leaf
  leaf=$(mktemp -d)
  new_certificate rsa "$leaf/leaf" / "$ca/ca" -days 90 -addext "subjectAltName=critical,$san" \
    -addext keyUsage=critical,digitalSignature,keyEncipherment -addext extendedKeyUsage=serverAuth,clientAuth \
    -addext basicConstraints=critical,CA:false
  CHAIN_JSON=$(cat "$leaf/leaf.crt" "$chain" | jq -Rs .)
  KEY_JSON=$(as_json "$leaf/leaf.key")
  serve "$proxy/identity.yaml" identity.yaml
  cp "$leaf/leaf.crt" "$proxy/leaf.crt"
  rm -rf "$leaf"
}

# The lab's sidecars, by the names of their folders: those that have a certificate.
sidecars() {
  local identity
  for identity in "$DIR"/proxy/*/identity.yaml; do
    identity=${identity%/*}
    [[ $identity == */istiod ]] || echo "${identity##*/}"
  done
}

# The SAN in the certificate that a proxy serves now.
san_of() { openssl x509 -in "$DIR/proxy/$1/leaf.crt" -noout -ext subjectAltName | sed -n 's/^ *URI:/URI:/p'; }

issue_istiod() { issue istiod "$1" "DNS:istiod-$REVISION.istio-system.svc,DNS:istiod.istio-system.svc"; }
issue_helloworld() { issue sample-helloworld "$1" "URI:spiffe://$TRUST_DOMAIN/ns/sample/sa/helloworld" "${2-$1/chain.crt}"; }

# serve_root PROXY CA-DIRECTORY
serve_root() {
  ROOT_CERT_JSON=$(as_json "$2/root.crt")
  serve "$DIR/proxy/$1/root.yaml" root.yaml
}

# load_issuer CA-DIRECTORY: the CA that istiod has loaded; whoever asks it for a certificate gets one of this.
load_issuer() { ln -sfnT "$1" "$DIR/issuer"; }

# What istiod's stand-in answers; its metrics speak of the CA that it loaded. What it knows of its peers the controller adds.
serve_istiod() {
  local root leaf injected patches
  root=$(expiry "$1/root.crt") leaf=$(expiry "$1/ca.crt")
  printf '# TYPE %s gauge\n%s %s\n# TYPE %s gauge\n%s %s\n' citadel_server_root_cert_expiry_timestamp{,} "$root" \
    citadel_server_cert_chain_expiry_timestamp{,} "$leaf" >"$DIR/proxy/istiod/ca-metrics"
  local name
  for name in loopback outside; do
    [[ -e $DIR/proxy/istiod/rds-$name.json ]] || printf '{"resources": [{"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "name": "%s"}]}\n' \
      "$name" >"$DIR/proxy/istiod/rds-$name.json"
  done
  injected=$(render "$LAB_DIR/proxies/injected.json")
  patches=$(jq -c -f "$LAB_DIR/proxies/injection.jq" <<<"$injected")
  GATEWAY_PATCH=$(jq -c .gateway <<<"$patches")
  SIDECAR_PATCH=$(jq -c .sidecar <<<"$patches")
  INJECTOR_JSON=$(render "$LAB_DIR/proxies/injector.lua" | jq -Rs .)
  serve "$DIR/proxy/istiod/lds.yaml" istiod-lds.yaml
}

serve_control_plane() {
  serve "$DIR/proxy/istiod/bootstrap.yaml" istiod-bootstrap.yaml
  load_issuer "$1"
  issue_istiod "$1"
  serve_istiod "$1"
}

# start_controller: what reacts to the objects: in istiod's place, the load balancer's and the DNS's (control/).
start_controller() {
  jq -n '$ARGS.named | .trusted_domains |= split(" ") | .pool |= split(" ")' --arg cluster "$CLUSTER" --arg directory "$DIR" \
    --arg server "https://$NODE_IP:6443" --arg revision "$REVISION" --arg trust_domain "$TRUST_DOMAIN" \
    --arg trusted_domains "$TRUST_DOMAIN $TRUST_DOMAIN_ALIAS" --arg pool "${ADDRESS_POOL[*]}" >"$DIR/controller.json"
  component controller "$LAB_DIR/control/controller" "$DIR/controller.json"
}

# --- the objects -------------------------------------------------------------------------------------------------

# The network's name on the system namespace; by it peers know whose gateway is whose.
name_network() { merge "$CLUSTER" "$SYSTEM" "{\"metadata\": {\"labels\": {\"topology.istio.io/network\": \"$NETWORK\"}}}"; }

manifest() { apply_manifest "$CLUSTER" "$LAB_DIR/manifests/$1" "${2-kubectl}"; }

# remote_secret_for CLUSTER PEER: as `istioctl create-remote-secret --name CLUSTER_ID` for PEER, applied to CLUSTER. In a subshell.
remote_secret_for() {
  local here=$1
  mesh_variables "$2"
  local token_secret=/api/v1/namespaces/istio-system/secrets/istio-reader-service-account-istio-remote-secret-token secret
  wait_for 30 "the reader's token in $CLUSTER" token_ready "$token_secret"
  secret=$(api "$CLUSTER" GET "$token_secret")
  PEER_ID=$CLUSTER_ID
  PEER_SERVER=$SERVER
  PEER_CA=$(jq -r '.data["ca.crt"]' <<<"$secret")
  PEER_TOKEN=$(jq -r '.data.token | @base64d' <<<"$secret")
  PEER_KUBECONFIG_BASE=$(render "$LAB_DIR/manifests/remote-kubeconfig.yaml" | base64 -w0)
  apply_manifest "$here" "$LAB_DIR/manifests/remote-secret.yaml"
}
token_ready() { api "$CLUSTER" GET "$1" | jq -e '.data.token and .data["ca.crt"]'; }

# --- waiting -----------------------------------------------------------------------------------------------------

# deployment_ready PATH-OF-DEPLOYMENT: every replica that is asked for is there, is of the current template, and is ready,
# and none is left over.
deployment_ready() {
  api "$CLUSTER" GET "$1" | jq -e '.status.observedGeneration >= .metadata.generation and (.spec.replicas as $n |
    .status | (.replicas // 0) == $n and (.updatedReplicas // 0) == $n and (.availableReplicas // 0) == $n)' &&
    [[ $(pods_of "$1") == *" ready" || $(pods_of "$1") == "" ]]
}

# One line per pod of a Deployment: its uid, and `ready`, `waiting` or `ending`.
pods_of() {
  local selector
  selector=$(api "$CLUSTER" GET "$1" | jq -r '.spec.selector.matchLabels | to_entries | map(.key + "%3D" + .value) | join(",")')
  api "$CLUSTER" GET "/api/v1/namespaces/$(cut -d/ -f6 <<<"$1")/pods?labelSelector=$selector" | jq -r '.items[] | .metadata.uid + " " +
    (if .metadata.deletionTimestamp then "ending"
     elif any(.status.conditions[]?; .type == "Ready" and .status == "True") then "ready" else "waiting" end)'
}

# Longer than the kubelet's longest pause before it tries again to mount what was not there at first.
wait_deployment() { wait_for "${2-150}" "$CLUSTER's ${1##*/}" deployment_ready "$1" || why_not_ready "$1"; }

# why_not_ready PATH-OF-DEPLOYMENT: what Kubernetes says of the namespace's pods, and last of all that happened there. Fails.
why_not_ready() {
  local namespace
  namespace=$(cut -d/ -f6 <<<"$1")
  {
    api "$CLUSTER" GET "$1" | jq -c '{replicas: .spec.replicas, status: (.status | del(.conditions)), conditions: [.status.conditions[]? | {type, status, message}]}'
    api "$CLUSTER" GET "/api/v1/namespaces/$namespace/pods" | jq -c '.items[] | {name: .metadata.name, deleted: .metadata.deletionTimestamp} + (.status | {phase, reason, message,
      unsound: [.conditions[]? | select(.status != "True") | {type, reason, message}],
      containers: [.containerStatuses[]?, .initContainerStatuses[]? | select(.ready | not) | {name, state}]})'
    api "$CLUSTER" GET "/api/v1/namespaces/$namespace/events" | jq -r '.items | sort_by(.lastTimestamp // .eventTime)[-12:][] |
      "\(.lastTimestamp // .eventTime) \(.involvedObject.name) \(.reason): \(.message)"'
  } >&2
  return 1
}

# restart PATH-OF-DEPLOYMENT: deletes its pods and waits for the new ones.
restart() {
  local old
  old=$(pods_of "$1" | cut -d' ' -f1)
  local selector
  selector=$(api "$CLUSTER" GET "$1" | jq -r '.spec.selector.matchLabels | to_entries | map(.key + "%3D" + .value) | join(",")')
  api "$CLUSTER" DELETE "/api/v1/namespaces/$(cut -d/ -f6 <<<"$1")/pods?labelSelector=$selector&gracePeriodSeconds=0" >/dev/null
  wait_for 60 "new pods of $CLUSTER's ${1##*/}" pods_replaced "$1" "$old"
}
pods_replaced() {
  local pods
  pods=$(pods_of "$1")
  [[ -n $pods ]] && ! grep -qv ' ready$' <<<"$pods" && ! grep -qF "${2:-none}" <<<"$pods" && deployment_ready "$1"
}

# The chain that the cluster's gateway serves for helloworld, as PEM, from this machine. A connection that began while kube-proxy
# changed its rules never opens: the kernel asks the rules for its first packet alone, and goes on for two minutes.
served_chain() {
  timeout 5 openssl s_client -connect "$GATEWAY_IP:15443" -servername "$HELLOWORLD_SNI" -alpn istio -showcerts </dev/null 2>/dev/null |
    sed -n '/BEGIN CERT/,/END CERT/p'
}
not_served() { [[ -z $(served_chain) ]]; }
serves_its_leaf() {
  [[ $(served_chain | openssl x509 -noout -fingerprint -sha256) == "$(openssl x509 -noout -fingerprint -sha256 -in "$DIR/proxy/sample-helloworld/leaf.crt")" ]]
}

# --- requests --------------------------------------------------------------------------------------------------

# answers_to CLUSTER COUNT: what the cluster's client hears when it asks helloworld so often; one answer a line.
# shellcheck disable=SC2016 # the variable is the inner shell's
answers_to() {
  local container
  container=$(api "$1" GET '/api/v1/namespaces/sample/pods?labelSelector=app%3Dclient' |
    jq -r '.items[0].status.containerStatuses[] | select(.name == "client") | .containerID | sub("containerd://"; "")')
  ctr --address "$STATE/$1/run/containerd.sock" --namespace k8s.io tasks exec --fifo-dir "$STATE/$1/run/fifo" --exec-id "ask-$BASHPID-$RANDOM" "$container" \
    sh -c 'for i in $(seq "$0"); do curl --silent --show-error --max-time 5 http://helloworld.sample:5000/hello || echo; done' "$2" 2>&1
}

# requests_cross_from CLUSTER: its client hears every cluster's helloworld.
requests_cross_from() { wait_for 30 "every cluster's answer to $1's client" hears_all "$1"; }
hears_all() {
  local answers cluster
  answers=$(answers_to "$1" $((4 * ${#CLUSTERS[@]})))
  for cluster in "${CLUSTERS[@]}"; do grep -qF "cluster: $cluster" <<<"$answers" || return 1; done
}

# only_own_answers_in CLUSTER: its client hears nobody but its own cluster.
only_own_answers_in() {
  local answers
  answers=$(answers_to "$1" $((2 * ${#CLUSTERS[@]})))
  [[ -n $answers ]] && ! grep -vqxF "Hello version: v1, cluster: $1" <<<"$answers"
}

# hears_errors_in CLUSTER: some of its client's requests fail.
hears_errors_in() { answers_to "$1" $((2 * ${#CLUSTERS[@]})) | grep -vqE '^Hello version: v1, cluster: [a-z]+$'; }
