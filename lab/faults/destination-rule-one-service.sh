# title: A DestinationRule takes mutual TLS from one service
# symptom: Clients of east that call helloworld are answered by east alone; other services are answered by both clusters.
# evidence: DestinationRule sample/helloworld of east has host helloworld and tls.mode DISABLE, and west has pods of helloworld.
# cause: It was written when helloworld had no sidecar.
# remedy: kubectl -n sample patch destinationrules.networking.istio.io helloworld --type=merge --patch
#   '{"spec":{"trafficPolicy":{"tls":null}}}'
# expect-fail: destination-rules-keep-mutual-tls
# first: destination-rules-keep-mutual-tls
# expect-answers: east: east, west: east west
apply() {
  add east "$DESTINATION_RULES/sample/destinationrules/helloworld" '{"apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
    "spec": {"host": "helloworld", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}}'
  wait_for 30 "east's client to hear east alone" only_own_answers_in east
}
undo() {
  put_back
  requests_cross_from east
}
