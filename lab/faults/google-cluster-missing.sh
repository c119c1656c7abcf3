# title: Google has lost the cluster behind the membership
# symptom: Features of the fleet report errors for a cluster that runs.
# evidence: endpoint.gkeCluster.clusterMissing of membership east is true.
# cause: The GKE cluster was deleted and made anew without unregistering it.
# remedy: gcloud container fleet memberships delete east --project=isthmus-lab, and register the cluster again.
# expect-fail: fleet-membership-ready
# first: fleet-membership-ready
apply() { change_google "$GOOGLE_MEMBERSHIPS" '.resources[0].endpoint.gkeCluster.clusterMissing = true'; }
undo() { put_back; }
