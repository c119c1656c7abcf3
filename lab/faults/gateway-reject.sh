# title: A firewall refuses connections to the gateway
# symptom: Requests to west fail at once with 503 UF and "connection refused".
# evidence: A connection to 203.0.113.2:15443 is refused, although the gateway is ready behind its address.
# cause: A firewall between the networks answers with a reset.
# remedy: Allow TCP 15443 from the peers' egress addresses to the gateway.
# expect-fail: gateway-reachable
# first: gateway-reachable
apply() { wan_rule -d 203.0.113.2 -p tcp --dport 15443 -j REJECT --reject-with tcp-reset; }
undo() { put_back; }
