# title: The gateway's Service gets no address
# symptom: kubectl shows <pending>; the peers' istiod knows no gateway and sends requests straight to pods, where they time out.
# evidence: status.loadBalancer of Service istio-eastwestgateway is empty.
# cause: No load balancer controller, an exhausted address pool, a quota, or an organisation policy.
# remedy: kubectl describe service istio-eastwestgateway -n istio-system shows the platform's reason.
# expect-fail: gateway-has-address
# first: gateway-has-address
apply() {
  steer_load_balancer west '{"withhold": "silent"}'
  wait_for 30 "the address to go" gateway_address_is west '[]'
}
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
