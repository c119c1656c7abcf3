/// `gkehub.googleapis.com/v1` Membership.
struct FleetMembership: Decodable, Sendable {
    /// `projects/FLEET/locations/L/memberships/M`; the project as number or id.
    var name: String
    /// UID of the cluster's namespace kube-system.
    var externalId: String?
    var uniqueId: String?
    var state: State?
    var authority: Authority?
    var endpoint: Endpoint?
    var infrastructureType: String?
    var membershipType: String?
    /// When Google heard the Connect agent last.
    var lastConnectionTime: Timestamp?
    var labels: [String: String]?

    struct State: Decodable, Sendable { var code: String? }

    struct Authority: Decodable, Sendable {
        var issuer: String?
        var identityProvider: String?
        var workloadIdentityPool: String?
    }

    struct Endpoint: Decodable, Sendable {
        var gkeCluster: Resource?
        var onPremCluster: Resource?
        var multiCloudCluster: Resource?
        var edgeCluster: Resource?
        var applianceCluster: Resource?
    }

    struct Resource: Decodable, Sendable {
        /// `//container.googleapis.com/projects/P/locations/L/clusters/C` and the like.
        var resourceLink: String?
        var clusterMissing: Bool?
    }

    var path: ResourcePath { ResourcePath(name) }
    /// The membership's own name, without project and location.
    var shortName: String { path["memberships"] }
    var location: String { path["locations"] }

    /// The cluster that the membership stands for, whatever its kind.
    var resource: Resource? {
        endpoint?.gkeCluster ?? endpoint?.onPremCluster ?? endpoint?.multiCloudCluster ?? endpoint?.edgeCluster
            ?? endpoint?.applianceCluster
    }

    /// The GKE cluster that the membership stands for; `nil` where it is another kind of cluster.
    var gkeCluster: GKEClusterName? { endpoint?.gkeCluster?.resourceLink.flatMap { GKEClusterName($0) } }
}

/// `gkehub.googleapis.com/v1` Feature `servicemesh`.
struct MeshFeature: Decodable, Sendable {
    var resourceState: ResourceState?
    /// By `projects/NUMBER/locations/L/memberships/M`.
    var membershipSpecs: [String: Spec]?
    var membershipStates: [String: State]?

    struct ResourceState: Decodable, Sendable { var state: String? }

    struct Spec: Decodable, Sendable { var mesh: Mesh? }
    struct Mesh: Decodable, Sendable {
        var management: String?
        /// What came before `management`.
        var controlPlane: String?
    }

    struct State: Decodable, Sendable {
        var state: Code?
        var servicemesh: ServiceMesh?
    }

    struct Code: Decodable, Sendable {
        var code: String?
        var description: String?
    }

    struct ServiceMesh: Decodable, Sendable {
        var controlPlaneManagement: ControlPlane?
        var conditions: [Condition]?
    }

    struct ControlPlane: Decodable, Sendable {
        var state: String?
        var implementation: String?
        var details: [Detail]?
    }

    struct Detail: Decodable, Sendable {
        var code: String?
        var details: String?
    }

    struct Condition: Codable, Sendable, Equatable {
        var code: String?
        var severity: String?
        var details: String?
    }
}
