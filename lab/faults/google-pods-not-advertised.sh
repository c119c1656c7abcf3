# title: The site is not told the way back to the pods
# symptom: Connections from pods in east to west time out; from nodes they succeed.
# evidence: The router advertises 10.10.1.0/24 and not 10.244.1.0/24, the range of east's pods, and their addresses
#   are not translated.
# cause: advertiseMode CUSTOM, written before the cluster was there.
# remedy: gcloud compute routers update site-router --region=europe-west1 --project=isthmus-net
#   --add-advertisement-ranges=10.244.1.0/24
# expect-fail: routes-to-on-premises
# first: routes-to-on-premises
apply() { change_google "$GOOGLE_ROUTER_STATUS" '.result.bgpPeerStatus[].advertisedRoutes |= map(select(.destRange != "10.244.1.0/24"))'; }
undo() { put_back; }
