# title: The mesh's feature reports an error of one cluster
# symptom: Google's side of the mesh does not work for this cluster: no telemetry, no certificates of Google's.
# evidence: The feature servicemesh has the condition MESH_IAM_CROSS_PROJECT_PERMISSION_DENIED for east.
# cause: The fleet's service account has no role in the cluster's project.
# remedy: gcloud projects add-iam-policy-binding isthmus-east
#   --member=serviceAccount:service-100200300400@gcp-sa-servicemesh.iam.gserviceaccount.com
#   --role=roles/anthosservicemesh.serviceAgent
# expect-fail: mesh-feature-healthy
# first: mesh-feature-healthy
apply() {
  change_google "$GOOGLE_MESH_FEATURE" '.membershipStates["projects/100200300400/locations/global/memberships/east"] |= (.state.code = "ERROR"
    | .servicemesh.conditions = [{code: "MESH_IAM_CROSS_PROJECT_PERMISSION_DENIED", severity: "ERROR",
        details: "Service account service-100200300400@gcp-sa-servicemesh.iam.gserviceaccount.com lacks permissions in isthmus-east",
        documentationLink: "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"}])'
}
undo() { put_back; }
