# title: The second cluster belongs to another fleet
# symptom: asmcli refuses to join the clusters; their trust domains differ after the next installation.
# evidence: The object membership in west names project other-fleet, in east isthmus-lab.
# cause: The cluster was registered with the project of its team.
# remedy: Unregister it there and register it with isthmus-lab; a cluster can be in one fleet only.
# expect-fail: fleet-same
# first: fleet-same
apply() {
  change west /apis/hub.gke.io/v1/memberships/membership '{"spec": {
    "owner": {"id": "//gkehub.googleapis.com/projects/other-fleet/locations/global/memberships/west"},
    "identity_provider": "https://gkehub.googleapis.com/projects/other-fleet/locations/global/memberships/west",
    "workload_identity_pool": "other-fleet.svc.id.goog"}}'
}
undo() { put_back; }
