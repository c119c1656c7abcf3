# title: One of two VPN tunnels to the site is down
# symptom: None: the other tunnel carries everything, until it fails as well.
# evidence: Tunnel to-site-1 has the status FAILED.
# cause: One of the site's two lines is cut.
# remedy: gcloud compute vpn-tunnels describe to-site-1 --region=europe-west1 --project=isthmus-net
# expect-warning: vpn-tunnels-established
apply() {
  change_google "$GOOGLE_VPN_TUNNELS" '(.items[].vpnTunnels[]? | select(.name == "to-site-1")) |= (.status = "FAILED" | .detailedStatus = "Tunnel creation has failed and the tunnel is not ready to be used.")'
  change_google "$GOOGLE_ROUTER_STATUS" '.result |= (.bestRoutes |= map(select(.nextHopIp != "169.254.1.2")) | .bgpPeerStatus[1].status = "DOWN")'
}
undo() { put_back; }
