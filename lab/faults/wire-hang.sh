# title: Connections open, and nothing is ever said
# symptom: istiod of east hangs for 30 s at every start; connections to west's API server open at once.
# evidence: A pod of east is connected to 10.10.2.2:6443, sends its hello, and hears nothing, however small the answer
#   would be.
# cause: A proxy on the way that cannot reach the other side, or is overloaded.
# remedy: Look at the proxy between 10.10.1.2 and 10.10.2.2:6443.
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: east>west control-plane tls timed-out
apply() { slow_from_east 10.10.2.2 6443 60; }
undo() { put_back; }
