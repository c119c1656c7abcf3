# title: The mesh's API is not enabled in the cluster's project
# symptom: asmcli ends with "mesh.googleapis.com is not enabled"; Google's side of the mesh does nothing.
# evidence: Service Usage says of mesh.googleapis.com in isthmus-east: DISABLED.
# cause: The project was made from a template that enables GKE alone.
# remedy: gcloud services enable mesh.googleapis.com --project=isthmus-east
# expect-fail: google-apis-enabled
# first: google-apis-enabled
apply() { change_google "$GOOGLE_SERVICES_OF_EAST" '(.services[] | select(.config.name == "mesh.googleapis.com")).state = "DISABLED"'; }
undo() { put_back; }
