# title: The second cluster's clock is ten minutes behind
# symptom: Fresh certificates are refused as "not yet valid"; the cause is never in the message.
# evidence: The Date header of west's API server is ten minutes behind this machine's clock.
# cause: A node without NTP. (In the lab a proxy before the API server rewrites the header.)
# remedy: Mend time synchronisation on the control plane's machines.
# expect-fail: clock-skew-small
# first: clock-skew-small
apply() {
  mesh_variables west
  render "$LAB_DIR/proxies/clock-skew.yaml" >"$FAULT_STATE/envoy.yaml"
  helper clock west nsenter --net="/run/netns/$NETNS" "$ENVOY" -c "$FAULT_STATE/envoy.yaml" --concurrency 1 --disable-hot-restart
  local account=/api/v1/namespaces/kube-system/serviceaccounts/isthmus-reader token
  add west "$account" '{"apiVersion": "v1", "kind": "ServiceAccount"}'
  local binding
  for binding in clusterrolebindings/isthmus-reader namespaces/istio-system/rolebindings/isthmus-reader; do
    change west "/apis/rbac.authorization.k8s.io/v1/$binding" \
      '{"subjects": [{"kind": "ServiceAccount", "name": "isthmus-reader", "namespace": "kube-system"}]}'
  done
  token=$(api west POST "$account/token" '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 86400}}' |
    jq -r .status.token)
  # The proxy ends TLS, so that a client certificate would end there too: a token goes through.
  change_file "$STATE/west.kubeconfig" "s#server: .*#server: https://$NODE_IP:6444#; s#client-certificate-data: .*#token: $token#; /client-key-data/d"
  wait_for 30 "the proxy (log: $DIR/log/fault-clock.log)" curl --silent --max-time 5 --noproxy '*' --cacert "$DIR/pki/ca.crt" "https://$NODE_IP:6444/version"
}
undo() { put_back; }
