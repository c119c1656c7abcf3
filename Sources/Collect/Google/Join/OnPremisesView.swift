internal import Mesh
internal import Policy

/// A cluster on Google Distributed Cloud as Google's API, or else the cluster itself, describes it.
struct OnPremisesView: Sendable {
    enum Source: String, Sendable { case api, cluster }
    enum Mode: String, Sendable { case metallb, bgp, manual, f5, seesaw }

    var source: Source
    /// Full name of Google's resource; empty where only the cluster describes itself.
    var resource = ""
    var isVMware: Bool
    var state = ""
    var stateDetail = ""
    var version = ""
    var controlPlaneVIP = ""
    var ingressVIP = ""
    var pods: [String] = []
    var services: [String] = []
    var hasProxy = false
    /// `nil` where it is not said.
    var isIsland: Bool?
    /// How Services of type LoadBalancer get addresses, and who says so; `nil` where nothing tells.
    var balancing: Balancing?

    struct Balancing: Sendable {
        var source: Source
        var mode: Mode
        var pools: [AddressPool]
        /// Addresses that Services have; or why they cannot be counted.
        var used: Answer<AddressSet>
    }

    /// - Returns: `nil` for a cluster of another platform, and where neither source tells anything.
    init?(_ cluster: FollowedCluster) {
        let platform = cluster.marks.platform
        guard platform == .gdcVMware || platform == .gdcBareMetal else { return nil }
        isVMware = platform == .gdcVMware
        let own = cluster.ownObject
        if let resource = cluster.found.onPremises.value {
            source = .api
            read(resource)
        } else if let own {
            source = .cluster
            read(own)
        } else {
            guard let pools = cluster.evidence.addressPools.value, !pools.isEmpty else { return nil }
            source = .cluster
        }
        balancing = Self.balancing(cluster, own: own)
    }

    private mutating func read(_ cluster: OnPremisesCluster) {
        resource = cluster.name
        state = cluster.state ?? ""
        let conditions = (cluster.status?.conditions ?? []).filter { $0.state == "STATE_FALSE" && $0.type == "Ready" }
        stateDetail =
            ([cluster.status?.errorMessage] + conditions.map(\.message)).compactMap(\.self).filter { !$0.isEmpty }
            .joined(separator: "; ").capped
        version = cluster.onPremVersion ?? cluster.bareMetalVersion ?? ""
        controlPlaneVIP = cluster.loadBalancer?.vipConfig?.controlPlaneVip ?? ""
        ingressVIP = cluster.loadBalancer?.vipConfig?.ingressVip ?? ""
        let network = cluster.networkConfig
        pods = network?.islandModeCidr?.podAddressCidrBlocks ?? network?.podAddressCidrBlocks ?? []
        services = network?.islandModeCidr?.serviceAddressCidrBlocks ?? network?.serviceAddressCidrBlocks ?? []
        hasProxy = cluster.proxy?.uri?.isEmpty == false
        // VMware clusters have no other mode; a bare metal one states its island's ranges only where it is one.
        isIsland = isVMware || network?.islandModeCidr != nil ? true : nil
    }

    private mutating func read(_ object: BareMetalObject) {
        version = object.spec?.anthosBareMetalVersion ?? ""
        controlPlaneVIP = object.spec?.loadBalancer?.vips?.controlPlaneVIP ?? ""
        ingressVIP = object.spec?.loadBalancer?.vips?.ingressVIP ?? ""
        pods = object.spec?.clusterNetwork?.pods?.cidrBlocks ?? []
        services = object.spec?.clusterNetwork?.services?.cidrBlocks ?? []
        hasProxy = object.spec?.proxy?.url?.isEmpty == false
        isIsland = object.spec.map { $0.clusterNetwork?.flatIPv4 != true }
    }

    // MARK: Load balancers

    /// MetalLB's own objects tell best, since they are what is in force; else Google's resource; else the cluster's object.
    private static func balancing(_ cluster: FollowedCluster, own: BareMetalObject?) -> Balancing? {
        let declared = cluster.found.onPremises.value?.loadBalancer
        let inForce = (cluster.evidence.addressPools.value ?? []).map {
            AddressPool(
                $0.metadata.name, ranges: $0.spec?.addresses ?? [], avoidsBuggyAddresses: $0.spec?.avoidBuggyIPs ?? false,
                isManual: $0.spec?.autoAssign == false)
        }
        let used = cluster.usedAddresses
        let mode = declared.flatMap(mode) ?? own?.spec?.loadBalancer.flatMap(mode)
        if !inForce.isEmpty {
            return Balancing(source: .cluster, mode: mode ?? .metallb, pools: inForce, used: used)
        }
        guard let mode else { return nil }
        if let declared {
            let pools = (declared.metalLbConfig ?? declared.bgpLbConfig)?.addressPools ?? []
            return Balancing(
                source: .api, mode: mode,
                pools: pools.map {
                    AddressPool(
                        $0.pool ?? "", ranges: $0.addresses ?? [], avoidsBuggyAddresses: $0.avoidBuggyIps ?? false,
                        isManual: $0.manualAssign ?? false)
                }, used: used)
        }
        return Balancing(
            source: .cluster, mode: mode,
            pools: (own?.spec?.loadBalancer?.addressPools ?? []).map {
                AddressPool(
                    $0.name ?? "", ranges: $0.addresses ?? [], avoidsBuggyAddresses: $0.avoidBuggyIPs ?? false,
                    isManual: $0.manualAssign ?? false)
            }, used: used)
    }

    private static func mode(_ balancer: OnPremisesCluster.LoadBalancer) -> Mode? {
        if balancer.manualLbConfig != nil, balancer.manualLbConfig?.enabled != false { return .manual }
        if balancer.f5Config != nil { return .f5 }
        if balancer.seesawConfig != nil { return .seesaw }
        if balancer.bgpLbConfig != nil { return .bgp }
        return balancer.metalLbConfig != nil ? .metallb : nil
    }

    private static func mode(_ balancer: BareMetalObject.LoadBalancer) -> Mode? {
        switch (balancer.mode, balancer.type) {
        case ("manual", _): .manual
        case ("bundled", "bgp"): .bgp
        case ("bundled", _): .metallb
        default: nil
        }
    }
}

extension FollowedCluster {
    /// The cluster's own Cluster object: an admin or hybrid cluster has those of its user clusters beside it, and the control
    /// plane's address tells them apart.
    fileprivate var ownObject: BareMetalObject? {
        let objects = evidence.bareMetalClusters.value ?? []
        let own = objects.filter { $0.spec?.loadBalancer?.vips?.controlPlaneVIP == marks.server?.host }
        return own.count == 1 ? own.first : objects.count == 1 ? objects.first : nil
    }

    /// Addresses that Services of type LoadBalancer have.
    fileprivate var usedAddresses: Answer<AddressSet> {
        evidence.services.map { services in
            let balanced = services.filter { $0.spec.type == "LoadBalancer" }
            return AddressSet(addresses: balanced.flatMap(\.addresses).compactMap { IPAddress($0) })
        }
    }
}
