# title: Two Gateway resources open the same port of the gateway
# symptom: The gateway keeps an old configuration: it refuses every new one with "filter chain has the same matching rules".
# evidence: west has two Gateway resources with AUTO_PASSTHROUGH on 15443 that select the same pods.
# cause: expose-services.yaml was applied under two names.
# remedy: Delete one of them.
# expect-fail: services-exposed-once
# first: services-exposed-once
apply() {
  add west "$GATEWAY_RESOURCES/cross-network-gateway-2" '{"apiVersion": "networking.istio.io/v1alpha3", "kind": "Gateway",
    "spec": {"selector": {"istio": "eastwestgateway"}, "servers": [{"port": {"number": 15443, "name": "tls", "protocol": "TLS"},
      "tls": {"mode": "AUTO_PASSTHROUGH"}, "hosts": ["*.local"]}]}}'
}
undo() { put_back; }
