# GKE On-Prem API: Google Distributed Cloud clusters, enrolled.
include "common";

def bare_metal($world): {
  name: "projects/\($world.fleet.id)/locations/\($world.region)/bareMetalClusters/\(.name)", uid: .uid, localName: .name,
  localNamespace: "cluster-\(.name)", state: "RUNNING", endpoint: "https://\(.vip):\(.port)", bareMetalVersion: "1.30.300-gke.84",
  adminClusterName: "projects/\($world.fleet.id)/locations/\($world.region)/bareMetalAdminClusters/site-admin",
  adminClusterMembership: "projects/\($world.fleet.id)/locations/global/memberships/site-admin",
  fleet: {membership: membership_name($world)}, createTime: "2026-01-19T12:00:00.123456Z", updateTime: "2026-02-01T12:00:00.123456Z",
  etag: "AnExampleEtag", reconciling: false, annotations: {},
  networkConfig: {islandModeCidr: {podAddressCidrBlocks: [.pods], serviceAddressCidrBlocks: [.services]}, advancedNetworking: false},
  controlPlane: {controlPlaneNodePoolConfig: {nodePoolConfig: {operatingSystem: "LINUX", nodeConfigs: [{nodeIp: (.nodes | sub("\\.0/.*"; ".10"))}]}}},
  loadBalancer: {vipConfig: {controlPlaneVip: .vip, ingressVip: .ingressVip}, portConfig: {controlPlaneLoadBalancerPort: .port},
    metalLbConfig: {addressPools: [{pool: "lb-pool", addresses: .pool, avoidBuggyIps: true, manualAssign: false}]}},
  storage: {lvpShareConfig: {lvpConfig: {path: "/mnt/localpv-share", storageClass: "local-shared"}, sharedPathPvCount: 5},
    lvpNodeMountsConfig: {path: "/mnt/localpv-disk", storageClass: "local-disks"}},
  nodeConfig: {maxPodsPerNode: "110"}, nodeAccessConfig: {loginUser: "root"}, clusterOperations: {enableApplicationLogs: false},
  status: {conditions: [{type: "Ready", state: "STATE_TRUE", reason: "ClusterReady", lastTransitionTime: "2026-02-01T12:00:00.123456Z"}]}};

def onprem_answers:
  . as $world
  | "gkeonprem/v1/projects/\(.fleet.id)/locations" as $path
  | answer("\($path)/-/bareMetalClusters"; {bareMetalClusters: [.onPremises[] | bare_metal($world)]}),
    (("vmwareClusters", "vmwareAdminClusters", "bareMetalStandaloneClusters") as $kind | answer("\($path)/-/\($kind)"; {})),
    answer("\($path)/-/bareMetalAdminClusters"; {bareMetalAdminClusters: [{
      name: "projects/\(.fleet.id)/locations/\(.region)/bareMetalAdminClusters/site-admin", uid: "0d1c2b3a-4958-4776-8594-a3b2c1d0e9f8",
      localName: "site-admin", state: "RUNNING", bareMetalVersion: "1.30.300-gke.84", endpoint: "https://10.10.2.250:6443",
      fleet: {membership: "projects/\(.fleet.id)/locations/global/memberships/site-admin"}, createTime: "2026-01-18T12:00:00.123456Z",
      updateTime: "2026-02-01T12:00:00.123456Z", etag: "AnExampleEtag", reconciling: false}]});
