# title: Pods cannot resolve the name of an API server
# symptom: istiod of east logs "no such host" for west; kubectl works from this machine.
# evidence: A pod of east asks its cluster's DNS for api.west.isthmus.lab: the name does not exist. This machine knows
#   it.
# cause: The name is in a private zone that the DNS of east does not ask, or in /etc/hosts of whoever made the remote
#   secret.
# remedy: Make the zone known to the DNS of east, or name the address: istioctl create-remote-secret --server
#   https://10.10.2.2:6443
# level: probe
# expect-fail: control-plane-reachable-from-pods
# first: control-plane-reachable-from-pods
# expect-reach: east>west control-plane dns name-not-found
apply() {
  name_in_remote_secret api.west.isthmus.lab
}
undo() { put_back; }
