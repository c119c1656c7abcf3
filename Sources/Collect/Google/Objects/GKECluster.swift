/// `container.googleapis.com/v1` Cluster, the part that a mesh depends on. Every field may be missing; what is missing has
/// Google's default, unless a comment says otherwise.
struct GKECluster: Decodable, Sendable {
    var name: String
    /// Its first eight digits are the hash in the names that GKE gives to firewall rules and node tags.
    var id: String?
    var selfLink: String?
    /// Region or zone.
    var location: String?
    var status: String?
    var statusMessage: String?
    var conditions: [StatusCondition]?
    var endpoint: String?
    var currentMasterVersion: String?
    var masterAuth: MasterAuth?
    /// Short names, which repeat in every project.
    var network: String?
    var subnetwork: String?
    var networkConfig: NetworkConfig?
    var privateClusterConfig: PrivateClusterConfig?
    var controlPlaneEndpointsConfig: ControlPlaneEndpointsConfig?
    var masterAuthorizedNetworksConfig: AuthorizedNetworks?
    var ipAllocationPolicy: IPAllocationPolicy?
    var clusterIpv4Cidr: String?
    var servicesIpv4Cidr: String?
    var nodePools: [NodePool]?
    var autopilot: Switch?
    var workloadIdentityConfig: WorkloadIdentity?
    var releaseChannel: ReleaseChannel?
    var resourceLabels: [String: String]?
    var fleet: Fleet?

    struct MasterAuth: Decodable, Sendable {
        /// SHA-256 of the certificates of the control plane's authority; read once, since every cluster is compared with them.
        var authorities: Set<String>

        init(from decoder: any Decoder) throws {
            let encoded = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
                String.self, forKey: .clusterCaCertificate)
            authorities = Set(PEMBundle(decodedBase64(encoded ?? "")).fingerprints)
        }

        private enum CodingKeys: CodingKey { case clusterCaCertificate }
    }

    struct StatusCondition: Decodable, Sendable {
        var canonicalCode: String?
        var code: String?
        var message: String?
    }

    struct Switch: Decodable, Sendable { var enabled: Bool? }

    struct NetworkConfig: Decodable, Sendable {
        /// `projects/HOST/global/networks/NET`
        var network: String?
        /// `projects/HOST/regions/R/subnetworks/S`
        var subnetwork: String?
        var defaultEnablePrivateNodes: Bool?
        var defaultSnatStatus: SNATStatus?
        var disableL4LbFirewallReconciliation: Bool?
    }

    struct SNATStatus: Decodable, Sendable { var disabled: Bool? }

    struct PrivateClusterConfig: Decodable, Sendable {
        var enablePrivateNodes: Bool?
        var enablePrivateEndpoint: Bool?
        var masterIpv4CidrBlock: String?
        var privateEndpoint: String?
        var publicEndpoint: String?
    }

    struct ControlPlaneEndpointsConfig: Decodable, Sendable {
        var ipEndpointsConfig: IPEndpoints?
        var dnsEndpointConfig: DNSEndpoint?
    }

    struct IPEndpoints: Decodable, Sendable {
        /// Absent: not reported, the older fields count.
        var enabled: Bool?
        var enablePublicEndpoint: Bool?
        var publicEndpoint: String?
        var privateEndpoint: String?
        var authorizedNetworksConfig: AuthorizedNetworks?
    }

    struct DNSEndpoint: Decodable, Sendable {
        var endpoint: String?
        var allowExternalTraffic: Bool?
        var enableK8sTokensViaDns: Bool?
    }

    struct AuthorizedNetworks: Decodable, Sendable {
        var enabled: Bool?
        var cidrBlocks: [Block]?
        var gcpPublicCidrsAccessEnabled: Bool?
        var privateEndpointEnforcementEnabled: Bool?

        struct Block: Decodable, Sendable {
            var displayName: String?
            var cidrBlock: String?
        }
    }

    struct IPAllocationPolicy: Decodable, Sendable {
        var clusterIpv4CidrBlock: String?
        var servicesIpv4CidrBlock: String?
        var clusterSecondaryRangeName: String?
        var servicesSecondaryRangeName: String?
        var stackType: String?
        var additionalPodRangesConfig: AdditionalPodRanges?
        var subnetIpv6CidrBlock: String?
    }

    struct AdditionalPodRanges: Decodable, Sendable { var podRangeNames: [String]? }

    struct NodePool: Decodable, Sendable {
        var name: String
        var config: Config?
        var networkConfig: Network?

        struct Config: Decodable, Sendable {
            var machineType: String?
            var tags: [String]?
            var serviceAccount: String?
            var workloadMetadataConfig: Metadata?
        }

        struct Metadata: Decodable, Sendable { var mode: String? }

        struct Network: Decodable, Sendable {
            /// Absent: as the cluster's default.
            var enablePrivateNodes: Bool?
            /// Name of the secondary range, where the pool has its own.
            var podRange: String?
            var podIpv4CidrBlock: String?
        }
    }

    struct WorkloadIdentity: Decodable, Sendable { var workloadPool: String? }
    struct ReleaseChannel: Decodable, Sendable { var channel: String? }

    struct Fleet: Decodable, Sendable {
        /// Id or number.
        var project: String?
        var membership: String?
    }
}

