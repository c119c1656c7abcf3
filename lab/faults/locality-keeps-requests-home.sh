# title: A DestinationRule keeps requests in their locality, as it should
# symptom: Under the name that servers of both clusters share, clients of east hear east alone. No request fails.
# evidence: DestinationRule istio-system/near of east has outlierDetection for *.isthmus-verify.svc.cluster.local, and the node of east is
#   labelled with a region that west's is not. Each server answers under its own name, and west answers for east while that is away.
# cause: Locality load balancing, which is on by default, counts as soon as outliers are detected. It is no fault; it looks like one.
# remedy: isthmus verify --level mutate --failover shows that west takes over. To have requests spread, write enabled false into the rule's
#   localityLbSetting.
# level: workloads
# expect-warning: shared-name-spreads
# expect-words: DestinationRule istio-system/near keeps requests in their locality (east: europe-west1/europe-west1-b
apply() {
  change east /api/v1/nodes/east-node \
    '{"metadata": {"labels": {"topology.kubernetes.io/region": "europe-west1", "topology.kubernetes.io/zone": "europe-west1-b"}}}'
  add east "$DESTINATION_RULES/istio-system/destinationrules/near" '{"apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
    "spec": {"host": "*.isthmus-verify.svc.cluster.local", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 5}}}}'
}
undo() { put_back; }
