# title: The second cluster is a GKE cluster too, in another VPC network
# symptom: Requests that stay within Google Cloud go through gateways instead of straight to pods; the guide asks for
#   one VPC.
# evidence: networkConfig.network of cluster west is other-vpc, of east lab-vpc; west's kubeconfig leads to its
#   private endpoint.
# cause: Each team made its cluster in a network of its own.
# remedy: Make the cluster anew in lab-vpc: a cluster's network cannot be changed.
# expect-fail: gke-same-vpc server-address-usable remote-secret-server-usable
# expect-warning: network-identity-formed
# first: gke-same-vpc
apply() {
  local cluster=projects/isthmus-east/locations/europe-west1/clusters/west rules
  google_variables
  rules=$(<"$WWW/$GOOGLE_FIREWALLS.json")
  change_file "$STATE/mesh.yaml" "s/gdc-bare-metal/gke/"
  change_google "$GOOGLE_MEMBERSHIPS_WEST" ".resources[0].endpoint = {gkeCluster: {resourceLink: \"//container.googleapis.com/$cluster\"}}"
  change_google "$GOOGLE_BARE_METAL" "{}"
  change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters += [.clusters[0] | .name = "west" | .id = "feedbeef" | .endpoint = "203.0.113.200" | .selfLink |= sub("east$"; "west")
    | .networkConfig.network = "projects/isthmus-net/global/networks/other-vpc" | .network = "other-vpc"
    | .privateClusterConfig = {publicEndpoint: "203.0.113.200", privateEndpoint: "10.10.2.2"}
    | .controlPlaneEndpointsConfig.ipEndpointsConfig += {publicEndpoint: "203.0.113.200", privateEndpoint: "10.10.2.2"}
    | .fleet.membership |= sub("east$"; "west")]'
  add_google "${GOOGLE_FIREWALLS/lab-vpc/other-vpc}" "$rules"
}
undo() { put_back; }
