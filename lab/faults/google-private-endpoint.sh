# title: The GKE control plane has no public endpoint
# symptom: istiod of the other cluster never gets to the API: clusterz says timeout.
# evidence: ipEndpointsConfig.enablePublicEndpoint of cluster east is false.
# cause: The cluster was made as a private one.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east
#   --no-enable-private-endpoint
# expect-fail: gke-not-private
# first: gke-not-private
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0].privateClusterConfig.enablePrivateEndpoint = true | .clusters[0].controlPlaneEndpointsConfig.ipEndpointsConfig.enablePublicEndpoint = false'; }
undo() { put_back; }
