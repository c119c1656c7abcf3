# title: A quota leaves no room for the pod that looks
# symptom: Nobody has looked from inside west.
# evidence: The Job in west makes no pod: exceeded quota.
# cause: Every namespace gets a quota by policy.
# remedy: Raise the quota of namespace isthmus-probe to one pod, 1 CPU and 256 MiB.
# level: probe
# expect-fail: probes-ran
# first: probes-ran
# expect-reach: west>* * unknown
# expect-run: west quota
apply() { add west /api/v1/namespaces/isthmus-probe/resourcequotas/none '{"spec": {"hard": {"pods": "0"}}}'; }
undo() { put_back; }
