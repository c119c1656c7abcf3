# title: A firewall rule of higher precedence denies the gateway's port
# symptom: Requests from west to east time out; the load balancer is healthy.
# evidence: Rule no-debug-ports (priority 900, deny tcp:15000-15999 from 10.10.2.0/24) comes before GKE's rule
#   k8s-fw-… (1000, allow).
# cause: A security team closed a range of debug ports.
# remedy: gcloud compute firewall-rules create isthmus-ew-15443 --project=isthmus-net --network=lab-vpc
#   --direction=INGRESS --priority=800 --allow=tcp:15443 --source-ranges=10.10.2.2/32
# expect-fail: firewall-admits-gateway
# first: firewall-admits-gateway
apply() { change_firewalls '.firewalls += [{kind: "compute#firewall", id: "4711", name: "no-debug-ports", network: "https://www.googleapis.com/compute/v1/projects/isthmus-net/global/networks/lab-vpc",
    direction: "INGRESS", priority: 900, denied: [{IPProtocol: "tcp", ports: ["15000-15999"]}], sourceRanges: ["10.10.2.0/24"], disabled: false}]'; }
undo() { put_back; }
