# title: A second Service also claims to be the network's gateway
# symptom: Some requests to west fail, others do not: the peers spread them over both Services.
# evidence: Two Services in west bear the label topology.istio.io/network.
# cause: The label was put on every object of the gateway's chart, another Service included.
# remedy: kubectl label service istio-ingressgateway -n istio-system topology.istio.io/network-
# expect-warning: gateway-unambiguous
apply() {
  add west "$SYSTEM/services/istio-ingressgateway" '{"apiVersion": "v1", "kind": "Service",
    "metadata": {"labels": {"app": "istio-ingressgateway", "topology.istio.io/network": "lab-network-west"}},
    "spec": {"type": "ClusterIP", "selector": {"app": "istio-ingressgateway"}, "ports": [{"name": "https", "port": 443}]}}'
}
undo() { put_back; }
