# title: An answer of Google's API is an error under the status 200
# symptom: What Google knows of the network's routes cannot be said.
# evidence: routes.list of isthmus-net answers 200 with {"error": …}.
# cause: A gateway in front of Google's API that hides statuses.
# remedy: Let requests to *.googleapis.com past that gateway.
# expect-unknown: routes-to-on-premises
apply() { change_google "$GOOGLE_ROUTES" '{error: {code: 503, status: "UNAVAILABLE", message: "The service is currently unavailable."}}'; }
undo() { put_back; }
