# The shared VPC: network, subnetworks, effective firewalls, routes, VPN tunnels and the routers that learn routes through them.
include "common";

# --- firewalls ---------------------------------------------------------------------------------------------------

def rule($world; $name; $more): {
  kind: "compute#firewall", id: ($name | numeric_id), creationTimestamp: "2026-01-19T00:10:00.000-08:00", name: $name,
  description: "", network: ($world | network_url), priority: 1000, direction: "INGRESS", disabled: false, logConfig: {enable: false},
  selfLink: ("projects/\($world.host.id)/global/firewalls/\($name)" | compute_url)} + $more;

def health_checkers: ["130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22", "35.191.0.0/16"];

# What GKE makes for a cluster and for the gateway's Service.
def cluster_rules($world):
  (node_tag | rtrimstr("-node")) as $gke
  | [rule($world; "\($gke)-all"; {sourceRanges: [.pods], targetTags: [node_tag],
      allowed: [("tcp", "udp", "icmp", "esp", "ah", "sctp") | {IPProtocol: .}]}),
     rule($world; "\($gke)-vms"; {sourceRanges: [.nodes], targetTags: [node_tag],
      allowed: [{IPProtocol: "icmp"}, {IPProtocol: "tcp", ports: ["1-65535"]}, {IPProtocol: "udp", ports: ["1-65535"]}]})]
    + if .gateway == "" then [] else
      [rule($world; "k8s-fw-\(.gatewayName)"; {description: "{\"kubernetes.io/service-name\":\"istio-system/istio-eastwestgateway\", \"kubernetes.io/service-ip\":\"\(.gateway)\"}",
         sourceRanges: .sources, destinationRanges: [.gateway], targetTags: [node_tag],
         allowed: [{IPProtocol: "tcp", ports: ["15021", "15443", "15012", "15017"]}]}),
       rule($world; "k8s-\(.uid | hexadecimal | .[0:16])-node-http-hc"; {sourceRanges: health_checkers, targetTags: [node_tag],
         description: "{\"kubernetes.io/cluster-id\":\"\(.uid | hexadecimal | .[0:16])\"}",
         allowed: [{IPProtocol: "tcp", ports: ["10256"]}]})] end;

def policy_rule($priority; $action; $direction; $match; $description): {
  kind: "compute#firewallPolicyRule", priority: $priority, action: $action, direction: $direction, match: $match,
  description: $description, disabled: false, enableLogging: false, ruleTupleCount: 2};
def everything: [{ipProtocol: "all"}];

# The organization's policy: administration through Identity-Aware Proxy; all else is left to what follows.
def hierarchy: {
  name: "900800700600", displayName: "organization", shortName: "organization", type: "HIERARCHY", priority: 0,
  rules: [
    policy_rule(1000; "allow"; "INGRESS"; {srcIpRanges: ["35.235.240.0/20"], layer4Configs: [{ipProtocol: "tcp", ports: ["22"]}]}; "Identity-Aware Proxy"),
    policy_rule(2147483644; "goto_next"; "EGRESS"; {destIpRanges: ["::/0"], layer4Configs: everything}; "default egress rule ipv6"),
    policy_rule(2147483645; "goto_next"; "INGRESS"; {srcIpRanges: ["::/0"], layer4Configs: everything}; "default ingress rule ipv6"),
    policy_rule(2147483646; "goto_next"; "EGRESS"; {destIpRanges: ["0.0.0.0/0"], layer4Configs: everything}; "default egress rule"),
    policy_rule(2147483647; "goto_next"; "INGRESS"; {srcIpRanges: ["0.0.0.0/0"], layer4Configs: everything}; "default ingress rule")]};

def firewalls($world): [.gke[] | cluster_rules($world)[]];

# --- subnetworks, routes, VPN ------------------------------------------------------------------------------------

