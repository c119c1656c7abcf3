# title: The gateway's Service is labelled with another network than the cluster's
# symptom: Requests from the other cluster time out: its istiod knows no gateway for this cluster's network.
# evidence: The label topology.istio.io/network of Service istio-eastwestgateway is lab-network-south, everything else in west
#   says lab-network-west.
# cause: gen-eastwest-gateway.sh was called with the wrong --network.
# remedy: kubectl label service istio-eastwestgateway -n istio-system topology.istio.io/network=lab-network-west --overwrite
# expect-fail: network-identity-consistent
# first: network-identity-consistent
apply() { change west "$GATEWAY_SERVICE" '{"metadata": {"labels": {"topology.istio.io/network": "lab-network-south"}}}'; }
undo() { put_back; }
