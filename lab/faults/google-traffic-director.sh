# title: Google manages this cluster's control plane
# symptom: Namespaces with the label of a managed channel never see the other cluster: the managed control plane reads
#   no remote secrets.
# evidence: The feature servicemesh says of east: controlPlaneManagement ACTIVE, implementation TRAFFIC_DIRECTOR.
# cause: Automatic management was switched on for the fleet.
# remedy: gcloud container fleet mesh update --management=manual --memberships=east --project=isthmus-lab
# expect-fail: no-managed-control-plane
# first: no-managed-control-plane
apply() { change_google "$GOOGLE_MESH_FEATURE" '.membershipStates["projects/100200300400/locations/global/memberships/east"].servicemesh.controlPlaneManagement = {state: "ACTIVE", implementation: "TRAFFIC_DIRECTOR"}'; }
undo() { put_back; }
