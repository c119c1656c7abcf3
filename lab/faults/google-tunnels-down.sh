# title: Both VPN tunnels to the site are down
# symptom: Nothing passes between the clusters, in either direction.
# evidence: Both tunnels have the status NO_INCOMING_PACKETS, their BGP sessions are down, and no route is learned.
# cause: The site's VPN gateway was replaced, and its address changed.
# remedy: gcloud compute vpn-tunnels describe to-site-0 --region=europe-west1 --project=isthmus-net, and mend the
#   peer.
# expect-fail: vpn-tunnels-established
# first: vpn-tunnels-established
apply() {
  change_google "$GOOGLE_VPN_TUNNELS" '.items[].vpnTunnels[]? |= (.status = "NO_INCOMING_PACKETS" | .detailedStatus = "No incoming packets from peer")'
  change_google "$GOOGLE_ROUTER_STATUS" '.result |= (del(.bestRoutes, .bestRoutesForRouter) | .bgpPeerStatus[] |= (.status = "DOWN" | .state = "Connect" | .numLearnedRoutes = 0))'
}
undo() { put_back; }
