/// A VPC network's name in full; short names repeat in every project.
struct VPCName: Sendable, Hashable, CustomStringConvertible {
    var project: String
    var network: String

    init(project: String, network: String) {
        self.project = project
        self.network = network
    }

    /// Reads `projects/HOST/global/networks/NET` and links that end so.
    init?(_ text: String) {
        let path = ResourcePath(text)
        self.init(project: path["projects"], network: path["networks"])
        guard isResourceName(project), isResourceName(network) else { return nil }
    }

    var description: String { "projects/\(project)/global/networks/\(network)" }

    /// Whether a link leads to this network. Compute answers with the project's id, a domain's project with its domain.
    func isNamed(by link: String?) -> Bool { link.flatMap(VPCName.init) == self }
}

/// `compute/v1` Project, as far as shared VPC is concerned.
struct ComputeProject: Decodable, Sendable {
    /// Empty in the answer to `getXpnHost` for a project without a host.
    var name: String?
    /// `HOST` or `UNSPECIFIED_XPN_PROJECT_STATUS`.
    var xpnProjectStatus: String?
    var quotas: [ComputeQuota]?
}

struct ComputeQuota: Decodable, Sendable {
    var metric: String?
    var limit: Double?
    var usage: Double?
}

/// `compute/v1` Region.
struct ComputeRegion: Decodable, Sendable {
    var name: String?
    var status: String?
    var quotas: [ComputeQuota]?
}

/// `compute/v1` Network.
struct VPCNetwork: Decodable, Sendable {
    var name: String?
    var selfLink: String?
    /// `AFTER_CLASSIC_FIREWALL` (default), `BEFORE_CLASSIC_FIREWALL`.
    var networkFirewallPolicyEnforcementOrder: String?
    var routingConfig: RoutingConfig?
    var peerings: [Peering]?

    struct RoutingConfig: Decodable, Sendable {
        /// `REGIONAL`, `GLOBAL`.
        var routingMode: String?
    }

    struct Peering: Decodable, Sendable {
        var name: String?
        var network: String?
        var state: String?
        var importCustomRoutes: Bool?
        var exportCustomRoutes: Bool?
    }
}

/// `compute/v1` Subnetwork.
struct Subnetwork: Decodable, Sendable {
    var name: String?
    var network: String?
    var region: String?
    var selfLink: String?
    var ipCidrRange: String?
    var secondaryIpRanges: [Secondary]?
    var stackType: String?

    struct Secondary: Decodable, Sendable {
        var rangeName: String?
        var ipCidrRange: String?
    }
}

/// The answer to `getEffectiveFirewalls`, of a network or of a network in a region.
struct EffectiveFirewalls: Decodable, Sendable {
    var firewalls: [FirewallRule]?
    var firewallPolicys: [FirewallPolicy]?
}

/// `compute/v1` Firewall: a VPC firewall rule.
struct FirewallRule: Decodable, Sendable {
    var name: String?
    /// `INGRESS` (default), `EGRESS`.
    var direction: String?
    /// 0 to 65535, lower first; 1000 where absent.
    var priority: Int?
    var allowed: [Protocols]?
    var denied: [Protocols]?
    var sourceRanges: [String]?
    var destinationRanges: [String]?
    var sourceTags: [String]?
    var sourceServiceAccounts: [String]?
    var targetTags: [String]?
    var targetServiceAccounts: [String]?
    var disabled: Bool?
    var network: String?

    struct Protocols: Decodable, Sendable {
        /// `tcp`, `6`, `all`.
        var IPProtocol: String?
        /// `15443`, `15000-15999`; absent: all.
        var ports: [String]?
    }
}

/// A firewall policy as it is in effect for a network.
struct FirewallPolicy: Decodable, Sendable {
    var name: String?
    var displayName: String?
    var shortName: String?
    /// `HIERARCHY`, `NETWORK`, `NETWORK_REGIONAL`, `SYSTEM`, `SYSTEM_REGIONAL`, `UNSPECIFIED`.
    var type: String?
    /// Of the policy's association, among policies of one type.
    var priority: Int?
    var rules: [Rule]?

    struct Rule: Decodable, Sendable {
        var ruleName: String?
        var description: String?
        /// `allow`, `deny`, `goto_next`, `apply_security_profile_group`.
        var action: String?
        var priority: Int?
        var direction: String?
        var match: Match?
        var targetResources: [String]?
        var targetServiceAccounts: [String]?
        var targetSecureTags: [SecureTag]?
        var disabled: Bool?
    }

    struct Match: Decodable, Sendable {
        var srcIpRanges: [String]?
        var destIpRanges: [String]?
        var layer4Configs: [Layer4]?
        var srcAddressGroups: [String]?
        var srcFqdns: [String]?
        var srcRegionCodes: [String]?
        var srcThreatIntelligences: [String]?
        var srcSecureTags: [SecureTag]?
        var srcNetworkScope: String?
        var srcNetworkType: String?
        var srcNetworks: [String]?
        var destAddressGroups: [String]?
        var destFqdns: [String]?
        var destRegionCodes: [String]?
        var destThreatIntelligences: [String]?
    }

