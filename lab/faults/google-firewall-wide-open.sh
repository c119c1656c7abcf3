# title: The firewall opens istiod's ports to the world
# symptom: None; the ports 15012 and 15017 are not used by this topology, and everybody can try them.
# evidence: Rule k8s-fw-… admits tcp:15012 and tcp:15017 from 0.0.0.0/0.
# cause: The rule was widened by hand.
# remedy: Set loadBalancerSourceRanges of Service istio-eastwestgateway, and take the ports 15012 and 15017 off it.
# expect-warning: firewall-narrow
apply() { change_firewalls '(.firewalls[] | select(.name | startswith("k8s-fw-"))).sourceRanges = ["0.0.0.0/0"]'; }
undo() { put_back; }
