# title: A firewall forbids pods of one cluster the API server of another
# symptom: istiod of west logs "no route to host" for east.
# evidence: A router answers a pod of west that 198.51.100.1 may not be reached (administratively prohibited).
# cause: An access list on a router between the sites.
# remedy: Allow TCP 6443 to 198.51.100.1 from 10.10.2.2.
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: west>east control-plane tcp no-route
apply() { wan_rule -i ist-west -d 198.51.100.1 -p tcp --dport 6443 -j REJECT --reject-with icmp-admin-prohibited; }
undo() { put_back; }
