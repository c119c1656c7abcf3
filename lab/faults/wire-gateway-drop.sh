# title: A firewall drops what pods of one cluster send to the gateway of another
# symptom: Requests from east to west hang and end with 503 UF; from this machine everything looks well.
# evidence: A pod of east gets no answer at all from 203.0.113.2:15443; this machine and all other pods do.
# cause: A firewall on the way knows the operators' network and not the nodes' egress address.
# remedy: Allow TCP 15443 to 203.0.113.2 from 10.10.1.2.
# level: probe
# expect-fail: gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: east>west gateway tcp timed-out
apply() { wan_rule -i ist-east -d 203.0.113.2 -p tcp --dport 15443 -j DROP; }
undo() { put_back; }
