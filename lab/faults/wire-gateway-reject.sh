# title: A firewall refuses what pods of one cluster send to the gateway of another
# symptom: Requests from east to west fail at once with 503 UF.
# evidence: A pod of east is refused at 203.0.113.2:15443; this machine is not.
# cause: A firewall that answers with a reset does not know the egress address of the nodes.
# remedy: Allow TCP 15443 to 203.0.113.2 from 10.10.1.2.
# level: probe
# expect-fail: gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: east>west gateway tcp refused
apply() { wan_rule -i ist-east -d 203.0.113.2 -p tcp --dport 15443 -j REJECT --reject-with tcp-reset; }
undo() { put_back; }
