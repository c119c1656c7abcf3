# title: One location of the fleet does not answer
# symptom: What is registered there cannot be said; a cluster may seem to be missing.
# evidence: memberships.list says "unreachable": ["locations/europe-west1"], and lists no membership of west.
# cause: An outage of a region.
# remedy: Ask again later. A partial list proves presence, never absence.
# expect-unknown: fleet-membership-ready quota-left
apply() {
  change_google "$GOOGLE_MEMBERSHIPS_WEST" '.resources = [] | .unreachable = ["locations/europe-west1"]'
}
undo() { put_back; }
