# title: An inspecting firewall resets connections once it sees what they are
# symptom: Connections to the gateway open, and break at the first packet: 503 UC.
# evidence: From a pod of east, TCP to 203.0.113.2:15443 opens; the hello of TLS is answered by a reset.
# cause: Deep packet inspection that knows neither the ALPN istio nor the name in the hello.
# remedy: Exempt TCP 15443 to 203.0.113.2 from inspection.
# level: probe
# expect-fail: gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: east>west gateway tls reset
# A packet longer than what opens and acknowledges a connection says something.
apply() { wan_rule -i ist-east -d 203.0.113.2 -p tcp --dport 15443 -m length --length 100:65535 -j REJECT --reject-with tcp-reset; }
undo() { put_back; }
