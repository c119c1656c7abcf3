# title: The GKE cluster is an Autopilot cluster
# symptom: asmcli refuses the cluster; an in-cluster control plane is not supported there.
# evidence: autopilot.enabled of cluster east is true.
# cause: The cluster was made with gcloud container clusters create-auto.
# remedy: Make a Standard cluster.
# expect-fail: gke-standard
# first: gke-standard
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0].autopilot = {enabled: true}'; }
undo() { put_back; }
