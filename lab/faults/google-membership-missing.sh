# title: The second cluster is not registered with the fleet
# symptom: asmcli refuses to join it; Google's side of the mesh does not know it.
# evidence: No membership of fleet isthmus-lab has the UID of west's kube-system.
# cause: Somebody unregistered it: gcloud container fleet memberships unregister.
# remedy: gcloud container fleet memberships register west --project=isthmus-lab --kubeconfig=west.kubeconfig
#   --context=west --enable-workload-identity
# expect-fail: fleet-membership-ready
# first: fleet-membership-ready
apply() {
  change_google "$GOOGLE_MEMBERSHIPS_WEST" '.resources = []'
}
undo() { put_back; }
