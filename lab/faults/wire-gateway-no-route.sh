# title: A router knows no way from one cluster to the gateway of another
# symptom: Requests from east to west fail with 503 UF and "no route to host".
# evidence: To a pod of east, a router answers for 203.0.113.2 that the host is unreachable.
# cause: The range of the gateway is not advertised to the site where east is.
# remedy: Advertise 203.0.113.2/32 over the VPN to the network of east.
# level: probe
# expect-fail: gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: east>west gateway tcp no-route, east>west gateway-status tcp no-route
apply() { wan_rule -i ist-east -d 203.0.113.2 -p tcp -j REJECT --reject-with icmp-host-unreachable; }
undo() { put_back; }