    struct Layer4: Decodable, Sendable {
        var ipProtocol: String?
        var ports: [String]?
    }

    struct SecureTag: Decodable, Sendable {
        var name: String?
        /// `EFFECTIVE`, `INEFFECTIVE`.
        var state: String?
    }
}

/// `compute/v1` Router.
struct Router: Decodable, Sendable {
    var name: String
    var network: String?
    var region: String?
    var nats: [NAT]?
    var bgp: BGP?
    var bgpPeers: [Peer]?

    struct NAT: Decodable, Sendable {
        var name: String?
        /// `AUTO_ONLY`, `MANUAL_ONLY`.
        var natIpAllocateOption: String?
        /// `ALL_SUBNETWORKS_ALL_IP_RANGES`, `ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES`, `LIST_OF_SUBNETWORKS`.
        var sourceSubnetworkIpRangesToNat: String?
        var subnetworks: [NATSubnetwork]?
        var type: String?
    }

    struct NATSubnetwork: Decodable, Sendable {
        var name: String?
        /// `ALL_IP_RANGES`, `PRIMARY_IP_RANGE`, `LIST_OF_SECONDARY_IP_RANGES`.
        var sourceIpRangesToNat: [String]?
        var secondaryIpRangeNames: [String]?
    }

    struct BGP: Decodable, Sendable {
        /// `DEFAULT`, `CUSTOM`.
        var advertiseMode: String?
        var advertisedGroups: [String]?
        var advertisedIpRanges: [AdvertisedRange]?
    }

    struct AdvertisedRange: Decodable, Sendable { var range: String? }

    struct Peer: Decodable, Sendable {
        var name: String?
        var interfaceName: String?
        var peerIpAddress: String?
        /// `DEFAULT`, `CUSTOM`; absent: as the router.
        var advertiseMode: String?
        var advertisedGroups: [String]?
        var advertisedIpRanges: [AdvertisedRange]?
        /// `TRUE`, `FALSE`.
        var enable: String?
    }

    /// The region's short name.
    var regionName: String { region.map { ResourcePath($0)["regions"] } ?? "" }
}

/// The answer to `routers.getRouterStatus`.
struct RouterStatus: Decodable, Sendable {
    var result: Result?

    struct Result: Decodable, Sendable {
        /// Routes that this router learned and that are in use.
        var bestRoutes: [Route]?
        var bestRoutesForRouter: [Route]?
        var bgpPeerStatus: [Peer]?
        var natStatus: [NAT]?
    }

    struct Peer: Decodable, Sendable {
        var name: String?
        /// `UP`, `DOWN`.
        var status: String?
        var state: String?
        var peerIpAddress: String?
        var ipAddress: String?
        var linkedVpnTunnel: String?
        /// What is told to the peer.
        var advertisedRoutes: [Route]?
    }

    struct NAT: Decodable, Sendable {
        var name: String?
        var autoAllocatedNatIps: [String]?
        var userAllocatedNatIps: [String]?
        var drainAutoAllocatedNatIps: [String]?
        var drainUserAllocatedNatIps: [String]?
    }
}

/// `compute/v1` Route.
struct Route: Decodable, Sendable {
    var name: String?
    var network: String?
    var destRange: String?
    var priority: Int?
    var tags: [String]?
    var nextHopGateway: String?
    var nextHopInstance: String?
    var nextHopIp: String?
    var nextHopIlb: String?
    var nextHopNetwork: String?
    var nextHopPeering: String?
    var nextHopVpnTunnel: String?
    var nextHopInterconnectAttachment: String?
    var nextHopHub: String?
    var nextHopRegion: String?
    /// `ACTIVE`, `INACTIVE`, `DROPPED`, `PENDING`.
    var routeStatus: String?
    /// `TRANSIT`, `SUBNET`, `BGP`, `STATIC`.
    var routeType: String?
}

/// `compute/v1` VpnTunnel.
struct VPNTunnel: Decodable, Sendable {
    var name: String
    var region: String?
    var selfLink: String?
    var status: String?
    var detailedStatus: String?
    var localTrafficSelector: [String]?
    var remoteTrafficSelector: [String]?
    var router: String?
    var vpnGateway: String?
    /// Of Classic VPN, which has no router.
    var targetVpnGateway: String?
    var peerIp: String?

    var regionName: String { region.map { ResourcePath($0)["regions"] } ?? "" }
}

/// `compute/v1` ForwardingRule.
struct ForwardingRule: Decodable, Sendable {
    var name: String?
    var region: String?
    var IPAddress: String?
    /// `EXTERNAL`, `INTERNAL`, and those of proxies.
    var loadBalancingScheme: String?
    var allowGlobalAccess: Bool?
    var backendService: String?
    var target: String?
    var network: String?
}
