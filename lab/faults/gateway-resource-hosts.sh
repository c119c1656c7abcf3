# title: The Gateway resource exposes only one namespace
# symptom: Requests to services of other namespaces than sample are reset right after the TLS hello.
# evidence: hosts of cross-network-gateway in west are *.sample.svc.cluster.local instead of *.local.
# cause: Somebody narrowed the resource for one service.
# remedy: Set hosts to ["*.local"], or accept this finding if the narrowing is meant.
# expect-warning: services-exposed
apply() {
  change west "$GATEWAY_RESOURCES/cross-network-gateway" '{"spec": {"servers": [{"port": {"number": 15443, "name": "tls", "protocol": "TLS"},
    "tls": {"mode": "AUTO_PASSTHROUGH"}, "hosts": ["*.sample.svc.cluster.local"]}]}}'
}
undo() { put_back; }
