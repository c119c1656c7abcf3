# title: A firewall drops connections to the gateway
# symptom: Requests to west hang for seconds and then fail with 503 UF and a connection timeout.
# evidence: A connection to 203.0.113.2:15443 gets no answer at all.
# cause: A firewall between the networks drops what it does not know. (A missing route looks the same.)
# remedy: Allow TCP 15443 from the peers' egress addresses to the gateway.
# expect-fail: gateway-reachable
# first: gateway-reachable
# expect-answers: east: east error, west: east west
apply() { wan_rule -d 203.0.113.2 -p tcp --dport 15443 -j DROP; }
undo() { put_back; }
