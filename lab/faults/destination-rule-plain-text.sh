# title: A DestinationRule takes mutual TLS from every service
# symptom: Clients of east are answered by east alone, and hear no error; the objects of gateways and remote secrets are all in order.
# evidence: DestinationRule istio-system/default of east has host *.local and tls.mode DISABLE.
# cause: It was written while the cluster was moved into the mesh, and has been forgotten. istiod gives clients of other networks no
#   endpoint to which they would not speak mutual TLS.
# remedy: kubectl -n istio-system patch destinationrules.networking.istio.io default --type=merge --patch
#   '{"spec":{"trafficPolicy":{"tls":null}}}'
# expect-fail: destination-rules-keep-mutual-tls
# first: destination-rules-keep-mutual-tls
# expect-answers: east: east, west: east west
apply() {
  add east "$DESTINATION_RULES/istio-system/destinationrules/default" '{"apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
    "spec": {"host": "*.local", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}}'
  wait_for 30 "east's client to hear east alone" only_own_answers_in east
}
undo() {
  put_back
  requests_cross_from east
}
