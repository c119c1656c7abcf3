# title: The DNS of the pods gives no answer
# symptom: istiod of east logs "i/o timeout" while looking up the API server of west.
# evidence: A pod of east asks its cluster's DNS for api.west.isthmus.lab, and hears nothing.
# cause: The forwarder behind the DNS of east is not reachable, or a network policy drops its packets.
# remedy: Look at the DNS of east: kubectl -n kube-system logs -l k8s-app=kube-dns
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: east>west control-plane dns timed-out
apply() {
  name_in_remote_secret api.west.isthmus.lab
  silent_dns east
}
undo() { put_back; }
