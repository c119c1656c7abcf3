# title: The GKE control plane does not admit the other cluster
# symptom: istiod in west: clusterz says timeout for east; endpoints of east are unknown there.
# evidence: The authorized networks of cluster east lack 10.10.2.2/32, from which west's pods come.
# cause: The list was written before the site was connected.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east
#   --enable-master-authorized-networks --master-authorized-networks=10.10.1.1/32,10.10.2.2/32
# expect-fail: authorized-networks-admit-peers
# first: authorized-networks-admit-peers
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0].controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig.cidrBlocks |= map(select(.cidrBlock != "10.10.2.2/32"))
    | .clusters[0].masterAuthorizedNetworksConfig.cidrBlocks |= map(select(.cidrBlock != "10.10.2.2/32"))'; }
undo() { put_back; }
