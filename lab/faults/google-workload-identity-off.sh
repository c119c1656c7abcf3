# title: The GKE cluster lacks Workload Identity Federation
# symptom: asmcli refuses the cluster, or proxies cannot prove who they are to Google's APIs.
# evidence: workloadIdentityConfig of cluster east has no workloadPool, and default-pool runs with GCE_METADATA.
# cause: Workload Identity was never enabled.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east
#   --workload-pool=isthmus-east.svc.id.goog
# expect-warning: gke-workload-identity
apply() { change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0] |= (del(.workloadIdentityConfig.workloadPool) | .nodePools[].config.workloadMetadataConfig.mode = "GCE_METADATA")'; }
undo() { put_back; }
