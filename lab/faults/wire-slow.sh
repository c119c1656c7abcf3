# title: A path is slow, and works
# symptom: Everything works, late.
# evidence: Pods of east get every answer of west's API server, each packet 700 ms late.
# cause: A satellite link, or a line that is full.
# remedy: Nothing is broken; the times stand in the facts.
# level: probe
# expect-reach: east>west control-plane answer ok 1400
apply() { slow_from_east 10.10.2.2 6443 0.7; }
undo() { put_back; }
