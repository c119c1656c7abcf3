# title: The second cluster is registered with no fleet
# symptom: asmcli refuses the cluster, or asks to register it; fleet features do not see it.
# evidence: The kind memberships.hub.gke.io is there, but no object named membership.
# cause: The cluster was unregistered, or never registered.
# remedy: gcloud container fleet memberships register west --project=isthmus-lab --enable-workload-identity …
# expect-fail: fleet-membership-registered
# first: fleet-membership-registered
apply() { remove west /apis/hub.gke.io/v1/memberships/membership; }
undo() { put_back; }
