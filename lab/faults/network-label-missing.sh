# title: The namespace istio-system does not say on which network it is
# symptom: Requests to the other cluster time out: clients try to reach pods of the other cluster directly.
# evidence: west's namespace istio-system has no label topology.istio.io/network.
# cause: istioctl labels the namespace only when it creates it; here it existed before.
# remedy: kubectl label namespace istio-system topology.istio.io/network=lab-network-west
# expect-fail: network-identity-consistent
# first: network-identity-consistent
apply() { change west /api/v1/namespaces/istio-system '{"metadata": {"labels": {"topology.istio.io/network": null}}}'; }
undo() { put_back; }
