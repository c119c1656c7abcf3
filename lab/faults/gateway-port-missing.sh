# title: The gateway's Service has no port 15443
# symptom: Requests to west time out or are refused, although the gateway runs: istiod names port 15443 of its address to the
#   peers without looking whether the Service has it.
# evidence: The ports of Service istio-eastwestgateway are 15021, 15012 and 15017.
# cause: The Service was written by hand.
# remedy: Add the port {name: tls, port: 15443, targetPort: 15443} to the Service.
# expect-fail: gateway-service-ports
# first: gateway-service-ports
apply() { change_by_operations west "$GATEWAY_SERVICE" '[{"op": "test", "path": "/spec/ports/1/port", "value": 15443}, {"op": "remove", "path": "/spec/ports/1"}]'; }
undo() {
  mesh_variables west
  put_back
  wait_for 30 "west's gateway" serves_its_leaf
}
