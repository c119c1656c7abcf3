# title: Google's API refuses further requests
# symptom: Whether the clusters are registered cannot be said at the moment.
# evidence: gkehub answers 429 RESOURCE_EXHAUSTED to every request.
# cause: Other tools use up the quota of requests per minute.
# remedy: Ask again in a minute, or ask for a higher quota of read requests.
# expect-unknown: fleet-membership-ready quota-left
apply() {
  refuse_google "$GOOGLE_MEMBERSHIPS" 429 RESOURCE_EXHAUSTED "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'" RATE_LIMIT_EXCEEDED
}
undo() { put_back; }
