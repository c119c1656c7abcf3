# title: The token in the remote secret is no longer valid
# symptom: East's istiod stops seeing west's changes, and after its next restart sees no endpoint of west; its log says
#   "Unauthorized".
# evidence: West's API server answers 401 to the token in east's remote secret.
# cause: The reader's token Secret in west was deleted, or west was built anew at the same address.
# remedy: istioctl create-remote-secret --name cn-isthmus-lab-global-west against west, applied to east.
# expect-fail: remote-secret-credential-alive
# first: remote-secret-credential-alive
apply() {
  mesh_variables east
  local path=$SYSTEM/secrets/istio-reader-service-account-old-token token
  add west "$path" '{"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
    "metadata": {"annotations": {"kubernetes.io/service-account.name": "istio-reader-service-account"}}}'
  wait_for 30 "a second token" has_token "$path"
  token=$(api west GET "$path" | jq -r '.data.token | @base64d')
  api west DELETE "$path" >/dev/null
  change_remote_kubeconfig "s/^    token: .*/    token: $token/"
}
has_token() { api west GET "$1" | jq -e .data.token; }
undo() { put_back; }
