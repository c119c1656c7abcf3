# Resource Manager, Service Usage, Organization Policy, Cloud Quotas.
include "common";

def permissions: ["resourcemanager.projects.get", "gkehub.memberships.get", "gkehub.memberships.list", "gkehub.features.get",
  "gkehub.fleet.get", "gkehub.memberships.create", "gkehub.memberships.update", "gkehub.features.update", "gkehub.memberships.generateConnectManifest",
  "container.clusters.get", "container.clusters.list", "container.clusters.update",
  "compute.projects.get", "compute.networks.get", "compute.networks.getEffectiveFirewalls", "compute.networks.getRegionEffectiveFirewalls", "compute.networks.list",
  "compute.networks.updatePolicy", "compute.subnetworks.list", "compute.subnetworks.get", "compute.firewalls.list", "compute.firewalls.get",
  "compute.firewalls.create", "compute.vpnTunnels.list", "compute.vpnTunnels.get", "compute.routers.get", "compute.routers.list", "compute.routes.list",
  "compute.regions.get", "compute.regions.list", "compute.forwardingRules.list", "compute.instances.list",
  "compute.regionFirewallPolicies.list", "compute.regionFirewallPolicies.get",
  "orgpolicy.policy.get", "serviceusage.services.get", "serviceusage.services.list", "serviceusage.services.enable", "serviceusage.quotas.get",
  "gkeonprem.vmwareClusters.get", "gkeonprem.vmwareClusters.list", "gkeonprem.bareMetalClusters.get", "gkeonprem.bareMetalClusters.list",
  "gkeonprem.vmwareAdminClusters.list", "gkeonprem.bareMetalAdminClusters.list", "gkeonprem.bareMetalStandaloneClusters.list",
  "cloudquotas.quotas.get", "privateca.caPools.get", "privateca.caPools.list",
  "meshconfig.projects.get", "iam.serviceAccounts.create", "resourcemanager.projects.setIamPolicy", "orgpolicy.policy.set"];

def services: ["anthos.googleapis.com", "cloudquotas.googleapis.com", "cloudresourcemanager.googleapis.com", "compute.googleapis.com",
  "connectgateway.googleapis.com", "container.googleapis.com", "gkeconnect.googleapis.com", "gkehub.googleapis.com",
  "gkeonprem.googleapis.com", "iam.googleapis.com", "iamcredentials.googleapis.com", "logging.googleapis.com", "mesh.googleapis.com",
  "meshca.googleapis.com", "meshconfig.googleapis.com", "monitoring.googleapis.com", "orgpolicy.googleapis.com",
  "privateca.googleapis.com", "serviceusage.googleapis.com", "stackdriver.googleapis.com", "sts.googleapis.com"];

def service($project): {name: "projects/\($project.number)/services/\(.)", parent: "projects/\($project.number)", config: {name: .}, state: "ENABLED"};

def load_balancer_constraint: "compute.restrictLoadBalancerCreationForTypes";
def load_balancer_types: ["in:INTERNAL", "EXTERNAL_NETWORK_TCP_UDP"];

def project_answers:
  . as $world
  | (all_projects[] | . as $project
    | answer("cloudresourcemanager/v1/projects/\(.id)"; {
        projectNumber: .number, projectId: .id, lifecycleState: "ACTIVE", name: .id, createTime: "2025-03-04T09:10:11.121Z",
        parent: {type: "folder", id: "700800900100"}}),
      answer("cloudresourcemanager/v3/projects/\(.id)"; {
        name: "projects/\(.number)", parent: "folders/700800900100", projectId: .id, state: "ACTIVE", displayName: .id,
        createTime: "2025-03-04T09:10:11.121Z", updateTime: "2025-03-04T09:10:12.131Z", etag: "W/\"4d6f6e6173\""}),
      answer("cloudresourcemanager/v3/projects/\(.id):testIamPermissions"; {permissions: permissions}),
      answer("cloudresourcemanager/v1/projects/\(.id):getEffectiveOrgPolicy"; {
        version: 0, constraint: "constraints/\(load_balancer_constraint)", etag: "CNHI7awGEJC8kpEC", updateTime: "2026-02-03T04:05:06.070809Z",
        listPolicy: {allowedValues: load_balancer_types}}),
      answer("serviceusage/v1/projects/\(.id)/services:batchGet"; {services: [services[] | service($project)]}),
      answer("serviceusage/v1/projects/\(.id)/services"; {services: [services[] | service($project)]}),
      answer("orgpolicy/v2/projects/\(.id)/policies/\(load_balancer_constraint):getEffectivePolicy"; {
        name: "projects/\(.number)/policies/\(load_balancer_constraint)",
        spec: {etag: "CNHI7awGEJC8kpEC", updateTime: "2026-02-03T04:05:06.070809Z",
          rules: [{values: {allowedValues: load_balancer_types}}]}})),
    answer("cloudquotas/v1/projects/\(.fleet.id)/locations/global/services/gkehub.googleapis.com/quotaInfos"; {
      quotaInfos: [
        {name: "projects/\($world.fleet.number)/locations/global/services/gkehub.googleapis.com/quotaInfos/MembershipsPerProject",
         quotaId: "MembershipsPerProject", metric: "gkehub.googleapis.com/global_memberships", service: "gkehub.googleapis.com",
         isPrecise: true, containerType: "PROJECT", metricDisplayName: "Global memberships", quotaDisplayName: "Global memberships",
         metricUnit: "1", quotaIncreaseEligibility: {isEligible: true},
         dimensionsInfos: [{details: {value: "250"}, applicableLocations: ["global"]}]},
        {name: "projects/\($world.fleet.number)/locations/global/services/gkehub.googleapis.com/quotaInfos/MembershipsPerProjectPerRegion",
         quotaId: "MembershipsPerProjectPerRegion", metric: "gkehub.googleapis.com/regional_memberships", service: "gkehub.googleapis.com",
         isPrecise: true, containerType: "PROJECT", dimensions: ["region"], metricDisplayName: "Regional memberships",
         quotaDisplayName: "Regional memberships per region", metricUnit: "1", quotaIncreaseEligibility: {isEligible: true},
         dimensionsInfos: [{dimensions: {region: $world.region}, details: {value: "50"}, applicableLocations: [$world.region]}]}]});
