# title: A proxy that opens TLS stands between pods and an API server
# symptom: istiod of east logs "x509: certificate signed by unknown authority" for west; kubectl works from this
#   machine.
# evidence: What a pod of east sees at 10.10.2.2:6443 is a certificate by "Example Corp Inspection CA".
# cause: A security appliance opens all TLS that leaves the network of east.
# remedy: Exempt 10.10.2.2:6443 from inspection for 10.10.1.2.
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: east>west control-plane certificate intercepted
apply() { intercept_from_east 10.10.2.2 6443; }
undo() { put_back; }
