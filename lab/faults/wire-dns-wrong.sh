# title: Pods resolve the name of an API server to another machine
# symptom: istiod of east logs "x509: certificate signed by unknown authority" for west.
# evidence: For api.west.isthmus.lab a pod of east is told 10.10.1.2, which is east's own API server; this machine is
#   told 10.10.2.2.
# cause: A stale record, or a wildcard, in the DNS of east.
# remedy: Mend the record of api.west.isthmus.lab in the DNS of east.
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: east>west control-plane certificate wrong-certificate|intercepted
apply() {
  name_in_remote_secret api.west.isthmus.lab
  name_for_pods east api.west.isthmus.lab 10.10.1.2
}
undo() { put_back; }
