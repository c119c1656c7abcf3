# shellcheck shell=bash
# Talking to a cluster's API as its administrator, with curl.

# api CLUSTER METHOD PATH [BODY [CONTENT-TYPE]]: prints the answer; fails when the status is not 2xx (the answer goes to stderr).
api() {
  local cluster=$1 method=$2 path=$3 body=${4-} type=${5-application/json} answer status
  local pki=$STATE/$cluster/pki
  local arguments=(--silent --show-error --max-time 20 --noproxy '*' --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key"
    --request "$method" --write-out '\n%{http_code}')
  [[ -z $body ]] || arguments+=(--header "Content-Type: $type" --data-binary @-)
  answer=$(curl "${arguments[@]}" "https://10.10.$(cluster_number "$cluster").2:6443$path" <<<"$body" 2>&1) || {
    say "lab: $cluster: $method $path: ${answer%%$'\n'*}"
    return 1
  }
  status=${answer##*$'\n'}
  if [[ $status != 2* ]]; then
    say "lab: $cluster: $method $path: HTTP $status: $(jq -r .message <<<"${answer%$'\n'*}" 2>/dev/null || true)"
    return 1
  fi
  printf '%s\n' "${answer%$'\n'*}"
}

# merge CLUSTER PATH JSON: a merge patch.
merge() { api "$1" PATCH "$2" "$3" application/merge-patch+json >/dev/null; }

# exists CLUSTER PATH
exists() { api "$1" GET "$2" >/dev/null 2>&1; }

# The path of each kind that the lab's manifests hold: below /api or /apis, and whether it lies in a namespace.
declare -A KIND_PATHS=(
  [Namespace]=/api/v1/namespaces [ConfigMap]=/api/v1/N/configmaps [Secret]=/api/v1/N/secrets
  [Service]=/api/v1/N/services [ServiceAccount]=/api/v1/N/serviceaccounts [Pod]=/api/v1/N/pods
  [Deployment]=/apis/apps/v1/N/deployments
  [Role]=/apis/rbac.authorization.k8s.io/v1/N/roles [RoleBinding]=/apis/rbac.authorization.k8s.io/v1/N/rolebindings
  [ClusterRole]=/apis/rbac.authorization.k8s.io/v1/clusterroles
  [ClusterRoleBinding]=/apis/rbac.authorization.k8s.io/v1/clusterrolebindings
  [CustomResourceDefinition]=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
  [MutatingWebhookConfiguration]=/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations
  [ValidatingWebhookConfiguration]=/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations
  [Gateway]=/apis/networking.istio.io/v1alpha3/N/gateways [Membership]=/apis/hub.gke.io/v1/memberships
)

# apply_manifest CLUSTER FILE [FIELD-MANAGER]: server-side apply of every document of FILE, in one connection. @NAME@ in the
# file is replaced by the variable NAME. The lab's manifests are plain: kind and metadata in block style, one name each.
apply_manifest() {
  local cluster=$1 file=$2 manager=${3-kubectl} work documents document
  work=$(mktemp -d)
  render "$file" | awk -v dir="$work" '/^---$/ {n++; next} {print > sprintf("%s/%03d.yaml", dir, n)}'
  documents=("$work"/*.yaml)
  local pki=$STATE/$cluster/pki kind name namespace path
  for document in "${documents[@]}"; do
    kind=$(sed -n 's/^kind: //p' "$document")
    name=$(sed -n '/^metadata:/,/^[^ m]/s/^  name: //p' "$document" | head -n 1)
    namespace=$(sed -n '/^metadata:/,/^[^ m]/s/^  namespace: //p' "$document" | head -n 1)
    path=${KIND_PATHS[$kind]:?"$file: a kind that lib/kube.sh does not know: $kind"}
    path=${path/\/N\//\/namespaces\/$namespace\/}/$name
    printf 'next\nrequest = PATCH\nurl = "https://10.10.%s.2:6443%s?fieldManager=%s&force=true"\ndata-binary = "@%s"\n' \
      "$(cluster_number "$cluster")" "$path" "$manager" "$document"
    printf 'header = "Content-Type: application/apply-patch+yaml"\ncacert = "%s"\ncert = "%s"\nkey = "%s"\n' \
      "$pki/ca.crt" "$pki/admin.crt" "$pki/admin.key"
    printf 'noproxy = "*"\nsilent\nshow-error\nmax-time = 30\noutput = "%s.answer"\nwrite-out = "%%{http_code}\\n"\n' "$document"
  done | sed '1d' >"$work/curl"
  curl --config "$work/curl" >"$work/statuses" 2>"$work/errors" || true
  local failed=0 status i=0
  while read -r status; do
    if [[ $status != 2* ]]; then
      say "lab: $cluster: $file, document $((i + 1)): HTTP $status: $(jq -r .message "${documents[i]}.answer" 2>/dev/null || cat "$work/errors")"
      failed=1
    fi
    i=$((i + 1))
  done <"$work/statuses"
  [[ $i -eq ${#documents[@]} ]] || { say "lab: $cluster: $file: $(cat "$work/errors")"; failed=1; }
  rm -rf "$work"
  return "$failed"
}

# render FILE: @NAME@ becomes the value of the variable NAME; a name without a value is an error.
render() {
  local text name value
  text=$(<"$1")
  while [[ $text =~ @([A-Z_]+)@ ]]; do
    name=${BASH_REMATCH[1]}
    [[ -v $name ]] || die "$1: @$name@ has no value"
    value=${!name}
    text=${text//@$name@/"$value"}
  done
  printf '%s\n' "$text"
}
