# title: The firewall blocks Google's health checks
# symptom: The load balancer counts no node as healthy and drops every connection.
# evidence: No rule of lab-vpc admits tcp:10256 from 35.191.0.0/16 and 130.211.0.0/22 to the nodes.
# cause: GKE's service account may not change the host project's firewall, and nobody made the rule by hand.
# remedy: gcloud compute firewall-rules create k8s-node-http-hc --project=isthmus-net --network=lab-vpc
#   --allow=tcp:10256 --source-ranges=130.211.0.0/22,209.85.152.0/22,209.85.204.0/22,35.191.0.0/16
# expect-fail: firewall-admits-health-checks
# first: firewall-admits-health-checks
apply() { change_firewalls '.firewalls |= map(select(.name | endswith("-node-http-hc") | not))'; }
undo() { put_back; }