def subnetwork($world): {
  kind: "compute#subnetwork", id: ("nodes-\(.name)" | numeric_id), creationTimestamp: "2026-01-18T23:50:00.000-08:00", name: "nodes-\(.name)",
  network: ($world | network_url), ipCidrRange: .nodes, gatewayAddress: (.nodes | sub("\\.0/.*"; ".1")),
  region: ("projects/\($world.host.id)/regions/\($world.region)" | compute_url),
  selfLink: ("projects/\($world.host.id)/regions/\($world.region)/subnetworks/nodes-\(.name)" | compute_url),
  privateIpGoogleAccess: true, purpose: "PRIVATE", stackType: "IPV4_ONLY", privateIpv6GoogleAccess: "DISABLE_GOOGLE_ACCESS",
  fingerprint: "ZW_iGUkX3fM=",
  secondaryIpRanges: [{rangeName: "pods-\(.name)", ipCidrRange: .pods}, {rangeName: "services-\(.name)", ipCidrRange: .services}]};

def route($world; $name; $more): {
  kind: "compute#route", id: ($name | numeric_id), creationTimestamp: "2026-01-18T23:50:00.000-08:00", name: $name,
  network: ($world | network_url), priority: 0,
  selfLink: ("projects/\($world.host.id)/global/routes/\($name)" | compute_url)} + $more;

def routes($world): [
  route($world; "default-route-internet"; {destRange: "0.0.0.0/0", priority: 1000, description: "Default route to the Internet.", routeType: "STATIC",
    nextHopGateway: ("projects/\($world.host.id)/global/gateways/default-internet-gateway" | compute_url)}),
  (.gke[] | .name as $name | (.nodes, .pods, .services) as $range
    | route($world; "default-route-\($range | gsub("[./]"; "-"))"; {destRange: $range, routeType: "SUBNET",
        description: "Default local route to the subnetwork \($range).", nextHopNetwork: ($world | network_url)}))];

def tunnels: ["to-site-0", "to-site-1"];
def router_url($world): "projects/\($world.host.id)/regions/\($world.region)/routers/site-router" | compute_url;
def tunnel_url($world; $name): "projects/\($world.host.id)/regions/\($world.region)/vpnTunnels/\($name)" | compute_url;

def tunnel($world; $index): tunnels[$index] as $name | {
  kind: "compute#vpnTunnel", id: ($name | numeric_id), creationTimestamp: "2026-01-18T23:55:00.000-08:00", name: $name,
  region: ("projects/\($world.host.id)/regions/\($world.region)" | compute_url), selfLink: tunnel_url($world; $name),
  vpnGateway: ("projects/\($world.host.id)/regions/\($world.region)/vpnGateways/to-site" | compute_url), vpnGatewayInterface: $index,
  peerExternalGateway: ("projects/\($world.host.id)/global/externalVpnGateways/site" | compute_url), peerExternalGatewayInterface: $index,
  peerIp: "192.0.2.\($index + 1)", sharedSecret: "*************", ikeVersion: 2, router: router_url($world), status: "ESTABLISHED",
  detailedStatus: "Tunnel is up and running.", localTrafficSelector: ["0.0.0.0/0"], remoteTrafficSelector: ["0.0.0.0/0"]};

def peer_address($index): "169.254.\($index).2";
def own_address($index): "169.254.\($index).1";

def router($world): {
  kind: "compute#router", id: ("site-router" | numeric_id), creationTimestamp: "2026-01-18T23:54:00.000-08:00", name: "site-router",
  region: ("projects/\($world.host.id)/regions/\($world.region)" | compute_url), network: ($world | network_url), selfLink: router_url($world),
  bgp: {asn: 64514, advertiseMode: "DEFAULT", keepaliveInterval: 20},
  interfaces: [range(2) | {name: "if-\(.)", linkedVpnTunnel: tunnel_url($world; tunnels[.]), ipRange: "\(own_address(.))/30", managementType: "MANAGED_BY_USER"}],
  bgpPeers: [range(2) | {name: "bgp-\(.)", interfaceName: "if-\(.)", ipAddress: own_address(.), peerIpAddress: peer_address(.), peerAsn: 64600,
    advertisedRoutePriority: 100, advertiseMode: "DEFAULT", managementType: "MANAGED_BY_USER", enable: "TRUE", enableIpv4: true, enableIpv6: false}]};

