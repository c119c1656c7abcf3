# title: A firewall drops connections to one API server
# symptom: kubectl hangs; the other cluster's istiod waits 30 s at every start and then goes on without this cluster.
# evidence: A connection to 10.10.2.2:6443 gets no answer at all.
# cause: The control plane's authorized networks do not contain this machine, or a VPN is down.
# remedy: Allow TCP 6443 to the control plane from this machine and from the peers' pods.
# expect-fail: api-answers
# first: api-answers
apply() { wan_rule -d 10.10.2.2 -p tcp --dport 6443 -j DROP; }
undo() { put_back; }
