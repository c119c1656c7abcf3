# title: The network has no route to the site's control plane
# symptom: istiod in east: clusterz says timeout for west; the gateway is reached.
# evidence: No route of lab-vpc but the one to the internet covers 10.10.2.2; the router has learned 203.0.113.2/32
#   alone.
# cause: The site's router does not announce the subnet of the control planes.
# remedy: Announce 10.10.2.0/24 to 64514 on the site's router.
# expect-fail: routes-to-on-premises
# first: routes-to-on-premises
apply() { change_google "$GOOGLE_ROUTER_STATUS" '.result |= ((.bestRoutes, .bestRoutesForRouter) |= map(select(.destRange != "10.10.2.0/24")))'; }
undo() { put_back; }
