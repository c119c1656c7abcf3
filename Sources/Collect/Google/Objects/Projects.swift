internal import GoogleCloud

/// `cloudresourcemanager.googleapis.com/v3` Project.
struct GoogleProject: Decodable, Sendable {
    /// `projects/NUMBER`
    var name: String?
    var projectId: String?
    /// `ACTIVE`, `DELETE_REQUESTED`.
    var state: String?

    var number: String { name.map { ResourcePath($0)["projects"] } ?? "" }
}

/// The answer to `testIamPermissions`: those of the permissions that the caller has.
struct GrantedPermissions: Decodable, Sendable { var permissions: [String]? }

/// The answer to Service Usage's `services:batchGet`.
struct EnabledServices: Decodable, Sendable {
    var services: [Service]?

    struct Service: Decodable, Sendable {
        /// `projects/NUMBER/services/mesh.googleapis.com`
        var name: String?
        /// `ENABLED`, `DISABLED`.
        var state: String?
    }
}

/// Cloud Quotas' `quotaInfos`.
struct QuotaInfo: Decodable, Sendable {
    var quotaId: String?
    var metric: String?
    var quotaDisplayName: String?
    var dimensionsInfos: [Dimensions]?

    struct Dimensions: Decodable, Sendable {
        /// As `region` or `zone`; empty: for every place that has no entry of its own.
        var dimensions: [String: String]?
        var details: Details?
        var applicableLocations: [String]?
    }

    struct Details: Decodable, Sendable { var value: GoogleInt? }
}

/// An organization policy's effective list constraint, of API v2 or its forerunner v1, as answered.
enum EffectiveOrgPolicy: Sendable {
    case v2(OrgPolicyV2)
    case v1(OrgPolicyV1)
}

/// `orgpolicy.googleapis.com/v2` Policy.
struct OrgPolicyV2: Decodable, Sendable {
    var name: String?
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        var rules: [Rule]?
        var inheritFromParent: Bool?
        var reset: Bool?
    }

    struct Rule: Decodable, Sendable {
        var allowAll: Bool?
        var denyAll: Bool?
        var values: Values?
        var enforce: Bool?
        var condition: Expression?
    }

    struct Values: Decodable, Sendable {
        var allowedValues: [String]?
        var deniedValues: [String]?
    }

    struct Expression: Decodable, Sendable {
        var expression: String?
        var title: String?
    }
}

/// `cloudresourcemanager.googleapis.com/v1` OrgPolicy.
struct OrgPolicyV1: Decodable, Sendable {
    var constraint: String?
    var listPolicy: ListPolicy?
    var restoreDefault: RestoreDefault?

    struct ListPolicy: Decodable, Sendable {
        /// `ALLOW`, `DENY`; absent or `ALL_VALUES_UNSPECIFIED`: the lists count.
        var allValues: String?
        var allowedValues: [String]?
        var deniedValues: [String]?
        var inheritFromParent: Bool?
    }

    struct RestoreDefault: Decodable, Sendable {}
}

/// The answer to Private CA's `fetchCaCerts`.
struct CAPoolCertificates: Decodable, Sendable {
    /// One chain for each authority of the pool.
    var caCerts: [Chain]?

    struct Chain: Decodable, Sendable {
        /// PEM, the authority's own first.
        var certificates: [String]?
    }
}
