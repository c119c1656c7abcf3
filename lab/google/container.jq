# GKE's own API.
include "common";

def authorized_networks($world): {
  enabled: true, gcpPublicCidrsAccessEnabled: false, privateEndpointEnforcementEnabled: false,
  cidrBlocks: ([.operators[] | {displayName: "operators", cidrBlock: .}] + [.peers[] | {displayName: "peers", cidrBlock: .}])};

def node_pool($world): {
  name: "default-pool", status: "RUNNING", version: "1.30.9-gke.1009000", initialNodeCount: 3, podIpv4CidrSize: 24,
  locations: ["\($world.region)-b"], etag: "2b1f7d9a-6f0e-4a5c-9b6a-1d2e3f405162",
  selfLink: "https://container.googleapis.com/v1/projects/\(.project.id)/locations/\($world.region)/clusters/\(.name)/nodePools/default-pool",
  config: {machineType: "e2-standard-4", diskSizeGb: 100, diskType: "pd-balanced", imageType: "COS_CONTAINERD",
    oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"], serviceAccount: "nodes@\(.project.id).iam.gserviceaccount.com",
    metadata: {"disable-legacy-endpoints": "true"}, tags: ["mesh-nodes"],
    shieldedInstanceConfig: {enableIntegrityMonitoring: true}, workloadMetadataConfig: {mode: "GKE_METADATA"}},
  management: {autoUpgrade: true, autoRepair: true}, maxPodsConstraint: {maxPodsPerNode: "110"},
  networkConfig: {enablePrivateNodes: false, podRange: "pods-\(.name)", podIpv4CidrBlock: .pods},
  instanceGroupUrls: ["https://www.googleapis.com/compute/v1/projects/\(.project.id)/zones/\($world.region)-b/instanceGroupManagers/\(node_tag | rtrimstr("-node"))-grp"],
  upgradeSettings: {maxSurge: 1, strategy: "SURGE"}};

def gke_cluster($world):
  "projects/\(.project.id)/locations/\($world.region)/clusters/\(.name)" as $path
  | authorized_networks($world) as $authorized
  | {name: .name, id: (.uid | hexadecimal), selfLink: "https://container.googleapis.com/v1/\($path)", status: "RUNNING",
     createTime: "2026-01-19T08:00:00+00:00", location: $world.region, zone: $world.region, locations: ["\($world.region)-b"],
     initialClusterVersion: "1.30.8-gke.1051000", currentMasterVersion: "1.30.9-gke.1009000", currentNodeVersion: "1.30.9-gke.1009000",
     currentNodeCount: 3, initialNodeCount: 3, endpoint: .endpoint, etag: "8f1c0d6e-1b2a-4c3d-8e4f-5a6b7c8d9e0f",
     network: $world.network, subnetwork: "nodes-\(.name)", clusterIpv4Cidr: .pods, servicesIpv4Cidr: .services,
     networkConfig: {network: "projects/\($world.host.id)/global/networks/\($world.network)",
       subnetwork: "projects/\($world.host.id)/regions/\($world.region)/subnetworks/nodes-\(.name)",
       datapathProvider: "LEGACY_DATAPATH", defaultSnatStatus: {}, defaultEnablePrivateNodes: false},
     ipAllocationPolicy: {useIpAliases: true, clusterIpv4Cidr: .pods, servicesIpv4Cidr: .services, clusterSecondaryRangeName: "pods-\(.name)",
       servicesSecondaryRangeName: "services-\(.name)", clusterIpv4CidrBlock: .pods, servicesIpv4CidrBlock: .services, stackType: "IPV4"},
     privateClusterConfig: {privateEndpoint: .privateEndpoint, publicEndpoint: .endpoint},
     masterAuthorizedNetworksConfig: $authorized,
     controlPlaneEndpointsConfig: {
       dnsEndpointConfig: {endpoint: "gke-\(.uid | hexadecimal | .[0:32])-\($world.host.number).\($world.region).gke.goog", allowExternalTraffic: false},
       ipEndpointsConfig: {enabled: true, enablePublicEndpoint: true, publicEndpoint: .endpoint, privateEndpoint: .privateEndpoint,
         authorizedNetworksConfig: $authorized}},
     fleet: {project: $world.fleet.number, membership: "//gkehub.googleapis.com/\(membership_name($world))"},
     workloadIdentityConfig: {workloadPool: "\(.project.id).svc.id.goog"}, releaseChannel: {channel: "REGULAR"},
     resourceLabels: {mesh_id: "proj-\($world.fleet.number)"}, labelFingerprint: "78cdf2f6", autopilot: {},
     autoscaling: {autoscalingProfile: "BALANCED"}, shieldedNodes: {enabled: true}, legacyAbac: {},
     masterAuth: {clientCertificateConfig: {}}, loggingService: "logging.googleapis.com/kubernetes",
     monitoringService: "monitoring.googleapis.com/kubernetes", maintenancePolicy: {resourceVersion: "e3b0c442"},
     defaultMaxPodsConstraint: {maxPodsPerNode: "110"}, nodePools: [node_pool($world)]};

def container_answers:
  . as $world
  | (projects_with_gke[] as $project
    | answer("container/v1/projects/\($project.id)/locations/-/clusters"; {
        clusters: [$world.gke[] | select(.project.id == $project.id) | gke_cluster($world)]})),
    (all_projects[] | select(.id as $id | any($world.gke[]; .project.id == $id) | not)
      | answer("container/v1/projects/\(.id)/locations/-/clusters"; {}));
