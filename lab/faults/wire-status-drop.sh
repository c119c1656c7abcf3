# title: The status port of the gateway is closed to pods
# symptom: The mesh works; a load balancer that asks for the gateway's health from there takes it for dead.
# evidence: Pods of east get no answer from 203.0.113.2:15021, but from port 15443 they do.
# cause: The firewall rule names port 15443 alone.
# remedy: Allow TCP 15021 to 203.0.113.2 from 10.10.1.2 as well.
# level: probe
# expect-warning: gateway-status-reachable-from-pods
# expect-reach: east>west gateway-status tcp timed-out
apply() { wan_rule -i ist-east -d 203.0.113.2 -p tcp --dport 15021 -j DROP; }
undo() { put_back; }
