# title: Connections can be opened in one direction alone
# symptom: Requests from east to west work; from west to east they time out.
# evidence: Pods of west get no answer from any address of east; pods of east get theirs from west.
# cause: A stateful firewall allows what was asked for from one side only.
# remedy: Allow TCP 443 (6443), 15443 and 15021 from 10.10.2.2 to east as well.
# level: probe
# expect-fail: control-plane-reachable-from-pods gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: west>east * tcp timed-out
apply() { wan_rule -i ist-west -o ist-east -m conntrack --ctstate NEW -j DROP; }
undo() { put_back; }
