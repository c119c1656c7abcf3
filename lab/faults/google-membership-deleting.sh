# title: The cluster's membership is being deleted
# symptom: Features of the fleet leave the cluster one by one.
# evidence: state.code of membership west is DELETING.
# cause: Somebody unregistered it a moment ago.
# remedy: Wait until it is gone, and register the cluster again.
# expect-fail: fleet-membership-ready
# first: fleet-membership-ready
apply() { change_google "$GOOGLE_MEMBERSHIPS_WEST" '.resources[0].state.code = "DELETING"'; }
undo() { put_back; }
