# Compute Engine: projects and shared VPC, regions with quotas, forwarding rules, addresses.
include "common";

def quotas($used): [
  {limit: 100, metric: "STATIC_ADDRESSES", usage: 0}, {limit: 69, metric: "IN_USE_ADDRESSES", usage: (3 + $used)},
  {limit: 100, metric: "FORWARDING_RULES", usage: $used}, {limit: 100, metric: "TARGET_POOLS", usage: $used},
  {limit: 500, metric: "CPUS", usage: 12}];

def compute_project($id; $status): {
  kind: "compute#project", id: ($id | numeric_id), creationTimestamp: "2025-03-04T01:12:13.141-08:00", name: $id,
  selfLink: ("projects/\($id)" | compute_url), defaultNetworkTier: "PREMIUM", xpnProjectStatus: $status,
  commonInstanceMetadata: {kind: "compute#metadata", fingerprint: "gR1lPnFPbKE="},
  quotas: [{limit: 500, metric: "FIREWALLS", usage: 6}, {limit: 100, metric: "BACKEND_SERVICES", usage: 0},
    {limit: 150, metric: "FORWARDING_RULES", usage: 0}, {limit: 20, metric: "NETWORKS", usage: 1}]};

def region($project; $name; $used): {
  kind: "compute#region", id: ($name | numeric_id), creationTimestamp: "1969-12-31T16:00:00.000-08:00", name: $name, description: $name,
  status: "UP", zones: [("b", "c", "d") | "projects/\($project)/zones/\($name)-\(.)" | compute_url],
  quotas: quotas($used), selfLink: ("projects/\($project)/regions/\($name)" | compute_url), supportsPzs: false};

def forwarding_rule($world): {
  kind: "compute#forwardingRule", id: (.gatewayName | numeric_id), creationTimestamp: "2026-01-21T00:00:00.000-08:00", name: .gatewayName,
  description: "{\"kubernetes.io/service-name\":\"istio-system/istio-eastwestgateway\"}",
  region: ("projects/\(.project.id)/regions/\($world.region)" | compute_url), IPAddress: .gateway, IPProtocol: "TCP", portRange: "15012-15443",
  target: ("projects/\(.project.id)/regions/\($world.region)/targetPools/\(.gatewayName)" | compute_url),
  selfLink: ("projects/\(.project.id)/regions/\($world.region)/forwardingRules/\(.gatewayName)" | compute_url),
  loadBalancingScheme: "EXTERNAL", networkTier: "PREMIUM", labelFingerprint: "42WmSpB8rSM=", fingerprint: "8QFbXZXa1bM="};

def compute_answers:
  . as $world
  | answer("compute/compute/v1/projects/\(.host.id)"; compute_project($world.host.id; "HOST")),
    answer("compute/compute/v1/projects/\(.host.id)/getXpnHost"; {kind: "compute#project"}),
    answer("compute/compute/v1/projects/\(.host.id)/getXpnResources"; {
      kind: "compute#projectsGetXpnResources", resources: [$world | projects_with_gke[] | {id: .id, type: "PROJECT"}]}),
    (all_projects[] | select(.id != $world.host.id)
      | answer("compute/compute/v1/projects/\(.id)"; compute_project(.id; "UNSPECIFIED_XPN_PROJECT_STATUS"))),
    (projects_with_gke[] as $project | $project | [$world.gke[] | select(.project.id == $project.id)] as $clusters
      | answer("compute/compute/v1/projects/\(.id)/getXpnHost"; compute_project($world.host.id; "HOST")),
        answer("compute/compute/v1/projects/\(.id)/regions/\($world.region)"; region($project.id; $world.region; $clusters | length)),
        answer("compute/compute/v1/projects/\(.id)/aggregated/forwardingRules"; {
          kind: "compute#forwardingRuleAggregatedList", id: "projects/\(.id)/aggregated/forwardingRules",
          selfLink: ("projects/\(.id)/aggregated/forwardingRules" | compute_url),
          items: {"regions/\($world.region)": {forwardingRules: [$clusters[] | select(.gateway != "") | forwarding_rule($world)]}}})),
    (.fleet.id as $id | select(any($world.gke[]; .project.id == $id) | not)
      | answer("compute/compute/v1/projects/\($id)/getXpnHost"; {kind: "compute#project"}));
