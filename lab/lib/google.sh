# shellcheck shell=bash disable=SC2034
# The stand-in for Google's APIs: nginx on an address of its own, files made by google/*.jq, an authority, a service account.
# It shows what the requests and answers look like; it is not Google.

GOOGLE_STATUSES=(400 403 429 500 503)
GOOGLE_APIS=(cloudresourcemanager serviceusage gkehub container compute orgpolicy gkeonprem cloudquotas privateca)
GOOGLE_CREDENTIALS_NAME=google-credentials.json

# The answers that faults change: paths below the stand-in's files. Each membership of the lab has a page of its own.
GOOGLE_PROJECT_OF_EAST=cloudresourcemanager/v3/projects/isthmus-east
GOOGLE_PERMISSIONS_IN_HOST=cloudresourcemanager/v3/projects/isthmus-net:testIamPermissions
GOOGLE_SERVICES_OF_EAST=serviceusage/v1/projects/isthmus-east/services:batchGet
GOOGLE_MEMBERSHIPS=gkehub/v1/projects/isthmus-lab/locations/-/memberships
GOOGLE_MEMBERSHIPS_WEST=$GOOGLE_MEMBERSHIPS@page2
GOOGLE_MESH_FEATURE=gkehub/v1/projects/isthmus-lab/locations/global/features/servicemesh
GOOGLE_MEMBERSHIP_QUOTAS=cloudquotas/v1/projects/isthmus-lab/locations/global/services/gkehub.googleapis.com/quotaInfos
GOOGLE_CLUSTERS_OF_EAST=container/v1/projects/isthmus-east/locations/-/clusters
GOOGLE_POLICY_OF_EAST=orgpolicy/v2/projects/isthmus-east/policies/compute.restrictLoadBalancerCreationForTypes:getEffectivePolicy
GOOGLE_REGION_OF_EAST=compute/compute/v1/projects/isthmus-east/regions/europe-west1
GOOGLE_HOST_OF_EAST=compute/compute/v1/projects/isthmus-east/getXpnHost
GOOGLE_HOST_PROJECT=compute/compute/v1/projects/isthmus-net
GOOGLE_HOST_RESOURCES=$GOOGLE_HOST_PROJECT/getXpnResources
GOOGLE_FIREWALLS=$GOOGLE_HOST_PROJECT/global/networks/lab-vpc/getEffectiveFirewalls
GOOGLE_REGIONAL_FIREWALLS=$GOOGLE_HOST_PROJECT/regions/europe-west1/firewallPolicies/getEffectiveFirewalls
GOOGLE_SUBNETWORKS=$GOOGLE_HOST_PROJECT/aggregated/subnetworks
GOOGLE_ROUTES=$GOOGLE_HOST_PROJECT/global/routes
GOOGLE_VPN_TUNNELS=$GOOGLE_HOST_PROJECT/aggregated/vpnTunnels
GOOGLE_ROUTER_STATUS=$GOOGLE_HOST_PROJECT/regions/europe-west1/routers/site-router/getRouterStatus
GOOGLE_BARE_METAL=gkeonprem/v1/projects/isthmus-lab/locations/-/bareMetalClusters

# google_variables [DIRECTORY [ADDRESS]]
google_variables() {
  GOOGLE=${1:-$STATE/google}
  GOOGLE_ADDRESS=${2:-127.10.10.1}
  GOOGLE_URL=https://$GOOGLE_ADDRESS
  WWW=$GOOGLE/www
}

# The world as Google would know it: what the lab's own clusters say of themselves, around them a fleet and a shared VPC.
lab_world() {
  local east sites
  east=$(google_view east)
  sites=$(for cluster in "${CLUSTERS[@]:1}"; do google_view "$cluster"; done | jq -s .)
  jq -n --argjson east "$east" --argjson sites "$sites" '{
    fleet: {id: "isthmus-lab", number: "100200300400"}, host: {id: "isthmus-net", number: "300400500600"},
    network: "lab-vpc", region: "europe-west1", pageSize: 1,
    gke: [$east + {project: {id: "isthmus-east", number: "200300400500"}, endpoint: $east.api, privateEndpoint: "10.10.1.3",
      operators: ["10.10.1.1/32"], peers: [$sites[] | "\(.address)/32"]}],
    onPremises: [$sites[] | . + {vip: .address, port: 6443} + (if .name == "west"
      then {pool: ["203.0.113.2-203.0.113.2", "203.0.113.6-203.0.113.9"], ingressVip: "203.0.113.9"}
      else {pool: ["203.0.113.3-203.0.113.5"], ingressVip: "203.0.113.5"} end)]}'
}

