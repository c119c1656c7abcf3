# title: No packet passes between two clusters
# symptom: East and west do not know each other's endpoints; istiod of each logs timeouts for the other. Other
#   clusters are well.
# evidence: Nothing that pods of east send to west is answered, and the other way round; this machine reaches both.
# cause: The tunnel between the two sites is down.
# remedy: Bring the tunnel up; look at both ends of it.
# level: probe
# expect-fail: control-plane-reachable-from-pods gateway-reachable-from-pods
# first: gateway-reachable-from-pods
# expect-reach: east>west * tcp timed-out, west>east * tcp timed-out
apply() {
  wan_rule -i ist-east -o ist-west -j DROP
  wan_rule -i ist-west -o ist-east -j DROP
}
undo() { put_back; }
