# title: The cluster is in the fleet for its view alone
# symptom: No feature of the fleet reaches the cluster, the mesh among them.
# evidence: membershipType of membership east is LIGHTWEIGHT.
# cause: The cluster was registered with --membership-type=LIGHTWEIGHT.
# remedy: gcloud container clusters update east --location=europe-west1 --project=isthmus-east --unset-membership-type
# expect-fail: fleet-membership-ready
# first: fleet-membership-ready
apply() { change_google "$GOOGLE_MEMBERSHIPS" '.resources[0].membershipType = "LIGHTWEIGHT"'; }
undo() { put_back; }
