/// `networking.istio.io` DestinationRule, as far as it says how its clients begin TLS, and which endpoints they prefer.
struct DestinationRule: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        var host: String?
        var trafficPolicy: Policy?
        var subsets: [Subset]?
        var exportTo: [String]?
        var workloadSelector: LabelSelector?
    }

    struct Policy: Decodable, Sendable {
        var tls: TLS?
        var outlierDetection: Present?
        var loadBalancer: LoadBalancer?
        /// What a port says stands in the place of what its destination says, whole.
        var portLevelSettings: [PortPolicy]?
    }

    struct PortPolicy: Decodable, Sendable {
        var port: Port?
        var tls: TLS?
        var outlierDetection: Present?
        var loadBalancer: LoadBalancer?
    }

    struct LoadBalancer: Decodable, Sendable { var localityLbSetting: LocalitySetting? }

    struct LocalitySetting: Decodable, Sendable {
        /// True where absent.
        var enabled: Bool?
        var distribute: [Present]?
    }

    /// Something of which only that it stands there is asked.
    struct Present: Decodable, Sendable {}

    struct Port: Decodable, Sendable { var number: Int? }

    struct Subset: Decodable, Sendable {
        var name: String
        var trafficPolicy: Policy?
    }

    struct TLS: Decodable, Sendable {
        /// `DISABLE` where absent, as in the API's definition.
        var mode: String?
    }
}

/// `security.istio.io` PeerAuthentication: what servers accept.
struct PeerAuthentication: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        var selector: LabelSelector?
        var mtls: MutualTLS?
        /// By the workload's port; counts only with a selector.
        var portLevelMtls: [String: MutualTLS]?
    }

    struct MutualTLS: Decodable, Sendable { var mode: String? }

    /// The mode that it says; `nil` where it leaves that to a wider one.
    var mode: String? { Self.said(spec?.mtls) }

    /// The mode that it says of one of the workload's ports; `nil` where it says nothing of it.
    func mode(port: Int) -> String? { Self.said(spec?.portLevelMtls?["\(port)"]) }

    /// Whether it is for some workloads of its namespace alone.
    var isForWorkloads: Bool { spec?.selector?.matchLabels?.isEmpty == false }

    private static func said(_ settings: MutualTLS?) -> String? {
        settings?.mode.flatMap { $0.isEmpty || $0 == "UNSET" ? nil : $0 }
    }
}

/// `security.istio.io` AuthorizationPolicy, as far as it speaks of who calls.
struct AuthorizationPolicy: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        var selector: LabelSelector?
        /// `ALLOW` where absent.
        var action: String?
        var rules: [Rule]?
    }

    struct Rule: Decodable, Sendable { var from: [From]? }
    struct From: Decodable, Sendable { var source: Source? }

    struct Source: Decodable, Sendable {
        var principals: [String]?
        var notPrincipals: [String]?
        var ipBlocks: [String]?
        var notIpBlocks: [String]?
    }

    /// Whether it is for some workloads of its namespace alone.
    var isForWorkloads: Bool { spec?.selector?.matchLabels?.isEmpty == false }

    var sources: [Source] { (spec?.rules ?? []).flatMap { $0.from ?? [] }.compactMap(\.source) }
}
