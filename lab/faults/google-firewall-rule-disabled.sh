# title: The rule that admits the gateway is disabled
# symptom: Requests from west to east time out.
# evidence: Rule k8s-fw-… is there, with disabled: true; what is left is the implied deny.
# cause: Somebody disabled it while looking for something else.
# remedy: gcloud compute firewall-rules update k8s-fw-NAME --project=isthmus-net --no-disabled
# expect-fail: firewall-admits-gateway
# first: firewall-admits-gateway
apply() { change_firewalls '(.firewalls[] | select(.name | startswith("k8s-fw-"))).disabled = true'; }
undo() { put_back; }