/// Whether a text can stand in a request's path as the name of a thing of Google's: contexts are named by anybody.
func isResourceName(_ text: String) -> Bool {
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:"
    return (1...253).contains(text.utf8.count) && text.allSatisfy(plain.contains) && !text.allSatisfy { $0 == "." }
}

/// A cluster's name as Google writes it: `projects/P/locations/L/clusters/C`.
struct GKEClusterName: Sendable, Hashable, CustomStringConvertible {
    /// Id, or in some names the number.
    var project: String
    /// Region or zone.
    var location: String
    var cluster: String

    init(project: String, location: String, cluster: String) {
        self.project = project
        self.location = location
        self.cluster = cluster
    }

    /// Reads a resource name or link, with `locations`, `zones` or `regions`; `nil` where it names no GKE cluster.
    init?(_ text: String) {
        let path = ResourcePath(text)
        let location = [path["locations"], path["zones"], path["regions"]].first { !$0.isEmpty } ?? ""
        self.init(project: path["projects"], location: location, cluster: path["clusters"])
        guard [project, location, cluster].allSatisfy(isResourceName) else { return nil }
    }

    /// Reads the name that `gcloud container clusters get-credentials` gives to a kubeconfig's entries: `gke_P_L_C`.
    init?(context: String) {
        let parts = context.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "gke", parts.allSatisfy(isResourceName) else { return nil }
        self.init(project: parts[1], location: parts[2], cluster: parts[3])
    }

    /// Whether two names mean one cluster. The project can be an id in one and a number in the other, so that only two ids or two
    /// numbers can differ.
    func isSame(as other: GKEClusterName) -> Bool {
        location == other.location && cluster == other.cluster
            && (project == other.project || isNumber(project) != isNumber(other.project))
    }

    var description: String { "projects/\(project)/locations/\(location)/clusters/\(cluster)" }
}

extension GKECluster {
    /// The region, also of a zonal cluster.
    var region: String {
        let location = location ?? ""
        let isZone = location.split(separator: "-").last?.count == 1
        return isZone ? String(location.prefix(upTo: location.lastIndex(of: "-") ?? location.endIndex)) : location
    }

    /// The cluster's name, by its link; `nil` where the link is missing or unreadable.
    var resource: GKEClusterName? { selfLink.flatMap { GKEClusterName($0) } }

    /// Host project and VPC network; `nil` where Google does not say.
    var vpc: VPCName? { networkConfig?.network.flatMap(VPCName.init) }

    private var endpoints: IPEndpoints? { controlPlaneEndpointsConfig?.ipEndpointsConfig }

    /// Whether the control plane has an address outside the VPC: by the newer fields where they are reported, else the older.
    var hasPublicEndpoint: Bool {
        if endpoints?.enabled == false || endpoints?.enablePublicEndpoint == false { return false }
        return privateClusterConfig?.enablePrivateEndpoint != true
    }

    /// Empty where there is none.
    var publicEndpoint: String {
        guard hasPublicEndpoint else { return "" }
        let reported = endpoints?.publicEndpoint ?? privateClusterConfig?.publicEndpoint ?? ""
        if !reported.isEmpty { return reported }
        return ServerURL.kind(ofAddress: endpoint ?? "") == .public ? endpoint ?? "" : ""
    }

    /// Empty where Google reports none.
    var privateEndpoint: String { endpoints?.privateEndpoint ?? privateClusterConfig?.privateEndpoint ?? "" }

    /// Every name and address under which the control plane answers.
    var allEndpoints: Set<String> {
        let dns = controlPlaneEndpointsConfig?.dnsEndpointConfig?.endpoint
        return Set([endpoint ?? "", publicEndpoint, privateEndpoint, dns ?? ""]).subtracting([""])
    }

    /// Who may reach the control plane's addresses.
    var authorizedNetworks: AuthorizedNetworks? { endpoints?.authorizedNetworksConfig ?? masterAuthorizedNetworksConfig }

    /// Whether a pool's nodes get no address of their own outside the VPC where the pool does not say.
    var hasPrivateNodesByDefault: Bool {
        networkConfig?.defaultEnablePrivateNodes ?? privateClusterConfig?.enablePrivateNodes ?? false
    }

    func isPrivate(_ pool: NodePool) -> Bool { pool.networkConfig?.enablePrivateNodes ?? hasPrivateNodesByDefault }

    /// Ranges of pod addresses that the cluster itself names; those of additional ranges stand in its subnetwork.
    var ownPodRanges: [String] {
        let pools = (nodePools ?? []).compactMap(\.networkConfig?.podIpv4CidrBlock)
        let main = ipAllocationPolicy?.clusterIpv4CidrBlock ?? clusterIpv4Cidr
        return ([main].compactMap(\.self) + pools).filter { !$0.isEmpty }.uniqued
    }

    /// Names of the subnetwork's secondary ranges that hold pods.
    var podRangeNames: [String] {
        let named = [ipAllocationPolicy?.clusterSecondaryRangeName].compactMap(\.self)
        let additional = ipAllocationPolicy?.additionalPodRangesConfig?.podRangeNames ?? []
        return (named + additional + (nodePools ?? []).compactMap(\.networkConfig?.podRange)).filter { !$0.isEmpty }.uniqued
    }

    var serviceRange: String { ipAllocationPolicy?.servicesIpv4CidrBlock ?? servicesIpv4Cidr ?? "" }
}

extension Array where Element: Hashable {
    /// Each element once, at its first place.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
