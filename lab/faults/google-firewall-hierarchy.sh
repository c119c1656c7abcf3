# title: The organization's firewall policy denies the gateway's port
# symptom: Requests from west to east time out; no rule of the network explains it.
# evidence: The policy organization (rule 2000) denies tcp:15443 from 10.0.0.0/8; it comes before every rule of the
#   network.
# cause: A policy of the organization that the network's owners do not see.
# remedy: Ask the organization's administrators for a rule of higher precedence: gcloud compute firewall-policies
#   rules create 1999 --firewall-policy=900800700600 --action=goto_next …
# expect-fail: firewall-admits-gateway
# first: firewall-admits-gateway
apply() { change_firewalls '.firewallPolicys[0].rules += [{kind: "compute#firewallPolicyRule", priority: 2000, action: "deny", direction: "INGRESS", disabled: false, ruleTupleCount: 2,
    match: {srcIpRanges: ["10.0.0.0/8"], layer4Configs: [{ipProtocol: "tcp", ports: ["15443"]}]}, description: "no mesh ports"}]'; }
undo() { put_back; }
