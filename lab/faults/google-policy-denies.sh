# title: Organization policy denies external load balancers
# symptom: A gateway made now stays without an address: event SyncLoadBalancerFailed, HTTP 412. One that is there goes
#   on.
# evidence: compute.restrictLoadBalancerCreationForTypes in isthmus-east denies EXTERNAL_NETWORK_TCP_UDP.
# cause: The policy was set after the gateway was made.
# remedy: gcloud resource-manager org-policies allow constraints/compute.restrictLoadBalancerCreationForTypes
#   EXTERNAL_NETWORK_TCP_UDP --project=isthmus-east
# expect-warning: load-balancer-allowed
apply() { change_google "$GOOGLE_POLICY_OF_EAST" '.spec.rules = [{values: {deniedValues: ["is:EXTERNAL_NETWORK_TCP_UDP"]}}]'; }
undo() { put_back; }
