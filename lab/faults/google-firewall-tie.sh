# title: A deny rule of the same priority wins over the rule that admits the gateway
# symptom: Requests from west to east time out, though a rule admits them.
# evidence: Rules no-site-traffic (deny) and k8s-fw-… (allow) both have priority 1000; at a tie deny wins.
# cause: Nobody gave a priority, and 1000 is the default of both.
# remedy: gcloud compute firewall-rules create isthmus-ew-15443 --project=isthmus-net --network=lab-vpc
#   --direction=INGRESS --priority=999 --allow=tcp:15443 --source-ranges=10.10.2.2/32
# expect-fail: firewall-admits-gateway
# first: firewall-admits-gateway
apply() { change_firewalls '.firewalls = [{kind: "compute#firewall", id: "4711", name: "no-site-traffic", network: "https://www.googleapis.com/compute/v1/projects/isthmus-net/global/networks/lab-vpc",
    direction: "INGRESS", priority: 1000, denied: [{IPProtocol: "tcp", ports: ["15000-15999"]}], sourceRanges: ["10.10.2.0/24"], disabled: false}] + .firewalls'; }
undo() { put_back; }
