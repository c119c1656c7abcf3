# title: The GKE cluster is registered with another fleet than the mesh's
# symptom: asmcli refuses to join the clusters: a cluster can be in one fleet only.
# evidence: GKE says that cluster east is in the fleet of project 999000999000, and so does the object membership in
#   it.
# cause: The cluster was registered with the fleet of its team.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east --clear-fleet-project,
#   then --fleet-project=isthmus-lab
# expect-fail: fleet-same
# first: fleet-same
apply() {
  change_google "$GOOGLE_CLUSTERS_OF_EAST" '.clusters[0].fleet = {project: "999000999000", membership: "//gkehub.googleapis.com/projects/999000999000/locations/global/memberships/east"}'
  change_google "$GOOGLE_MEMBERSHIPS" '.resources = []'
  change east /apis/hub.gke.io/v1/memberships/membership '{"spec": {"workload_identity_pool": "team-fleet.svc.id.goog",
    "owner": {"id": "//gkehub.googleapis.com/projects/999000999000/locations/global/memberships/east"}}}'
}
undo() { put_back; }
