internal import Facts
internal import Policy

/// The ranges of one cluster that routing depends on.
struct ClusterRanges {
    let cluster: String
    let vpc: VPCName?
    /// What stays in the cluster's own network when a packet is for it.
    private(set) var own: [RangeOverlap.Use] = []
    /// What others must reach.
    private(set) var offered: [RangeOverlap.Use] = []
    /// Kinds of which nothing, or not all, is known.
    private(set) var missing: [String] = []

    init(_ evidence: GoogleClusterEvidence) {
        cluster = evidence.cluster
        vpc = evidence.vpc
        // Only GKE's pods come with addresses of their own; others stand behind their nodes, and their ranges may be unknown.
        if evidence.gke.value != nil || evidence.podRanges.value != nil { add("pods", evidence.podRanges, to: \.own) }
        add("nodes", evidence.nodeRanges, to: \.own)
        if let gke = evidence.gke.value {
            add("services", .success([gke.serviceRange].filter { !$0.isEmpty }), to: \.own)
            add(
                "control-plane", .success([gke.privateClusterConfig?.masterIpv4CidrBlock ?? ""].filter { !$0.isEmpty }), to: \.own
            )
        } else {
            add("services", .success(evidence.premises?.services ?? []), to: \.own)
        }
        for waypoint in evidence.waypoints {
            if waypoint.address.isEmpty, waypoint.purpose == "gateway" { continue }
            // Google's DNS endpoints stand in nobody's network. Which address another name stands for changes with DNS.
            if evidence.server?.kind == .dnsEndpoint, waypoint.purpose == "control-plane" { continue }
            if let range = CIDR(tolerant: waypoint.address) {
                offered.append(.init(waypoint.purpose, range))
            } else {
                missing.append(waypoint.purpose)
            }
        }
        guard evidence.isOnPremises else { return }
        // The nodes of a site are reached through the same tunnels as its load balancers.
        offered += own.filter { $0.kind == "nodes" }
        for pool in evidence.premises?.balancing?.pools ?? [] {
            offered += pool.addresses.ranges.map { .init("load-balancer-pool", $0) }
            if !pool.unreadable.isEmpty { missing.append("load-balancer-pool") }
        }
    }

    private mutating func add(
        _ kind: String, _ ranges: Answer<[String]>, to list: WritableKeyPath<ClusterRanges, [RangeOverlap.Use]>
    ) {
        guard case .success(let ranges) = ranges else {
            missing.append(kind)
            return
        }
        let read = ranges.map { CIDR(tolerant: $0) }
        if read.contains(nil) { missing.append(kind) }
        self[keyPath: list] += read.compactMap(\.self).map { .init(kind, $0) }
    }

    /// Table `range_known`.
    var row: FactRow {
        let ranges = (own + offered).uniqued.map { ["kind": $0.kind, "range": $0.range.description] }
        return FactRow(
            "range_known",
            [
                "cluster": .text(cluster), "known": FactValue(missing.isEmpty), "missing": jsonText(missing.uniqued),
                "ranges": jsonText(ranges),
            ])
    }

    /// Table `range_overlap` for the way from this cluster to another.
    func overlaps(with target: ClusterRanges) -> [FactRow] {
        // In one network ranges are kept apart by the network itself, and nodes stand beside the addresses of load balancers.
        if vpc != nil && vpc == target.vpc { return [] }
        var seen: Set<RangeOverlap> = []
        return RangeOverlap.between(own, target.offered).filter { seen.insert($0).inserted }.map { overlap in
            FactRow(
                "range_overlap",
                [
                    "source": .text(cluster), "target": .text(target.cluster), "a_kind": .text(overlap.one.kind),
                    "a_range": .text(overlap.one.range.description), "b_kind": .text(overlap.other.kind),
                    "b_range": .text(overlap.other.range.description),
                    "detail": .text(
                        "a packet from \(cluster) to \(overlap.common.shortDescription) of \(target.cluster) stays in \(cluster)'s own network"
                    ),
                ])
        }
    }
}