def learned($world; $index): [$world.onPremises[] | (.nodes, "\(.gateway)/32") | select(startswith("/") | not)] | unique | [.[] | {
  kind: "compute#route", destRange: ., network: ($world | network_url), priority: 100, routeType: "BGP", nextHopIp: peer_address($index),
  nextHopVpnTunnel: tunnel_url($world; tunnels[$index]), routeStatus: "ACTIVE", creationTimestamp: "2026-01-19T00:00:00.000-08:00",
  asPaths: [{pathSegmentType: "AS_SEQUENCE", asLists: [64600]}]}];
def advertised($world; $index): [$world.gke[] | (.nodes, .pods, .services) | {
  kind: "compute#route", destRange: ., network: ($world | network_url), priority: 100, nextHopIp: own_address($index)}];

def router_status($world): {
  kind: "compute#routerStatusResponse",
  result: {network: ($world | network_url),
    bestRoutes: [range(2) as $i | learned($world; $i)[]], bestRoutesForRouter: [range(2) as $i | learned($world; $i)[]],
    bgpPeerStatus: [range(2) | . as $i | {name: "bgp-\($i)", ipAddress: own_address($i), peerIpAddress: peer_address($i), status: "UP",
      state: "Established", uptime: "4 weeks, 2 days", uptimeSeconds: "2592000", numLearnedRoutes: (learned($world; $i) | length),
      linkedVpnTunnel: tunnel_url($world; tunnels[$i]), advertisedRoutes: advertised($world; $i), enableIpv4: true}]}};

# --- the answers -------------------------------------------------------------------------------------------------

def list($kind; $path; $more): {kind: $kind, id: $path, selfLink: ($path | compute_url)} + $more;

def network_answers:
  . as $world
  | "projects/\(.host.id)" as $host
  | "compute/compute/v1/\($host)" as $path
  | answer("\($path)/global/networks/\(.network)"; {
      kind: "compute#network", id: (.network | numeric_id), creationTimestamp: "2026-01-18T23:49:00.000-08:00", name: .network,
      selfLink: network_url, selfLinkWithId: ("\($host)/global/networks/\(.network | numeric_id)" | compute_url), autoCreateSubnetworks: false,
      mtu: 1460, routingConfig: {routingMode: "GLOBAL"}, networkFirewallPolicyEnforcementOrder: "AFTER_CLASSIC_FIREWALL",
      subnetworks: [.gke[] | subnetwork($world).selfLink]}),
    answer("\($path)/global/networks/\(.network)/getEffectiveFirewalls"; {firewalls: firewalls($world), firewallPolicys: [hierarchy]}),
    answer("\($path)/regions/\(.region)/firewallPolicies/getEffectiveFirewalls"; {firewalls: firewalls($world), firewallPolicys: [hierarchy | del(.shortName)]}),
    answer("\($path)/aggregated/subnetworks"; list("compute#subnetworkAggregatedList"; "\($host)/aggregated/subnetworks"; {
      items: {"regions/\(.region)": {subnetworks: [.gke[] | subnetwork($world)]}, "regions/asia-east1": {
        warning: {code: "NO_RESULTS_ON_PAGE", message: "There are no results for scope 'regions/asia-east1' on this page.",
          data: [{key: "scope", value: "regions/asia-east1"}]}}}})),
    answer("\($path)/aggregated/vpnTunnels"; list("compute#vpnTunnelAggregatedList"; "\($host)/aggregated/vpnTunnels"; {
      items: {"regions/\(.region)": {vpnTunnels: [range(2) | . as $i | tunnel($world; $i)]}, "regions/asia-east1": {
        warning: {code: "NO_RESULTS_ON_PAGE", message: "There are no results for scope 'regions/asia-east1' on this page.",
          data: [{key: "scope", value: "regions/asia-east1"}]}}}})),
    answer("\($path)/aggregated/routers"; list("compute#routerAggregatedList"; "\($host)/aggregated/routers"; {
      items: {"regions/\(.region)": {routers: [router($world)]}}})),
    answer("\($path)/regions/\(.region)/routers/site-router/getRouterStatus"; router_status($world)),
    answer("\($path)/global/routes"; list("compute#routeList"; "\($host)/global/routes"; {items: routes($world)}));
