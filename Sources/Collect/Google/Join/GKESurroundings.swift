internal import Policy

/// What only a GKE cluster and its network together tell.
struct GKESurroundings: Sendable {
    /// `nil` where the cluster is none of GKE's.
    var cluster: GKECluster?
    /// `nil` where the network is not known.
    var network: GoogleNetworkEvidence?

    private var noNetwork: NoAnswer { NoAnswer("Google does not say which VPC network the cluster is on") }

    /// The cluster's subnetwork.
    private var subnetwork: Answer<Subnetwork> {
        guard let network, let name = cluster?.networkConfig?.subnetwork.map(ResourcePath.init) else {
            return .failure(noNetwork)
        }
        let match = network.subnetworks.items.first {
            $0.name == name["subnetworks"] && ResourcePath($0.region ?? $0.selfLink ?? "")["regions"] == name["regions"]
        }
        if let match { return .success(match) }
        return .failure(
            network.subnetworks.missing ?? NoAnswer("the network \(network.name) has no subnetwork \(name["subnetworks"])"))
    }

    var nodeRange: Answer<String> {
        subnetwork.flatMap { subnetwork in
            subnetwork.ipCidrRange.map { .success($0) } ?? .failure(NoAnswer("the subnetwork states no range"))
        }
    }

    /// All ranges of pods: those that the cluster names by address, and those that it names by the subnetwork's names.
    var podRanges: Answer<[String]> {
        guard let cluster else { return .failure(noNetwork) }
        let main = cluster.ipAllocationPolicy?.clusterSecondaryRangeName
        // The cluster's own address range is the one of its main name.
        let names = cluster.podRangeNames.filter { $0 != main || cluster.ownPodRanges.isEmpty }
        if names.isEmpty { return .success(cluster.ownPodRanges) }
        return subnetwork.flatMap { subnetwork in
            let known = Dictionary(
                (subnetwork.secondaryIpRanges ?? []).compactMap { range in
                    range.rangeName.flatMap { name in range.ipCidrRange.map { (name, $0) } }
                }, uniquingKeysWith: { first, _ in first })
            if let stranger = names.first(where: { known[$0] == nil }) {
                return .failure(NoAnswer("the subnetwork has no secondary range \(stranger)"))
            }
            return .success((cluster.ownPodRanges + names.compactMap { known[$0] }).uniqued)
        }
    }

    // MARK: Nodes as the firewall sees them

    /// E-mail addresses of the pools' service accounts.
    var serviceAccounts: [String] { (cluster?.nodePools ?? []).compactMap(\.config?.serviceAccount).uniqued }

    /// The tags that every pool's nodes have, and the one that GKE gives to all nodes of a cluster: it stands in no answer about
    /// the cluster, but in the rules that GKE makes for it, which admit the cluster's pods.
    var nodeTags: Answer<[String]> {
        guard let cluster else { return .success([]) }
        let pools = (cluster.nodePools ?? []).map { Set($0.config?.tags ?? []) }
        let common = pools.dropFirst().reduce(pools.first ?? []) { $0.intersection($1) }.sorted()
        guard let network else { return .failure(noNetwork) }
        return network.firewalls.flatMap { firewalls in
            let rules = firewalls.firewalls ?? []
            var tags = rules.flatMap { $0.targetTags ?? [] }.filter(cluster.mayHaveTag).uniqued
            if tags.count > 1 {
                // Clusters of one name in two places: the hash begins the cluster's id.
                tags = tags.filter { $0.hasSuffix("-\((cluster.id ?? "").prefix(8))-node") }
            }
            guard tags.count == 1 else {
                return .failure(
                    NoAnswer(
                        "the network tag that GKE gives to the nodes of \(cluster.name) does not show in the network's firewall rules"
                    ))
            }
            return .success((common + tags).uniqued)
        }
    }

    // MARK: Cloud NAT

    struct NATAddresses: Sendable, Equatable {
        var ranges: [String]
        /// Google takes more addresses when it needs them.
        var isAutomatic: Bool
    }

    /// The addresses of the Cloud NATs that translate the cluster's nodes.
    var natAddresses: Answer<NATAddresses> {
        guard let cluster, let network else { return .failure(noNetwork) }
        let region = cluster.region
        let link = cluster.networkConfig?.subnetwork ?? ""
        let nats = network.routers.items.filter { $0.regionName == region }.flatMap { router in
            (router.nats ?? []).filter { $0.translates(link) }.map { (router, $0) }
        }
        if let missing = network.routers.missing, nats.isEmpty { return .failure(missing) }
        guard !nats.isEmpty else {
            return .failure(
                NoAnswer(
                    "its nodes have no external address, and no Cloud NAT of the network in \(region) translates their subnetwork"
                ))
        }
        var all = NATAddresses(ranges: [], isAutomatic: false)
        for (router, nat) in nats {
            switch network.routerStatus[router.key] {
            case .success(let status)?:
                guard let state = status.result?.natStatus?.first(where: { $0.name == nat.name }) else {
                    return .failure(NoAnswer("the status of router \(router.name) does not tell the addresses of Cloud NAT"))
                }
                let addresses = (state.autoAllocatedNatIps ?? []) + (state.userAllocatedNatIps ?? [])
                all.ranges += addresses.compactMap { CIDR(tolerant: $0)?.description }
                if nat.natIpAllocateOption == "AUTO_ONLY" { all.isAutomatic = true }
            case .failure(let reason)?: return .failure(reason)
            case nil: return .failure(NoAnswer("the status of router \(router.name) was not read"))
            }
        }
        all.ranges = all.ranges.uniqued
        return all.ranges.isEmpty ? .failure(NoAnswer("Cloud NAT has no address yet")) : .success(all)
    }
}

extension Router.NAT {
    /// Whether it translates the nodes of a subnetwork (`projects/HOST/regions/R/subnetworks/S`) towards the internet.
    func translates(_ subnetwork: String) -> Bool {
        if type == "PRIVATE" { return false }
        switch sourceSubnetworkIpRangesToNat {
        case "LIST_OF_SUBNETWORKS":
            return (subnetworks ?? []).contains {
                ($0.name ?? "").hasSuffix(subnetwork) && !subnetwork.isEmpty
                    && !($0.sourceIpRangesToNat ?? []).filter { $0 != "LIST_OF_SECONDARY_IP_RANGES" }.isEmpty
            }
        case let word?: return word.hasPrefix("ALL_SUBNETWORKS")
        case nil: return false
        }
    }
}

extension GKECluster {
    /// Whether a network tag is one that GKE gives to the nodes of a cluster of this name: `gke-NAME-HASH-node`, where a long name
    /// is cut.
    fileprivate func mayHaveTag(_ tag: String) -> Bool {
        let form = /gke-(.+)-([0-9a-f]{8})-node/
        guard let match = tag.wholeMatch(of: form) else { return false }
        return match.1 == name || (match.1.count >= 19 && name.hasPrefix(match.1))
    }
}

extension VPNTunnel {
    /// Whether it leads into a network: through one of its routers, or by one of its routes.
    func leads(into network: GoogleNetworkEvidence) -> Bool {
        if let router {
            let path = ResourcePath(router)
            let key = RouterName(region: path["regions"], name: path["routers"])
            return network.routers.items.contains { $0.key == key }
        }
        return network.routes.items.contains {
            $0.nextHopVpnTunnel.map { link in
                let path = ResourcePath(link)
                return path["vpnTunnels"] == name && path["regions"] == regionName
            } ?? false
        }
    }
}
