# title: The GKE control plane admits the whole world
# symptom: None; everybody may try to log in.
# evidence: authorizedNetworksConfig of cluster east is not enabled.
# cause: Authorized networks were never switched on.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east
#   --enable-master-authorized-networks --master-authorized-networks=10.10.2.2/32
# expect-warning: authorized-networks-on
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0].controlPlaneEndpointsConfig.ipEndpointsConfig.authorizedNetworksConfig = {} | .clusters[0].masterAuthorizedNetworksConfig = {}'; }
undo() { put_back; }
