# title: No node takes the pod that looks
# symptom: Nobody has looked from inside west.
# evidence: The pod in west stays Pending: 0/1 nodes are available, 1 node(s) were unschedulable.
# cause: All nodes are cordoned, or have taints that the pod does not put up with.
# remedy: kubectl uncordon, or --probe-toleration and --probe-node-selector.
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: west>* * unknown
# expect-run: west unschedulable
apply() { change west /api/v1/nodes/west-node '{"spec": {"unschedulable": true}}'; }
undo() { put_back; }
