/// What a project is to the mesh.
enum ProjectRole: Sendable, Hashable, CaseIterable {
    case fleet, cluster, host
}

/// A Google API that must be enabled.
struct NeededService: Sendable {
    enum Need: String, Sendable { case mesh, isthmus }

    var service: String
    /// Projects in which it must be enabled; empty: in the project that pays for isthmus's requests.
    var roles: Set<ProjectRole> = []
    var need: Need = .mesh
    /// Only where the mesh has a cluster on Google Distributed Cloud.
    var isForOnPremises = false

    static let all = [
        NeededService(service: "gkehub.googleapis.com", roles: [.fleet]),
        NeededService(service: "mesh.googleapis.com", roles: [.fleet, .cluster]),
        NeededService(service: "meshconfig.googleapis.com", roles: [.fleet]),
        NeededService(service: "container.googleapis.com", roles: [.cluster]),
        NeededService(service: "compute.googleapis.com", roles: [.cluster, .host]),
        NeededService(service: "gkeonprem.googleapis.com", roles: [.fleet], need: .isthmus, isForOnPremises: true),
        NeededService(service: "cloudresourcemanager.googleapis.com", need: .isthmus),
        NeededService(service: "orgpolicy.googleapis.com", need: .isthmus),
        NeededService(service: "cloudquotas.googleapis.com", need: .isthmus),
    ]
}

/// An IAM permission that a step needs from the caller, on projects of some role.
struct NeededPermission: Sendable {
    enum Step: String, Sendable { case preflight, register, gateway, policy }

    var permission: String
    var step: Step
    /// The least predefined role that has it.
    var role: String
    var roles: Set<ProjectRole>
    /// Only where the mesh has a cluster on Google Distributed Cloud.
    var isForOnPremises = false

    init(
        _ permission: String, _ step: Step, _ role: String, on roles: Set<ProjectRole>, isForOnPremises: Bool = false
    ) {
        self.permission = permission
        self.step = step
        self.role = role
        self.roles = roles
        self.isForOnPremises = isForOnPremises
    }

    /// In the order of the steps: each permission is wanted first by the step that stands first.
    static let all: [NeededPermission] = [
        .init("resourcemanager.projects.get", .preflight, "roles/browser", on: [.fleet, .cluster, .host]),
        .init(
            "serviceusage.services.get", .preflight, "roles/serviceusage.serviceUsageViewer", on: [.fleet, .cluster, .host]),
        .init("gkehub.memberships.list", .preflight, "roles/gkehub.viewer", on: [.fleet]),
        .init("gkehub.features.get", .preflight, "roles/gkehub.viewer", on: [.fleet]),
        .init("cloudquotas.quotas.get", .preflight, "roles/cloudquotas.viewer", on: [.fleet]),
        .init("gkeonprem.vmwareClusters.list", .preflight, "roles/gkeonprem.viewer", on: [.fleet], isForOnPremises: true),
        .init("gkeonprem.bareMetalClusters.list", .preflight, "roles/gkeonprem.viewer", on: [.fleet], isForOnPremises: true),
        .init("container.clusters.list", .preflight, "roles/container.clusterViewer", on: [.cluster]),
        .init("compute.projects.get", .preflight, "roles/compute.networkViewer", on: [.cluster, .host]),
        .init("compute.regions.get", .preflight, "roles/compute.networkViewer", on: [.cluster]),
        .init("compute.forwardingRules.list", .preflight, "roles/compute.networkViewer", on: [.cluster]),
        .init("orgpolicy.policy.get", .preflight, "roles/orgpolicy.policyViewer", on: [.cluster]),
        .init("compute.networks.get", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.networks.getEffectiveFirewalls", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.networks.getRegionEffectiveFirewalls", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.subnetworks.list", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.routes.list", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.routers.list", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.routers.get", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("compute.vpnTunnels.list", .preflight, "roles/compute.networkViewer", on: [.host]),
        .init("gkehub.memberships.create", .register, "roles/gkehub.admin", on: [.fleet]),
        .init("gkehub.memberships.update", .register, "roles/gkehub.admin", on: [.fleet]),
        .init("gkehub.features.update", .register, "roles/gkehub.admin", on: [.fleet]),
        .init("container.clusters.update", .register, "roles/container.clusterAdmin", on: [.cluster]),
        .init("serviceusage.services.enable", .register, "roles/serviceusage.serviceUsageAdmin", on: [.fleet, .cluster]),
        .init(
            "resourcemanager.projects.setIamPolicy", .register, "roles/resourcemanager.projectIamAdmin", on: [.fleet, .cluster]),
        .init("container.services.create", .gateway, "roles/container.developer", on: [.cluster]),
        .init("container.deployments.create", .gateway, "roles/container.developer", on: [.cluster]),
        .init("container.roles.create", .gateway, "roles/container.admin", on: [.cluster]),
        .init("compute.firewalls.create", .gateway, "roles/compute.securityAdmin", on: [.host]),
        .init("compute.networks.updatePolicy", .gateway, "roles/compute.securityAdmin", on: [.host]),
        .init("orgpolicy.policy.set", .policy, "roles/orgpolicy.policyAdmin", on: [.cluster]),
    ]
}
