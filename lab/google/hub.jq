# GKE Hub: the fleet, its memberships (in pages), the service mesh feature. Private CA, for meshes whose CA it is.
include "common";

def membership($world):
  {name: membership_name($world), uniqueId: .uid, externalId: .uid, state: {code: "READY"},
   createTime: "2026-01-20T10:00:00.112233445Z", updateTime: "2026-01-20T10:05:00.112233445Z",
   authority: {workloadIdentityPool: "\($world.fleet.id).svc.id.goog"}};

def gke_membership($world):
  "projects/\(.project.id)/locations/\($world.region)/clusters/\(.name)" as $cluster
  | membership($world) * {
      authority: {issuer: "https://container.googleapis.com/v1/\($cluster)", identityProvider: "https://container.googleapis.com/v1/\($cluster)"},
      endpoint: {gkeCluster: {resourceLink: "//container.googleapis.com/\($cluster)"},
        kubernetesMetadata: {kubernetesApiServerVersion: "v1.30.9-gke.1009000", nodeProviderId: "gce://\(.project.id)/\($world.region)-b/\(node_tag)",
          nodeCount: 3, vcpuCount: 12, memoryMb: 48000, updateTime: "__NOW__"}},
      monitoringConfig: {projectId: .project.id, location: $world.region, cluster: .name, kubernetesMetricsPrefix: "kubernetes.io"}};

def on_premises_membership($world):
  membership($world) * {
    authority: {issuer: "https://kubernetes.default.svc",
      identityProvider: "https://gkehub.googleapis.com/\(membership_name($world))"},
    endpoint: {onPremCluster: {clusterType: "USER",
        resourceLink: "//gkeonprem.googleapis.com/projects/\($world.fleet.number)/locations/\($world.region)/bareMetalClusters/\(.name)"},
      kubernetesMetadata: {kubernetesApiServerVersion: "v1.30.6-gke.300", nodeProviderId: "baremetal://\(.name)-node",
        nodeCount: 3, vcpuCount: 12, memoryMb: 48000, updateTime: "__NOW__"}},
    lastConnectionTime: "__NOW__"};

def feature($world): {
  name: "projects/\(.fleet.id)/locations/global/features/servicemesh", createTime: "2026-01-20T09:00:00.123456789Z",
  updateTime: "2026-02-01T09:00:00.123456789Z", resourceState: {state: "ACTIVE"}, spec: {}, state: {state: {}},
  membershipSpecs: ([(.gke + .onPremises)[] | {key: membership_key($world), value: {mesh: {management: "MANAGEMENT_MANUAL"}}}] | from_entries),
  membershipStates: ([(.gke + .onPremises)[] | {key: membership_key($world), value: {
    servicemesh: {controlPlaneManagement: {state: "DISABLED"}, dataPlaneManagement: {state: "DISABLED"}},
    state: {code: "OK", description: "Please see https://cloud.google.com/service-mesh/docs for instructions to onboard to Cloud Service Mesh.",
      updateTime: "2026-02-01T09:00:00.123456789Z"}}}] | from_entries)};

def hub_answers:
  . as $world
  | [(.gke[] | gke_membership($world)), (.onPremises[] | on_premises_membership($world))] as $memberships
  | pages("gkehub/v1/projects/\(.fleet.id)/locations/-/memberships"; "resources"; $memberships; .pageSize),
    answer("gkehub/v1/projects/\(.fleet.id)/locations/global/features/servicemesh"; feature($world));
