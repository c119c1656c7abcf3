# title: The membership is that of a cluster that no longer exists
# symptom: The Connect agent cannot log in; the console shows the old cluster.
# evidence: externalId of membership west is not the UID of west's kube-system.
# cause: The cluster was made anew under the same name and address, and its membership stayed.
# remedy: gcloud container fleet memberships delete west --project=isthmus-lab, and register the cluster again.
# expect-fail: fleet-membership-ready
# first: fleet-membership-ready
apply() { change_google "$GOOGLE_MEMBERSHIPS_WEST" '.resources[0].externalId = "00000000-0000-4000-8000-000000000000"'; }
undo() { put_back; }
