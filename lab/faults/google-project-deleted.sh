# title: The project of the GKE cluster is being deleted
# symptom: The cluster still runs, and is gone within thirty days.
# evidence: Resource Manager says of project isthmus-east: DELETE_REQUESTED.
# cause: The project was taken for a leftover.
# remedy: gcloud projects undelete isthmus-east
# expect-fail: google-projects-active
# first: google-projects-active
apply() { change_google "$GOOGLE_PROJECT_OF_EAST" '.state = "DELETE_REQUESTED"'; }
undo() { put_back; }