# google_view CLUSTER: what the cluster's own API says.
google_view() {
  local gateway uid given={}
  mesh_variables "$1"
  # What its load balancer has said last; before it said anything, what the Service shows.
  [[ ! -e $GOOGLE/given-$1.json ]] || given=$(<"$GOOGLE/given-$1.json")
  # Before the gateway is there, Google knows of no load balancer.
  gateway=$(api "$1" GET "$GATEWAY_SERVICE" 2>/dev/null || echo '{"metadata": {"uid": ""}}')
  uid=$(api "$1" GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
  jq --arg name "$1" --arg uid "$uid" --arg address "$NODE_IP" --arg api "$API_IP" --arg nodes "${NODE_IP%.*}.0/24" --arg pods "$POD_CIDR" \
    --argjson given "$given" --arg services "$SERVICE_PREFIX.0/16" '{$name, $uid, $address, $api, $nodes, $pods, $services, gateway: ($given[.metadata.uid] // .status.loadBalancer.ingress[0].ip // ""),
      gatewayName: ("a" + (.metadata.uid | gsub("-"; "")))[:32], sources: (.spec.loadBalancerSourceRanges // ["0.0.0.0/0"])}' <<<"$gateway"
}

# write_answers WORLD-FILE: the files that nginx serves. Google knows a project by its number as well.
write_answers() {
  local path body id number file name
  rm -rf "$WWW"
  while IFS= read -r path && IFS= read -r body; do
    mkdir -p "$WWW/${path%/*}"
    printf '%s\n' "$body" >"$WWW/$path.json"
  done < <(jq -r -L "$LAB_DIR/google" "$(<"$LAB_DIR/google/answers.jq") | .path, (.body | tojson)" "$1")
  while read -r id number; do
    find "$WWW" -path "*/projects/$id*" -print0 -prune | while IFS= read -r -d '' file; do
      name=${file##*/projects/"$id"}
      [[ $name != [a-z0-9-]* ]] || continue
      ln -s "$id$name" "${file%"$id$name"}$number$name"
    done
  done < <(jq -r '[.fleet, .host, .gke[].project] | unique[] | "\(.id) \(.number)"' "$1")
}

# Google sees a load balancer that was made since: its forwarding rule and its firewall rule come with it.
renew_answers() {
  local served=$WWW
  lab_world >"$GOOGLE/world.new"
  if cmp -s "$GOOGLE/world.new" "$GOOGLE/world.json"; then return 0; fi
  WWW=$GOOGLE/www.new
  write_answers "$GOOGLE/world.new"
  cp "$served/token.json" "$WWW/"
  mv "$served" "$GOOGLE/www.old"
  mv "$WWW" "$served"
  WWW=$served
  rm -rf "$GOOGLE/www.old"
  mv "$GOOGLE/world.new" "$GOOGLE/world.json"
}

# start_google WORLD-FILE: writes everything, starts nginx, and returns when it answers.
start_google() {
  local status token
  mkdir -p "$GOOGLE/pki" "$GOOGLE/temporary"
  write_answers "$1"
  token=$(openssl rand -hex 32)
  printf '"Bearer %s" 1;\n' "$token" >"$GOOGLE/token.map"
  jq -n --arg token "$token" '{access_token: $token, expires_in: 3599, token_type: "Bearer"}' >"$WWW/token.json"
  for status in "${GOOGLE_STATUSES[@]}"; do
    # shellcheck disable=SC2016 # $answer is nginx's
    printf 'if (-f %s$answer.%s) { return %s; }\nerror_page %s /answers$answer.%s;\n' "$WWW" "$status" "$status" "$status" "$status"
  done >"$GOOGLE/errors.conf"
  printf "error_page 404 @absent;\n" >>"$GOOGLE/errors.conf"
  new_ca ec "$GOOGLE/pki/ca" "/CN=stand-in for Google's APIs"
  new_certificate ec "$GOOGLE/pki/server" "/CN=$GOOGLE_ADDRESS" "$GOOGLE/pki/ca" -addext extendedKeyUsage=serverAuth \
    -addext "subjectAltName=IP:$GOOGLE_ADDRESS,DNS:localhost"
  write_service_account >"$GOOGLE/$GOOGLE_CREDENTIALS_NAME"
  render "$LAB_DIR/google/nginx.conf" >"$GOOGLE/nginx.conf"
  rm -f "$GOOGLE/files.sock"
  launch "$GOOGLE/nginx.pid-of-lab" "$GOOGLE/error.log" nginx -c "$GOOGLE/nginx.conf" -p "$GOOGLE"
  wait_for 30 "the stand-in for Google's APIs at $GOOGLE_URL (log: $GOOGLE/error.log)" google_answers
}
google_answers() { google_get cloudresourcemanager/v1/projects/"$(jq -r .fleet.id "$GOOGLE/world.json")"; }
google_runs() { running_pid "$GOOGLE/nginx.pid-of-lab" >/dev/null; }
stop_google() { stop_processes "$GOOGLE/nginx.pid-of-lab"; }

# google_get PATH: an answer of the stand-in, as a client gets it.
google_get() {
  curl --silent --show-error --fail-with-body --max-time 10 --noproxy '*' --cacert "$GOOGLE/pki/ca.crt" \
    --header @<(echo "Authorization: Bearer $(google_token)") "$GOOGLE_URL/$1"
}

# The one access token that the stand-in gives and takes.
google_token() { sed -E 's/^"Bearer ([0-9a-f]+)".*/\1/' "$GOOGLE/token.map"; }

# The key file of a service account, as `gcloud iam service-accounts keys create` writes it.
write_service_account() {
  local project email key
  project=$(jq -r .fleet.id "$GOOGLE/world.json")
  email=isthmus-reader@$project.iam.gserviceaccount.com
  umask 077
  key=$GOOGLE/pki/service-account.key
  [[ -e $key ]] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$key" 2>/dev/null
  jq -n --arg project "$project" --arg email "$email" --arg url "$GOOGLE_URL" --rawfile key "$key" '{
    type: "service_account", project_id: $project, private_key_id: ($email | @base64 | .[:40]), private_key: $key, client_email: $email,
    client_id: "100000000000000000001", auth_uri: "https://accounts.google.com/o/oauth2/auth", token_uri: ($url + "/token"),
    auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
    client_x509_cert_url: "https://www.googleapis.com/robot/v1/metadata/x509/\($email | @uri)", universe_domain: "googleapis.com"}'
}
