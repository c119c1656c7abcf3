internal import Facts
internal import GoogleCloud
internal import Mesh

extension Rows {
    /// Table `vpn_tunnel`: those that lead into one network.
    static func vpnTunnels(_ network: GoogleNetworkEvidence) -> [FactRow] {
        network.vpnTunnels.items.map { tunnel in
            let router = tunnel.router.map { ResourcePath($0)["routers"] } ?? ""
            return FactRow(
                "vpn_tunnel",
                [
                    "project": .text(network.name.project), "region": .text(tunnel.regionName), "name": .text(tunnel.name),
                    "status": .text(tunnel.status ?? ""), "established": FactValue(tunnel.status == "ESTABLISHED"),
                    "detail": .text((tunnel.detailedStatus ?? "").capped), "router": .text(router),
                    "bgp_up": FactValue(network.isSpeaking(over: tunnel)), "peer_ip": .text(tunnel.peerIp ?? ""),
                ])
        }
    }

    /// Table `google_quota`.
    static func googleQuotas(_ evidence: GoogleEvidence, _ names: ProjectNames) -> [FactRow] {
        membershipQuotas(evidence, names) + regionalQuotas(evidence, names)
    }

    /// What gateways use up in their region. A new one needs a forwarding rule and, where it is external, an address.
    private static func regionalQuotas(_ evidence: GoogleEvidence, _ names: ProjectNames) -> [FactRow] {
        let always = ["FORWARDING_RULES", "IN_USE_ADDRESSES"], where_told = ["EXTERNAL_NETWORK_LB_FORWARDING_RULES"]
        return evidence.projects.values.sorted { $0.project < $1.project }.flatMap { project in
            project.regions.sorted { $0.key < $1.key }.flatMap { region, answer in
                let plans = evidence.clusters.values.filter {
                    names.id(of: $0.project) == project.project && $0.gke.value?.region == region
                }.compactMap(\.gateway.value).filter { $0.addresses.isEmpty && !$0.type.isEmpty }
                let external = plans.count { $0.type == "EXTERNAL_NETWORK_TCP_UDP" }
                let told = Dictionary(
                    (answer.value?.quotas ?? []).compactMap { quota in quota.metric.map { ($0, quota) } },
                    uniquingKeysWith: { first, _ in first })
                return (always + where_told.filter { told[$0] != nil }).map { metric in
                    let quota = told[metric]
                    let detail = answer.failure?.detail ?? (quota == nil ? "Compute does not tell this quota" : "")
                    return quotaRow(
                        project.project, region, metric, service: "compute.googleapis.com", limit: quota?.limit.map { Int($0) },
                        usage: quota?.usage.map { Int($0) }, needed: metric == "FORWARDING_RULES" ? plans.count : external,
                        detail: detail)
                }
            }
        }
    }

    /// Memberships, in each place where the fleet has some or a cluster of the mesh still needs one: `global`.
    private static func membershipQuotas(_ evidence: GoogleEvidence, _ names: ProjectNames) -> [FactRow] {
        guard !evidence.fleetProject.isEmpty, evidence.access.notAsked == nil else { return [] }
        let missing = evidence.clusters.values.count { cluster in
            if case .success(nil) = cluster.membership.found { true } else { false }
        }
        let list = evidence.memberships
        let usage = Dictionary(grouping: list.items, by: \.location).mapValues(\.count)
        let places = Set(usage.keys).union(["global"]).subtracting([""]).sorted()
        return places.map { place in
            let limit = evidence.membershipQuotas.items.lazy.compactMap { $0.membershipLimit(in: place) }.first
            var detail = ""
            if limit == nil {
                detail = evidence.membershipQuotas.missing?.detail ?? "Cloud Quotas tells no limit of memberships in \(place)"
            }
            if let reason = list.missing { detail = reason.detail }
            return quotaRow(
                names.id(of: evidence.fleetProject), place, "gkehub.googleapis.com/memberships",
                service: "gkehub.googleapis.com", limit: limit, usage: list.isComplete ? usage[place] ?? 0 : nil,
                needed: place == "global" ? missing : 0, detail: detail)
        }
    }

    private static func quotaRow(
        _ project: String, _ region: String, _ metric: String, service: String, limit: Int?, usage: Int?, needed: Int,
        detail: String
    ) -> FactRow {
        FactRow(
            "google_quota",
            [
                "project": .text(project), "region": .text(region), "metric": .text(metric), "service": .text(service),
                "quota_limit": FactValue(limit), "usage": FactValue(usage), "needed": .integer(needed), "detail": .text(detail),
            ])
    }
}

extension QuotaInfo {
    /// The limit of memberships in a location; `nil` where this is another quota, or says nothing about it.
    fileprivate func membershipLimit(in location: String) -> Int? {
        guard [metric, quotaId].contains(where: { $0?.lowercased().contains("membership") ?? false }) else { return nil }
        // A quota by region holds for regions; the one without a dimension is that of `global`.
        let exact = dimensionsInfos?.first { ($0.dimensions ?? [:]).values.contains(location) }
        let open = dimensionsInfos?.first { info in
            (info.dimensions ?? [:]).isEmpty
                && (info.applicableLocations.map { $0.isEmpty || $0.contains(location) } ?? true)
        }
        return (exact ?? open)?.details?.value?.value
    }
}

extension GoogleNetworkEvidence {
    /// Whether the BGP session over a tunnel is up; `nil` where it has none, or its router could not be asked.
    func isSpeaking(over tunnel: VPNTunnel) -> Bool? {
        guard let link = tunnel.router else { return nil }
        let path = ResourcePath(link)
        guard let status = routerStatus[RouterName(region: path["regions"], name: path["routers"])]?.value else { return nil }
        let peers = (status.result?.bgpPeerStatus ?? []).filter { peer in
            let linked = ResourcePath(peer.linkedVpnTunnel ?? "")
            return linked["vpnTunnels"] == tunnel.name && linked["regions"] == tunnel.regionName
        }
        return peers.isEmpty ? nil : peers.contains { $0.status == "UP" }
    }
}
