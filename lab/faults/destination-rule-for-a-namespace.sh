# title: A DestinationRule takes mutual TLS from a namespace that has no workloads yet
# symptom: What is deployed into the namespace isthmus-verify is not answered by other clusters: 503, "no healthy upstream".
# evidence: DestinationRule istio-system/plain of east has host *.isthmus-verify.svc.cluster.local and tls.mode DISABLE. While nobody
#   has pods there, it harms nobody; the first request finds it.
# cause: A rule for a namespace that once was outside of the mesh.
# remedy: kubectl -n istio-system delete destinationrules.networking.istio.io plain
# level: workloads
# expect-fail: requests-cross
# first: requests-cross
# expect-words: The sidecar in east knows no endpoint
apply() {
  add east "$DESTINATION_RULES/istio-system/destinationrules/plain" '{"apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
    "spec": {"host": "*.isthmus-verify.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}}'
}
undo() { put_back; }
