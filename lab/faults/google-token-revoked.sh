# title: The key of isthmus' service account was deleted
# symptom: Whatever Google alone knows is unknown: fleet, firewall, policies.
# evidence: The token endpoint answers "invalid_grant": "Invalid JWT Signature."
# cause: Old keys are deleted from time to time, and the file was not replaced.
# remedy: gcloud iam service-accounts keys create google-credentials.json
#   --iam-account=isthmus-reader@isthmus-lab.iam.gserviceaccount.com
# expect-fail: google-credentials-work
# expect-warning: gke-not-private
# first: google-credentials-work
apply() {
  google_variables
  keep_as made "$WWW/token.400" </dev/null
  printf '{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}' >"$WWW/token.400"
}
undo() { put_back; }
