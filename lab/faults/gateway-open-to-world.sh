# title: Everybody may connect to the gateway
# symptom: None. Mutual TLS still protects the workloads, but everybody can reach them and try.
# evidence: Service istio-eastwestgateway has no loadBalancerSourceRanges, and its address is a public one.
# cause: gen-eastwest-gateway.sh sets no source ranges.
# remedy: kubectl patch service istio-eastwestgateway -n istio-system --type merge
#   --patch '{"spec": {"loadBalancerSourceRanges": ["PEER-EGRESS-RANGE"]}}'
# expect-warning: gateway-sources-restricted
apply() { change west "$GATEWAY_SERVICE" '{"spec": {"loadBalancerSourceRanges": null}}'; }
undo() { put_back; }
