# title: The pods of the GKE cluster have the addresses of the other site
# symptom: Connections from east to west's control plane never leave east: the address is taken for one of its own
#   pods.
# evidence: clusterIpv4CidrBlock of east is 10.10.0.0/16; west's control plane is 10.10.2.2.
# cause: Both ranges were chosen without looking at the other.
# remedy: Make the cluster anew with another range of pods; the range of a cluster cannot be changed.
# expect-fail: ranges-do-not-overlap
# first: ranges-do-not-overlap
apply() {
  change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0] |= (.clusterIpv4Cidr = "10.10.0.0/16" | .ipAllocationPolicy |= (.clusterIpv4CidrBlock = "10.10.0.0/16" | .clusterIpv4Cidr = "10.10.0.0/16"))'
  change_google "$GOOGLE_SUBNETWORKS" '(.items[].subnetworks[]?.secondaryIpRanges[] | select(.rangeName == "pods-east")).ipCidrRange = "10.10.0.0/16"'
  change_google "$GOOGLE_ROUTER_STATUS" '.result.bgpPeerStatus[].advertisedRoutes |= . + [.[0] | .destRange = "10.10.0.0/16"]'
}
undo() { put_back; }
