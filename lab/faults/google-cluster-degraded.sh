# title: The GKE cluster is degraded
# symptom: Calls to its API fail from time to time.
# evidence: status of cluster east is DEGRADED.
# cause: A node pool has used up the addresses of its subnetwork.
# remedy: gcloud container clusters describe east --location=europe-west1 --project=isthmus-east
#   --format='value(conditions)'
# expect-fail: gke-cluster-running
# first: gke-cluster-running
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0] += {status: "DEGRADED", conditions: [{code: "GCE_STOCKOUT", message: "Not enough resources", canonicalCode: "RESOURCE_EXHAUSTED"}]}'; }
undo() { put_back; }
