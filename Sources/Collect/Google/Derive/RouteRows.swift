internal import Facts
internal import Mesh
internal import Policy

extension Rows {
    /// Table `google_route` for one GKE cluster as source.
    ///
    /// - Parameter targets: the clusters on premises.
    static func routes(
        from source: GoogleClusterEvidence, _ cluster: GKECluster, _ network: GoogleNetworkEvidence, _ routes: NetworkRoutes,
        to targets: [GoogleClusterEvidence]
    ) -> [FactRow] {
        let pods = source.podRanges.value ?? []
        let masquerade = cluster.masquerade(source.masqueradeAgent)
        let place: [String: FactValue] = [
            "source": .text(source.cluster), "network": .text(network.name.network), "host_project": .text(network.name.project),
            "pod_ranges": textList(pods),
        ]
        return targets.flatMap { target in
            target.waypoints.map { waypoint in
                var columns = place
                columns["target"] = .text(target.cluster)
                columns["purpose"] = .text(waypoint.purpose)
                let way = WayDescription(
                    to: waypoint.address, routes, pods: source.podRanges, tags: source.nodeTags.value.map(Set.init))
                columns.merge(way.columns) { $1 }
                let address = IPAddress(waypoint.address)
                columns["masqueraded"] = FactValue(address.flatMap { address in masquerade?.hides(from: address) })
                return FactRow("google_route", columns)
            }
        }
    }
}

/// The columns about one way.
private struct WayDescription {
    private(set) var columns: [String: FactValue]

    init(to text: String, _ routes: NetworkRoutes, pods: Answer<[String]>, tags: Set<String>?) {
        columns = [
            "address": .text(text), "covered": .null, "route": "", "next_hop": "", "tunnel": "", "tunnel_status": "",
            "pod_ranges_advertised": .null, "router": "", "region": "", "detail": "",
        ]
        guard let address = IPAddress(text) else {
            let words = text.isEmpty ? "the address is not known yet" : "\(text) is a name, which leads where DNS says"
            columns["address"] = text.isEmpty ? "" : .text(text)
            columns["detail"] = .text(words)
            return
        }
        let decision = routes.table.way(to: address, tags: tags)
        let chosen = decision.routes.first { $0.isUp == true } ?? decision.routes.first ?? decision.passedOver.first
        guard let chosen else {
            // What was not read may lead there.
            columns["covered"] = FactValue(routes.missing == nil ? false : nil)
            columns["detail"] = .text(
                routes.missing.map { "not all routes are known: \($0.detail)" } ?? "no route of the network leads there")
            return
        }
        describe(chosen, decision, routes, pods)
    }

    private mutating func describe(
        _ route: Policy.Route, _ decision: RouteTable.Decision, _ routes: NetworkRoutes, _ pods: Answer<[String]>
    ) {
        let way = routes.ways[route.name] ?? NetworkRoutes.Way()
        columns["route"] = .text(route.destination.description)
        columns["next_hop"] = .text(route.nextHop.description)
        columns["tunnel"] = .text(way.tunnel)
        columns["tunnel_status"] = .text(way.tunnelStatus)
        columns["router"] = .text(way.router)
        columns["region"] = .text(way.region)
        if route.nextHop == .subnetwork {
            columns["covered"] = false
            columns["detail"] = .text(
                "the address lies in the network's own range \(route.destination): packets to it stay there")
            return
        }
        // A route that was not read may be the better one.
        let isCertain = routes.configured.isComplete && (way.doubt.isEmpty || route.isUp == true)
        columns["covered"] = FactValue(isCertain ? true : nil)
        columns["detail"] = .text(routes.configured.missing?.detail ?? detail(route, way, decision))
        // Every path of a shared way may be the one that answers take: what one neighbour hears suffices.
        let told = decision.routes.compactMap { routes.ways[$0.name]?.advertised }
        let heard = told.isEmpty ? way.advertised : told.reduce(AddressSet()) { $0.union($1) }
        if let heard, case .success(let pods) = pods, !pods.isEmpty {
            let wanted = AddressSet.reading(pods)
            columns["pod_ranges_advertised"] = FactValue(wanted.unreadable.isEmpty ? wanted.set.isSubset(of: heard) : nil)
        }
    }

    private func detail(_ route: Policy.Route, _ way: NetworkRoutes.Way, _ decision: RouteTable.Decision) -> String {
        let down = decision.passedOver.filter { $0 != route }.map { "\($0.nextHop.description) is down and passed over" }
        let state = route.isUp == false ? "\(route.nextHop.description) is down" : ""
        return ([state, route.isUp == true ? "" : way.doubt] + down).filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

extension GoogleClusterEvidence {
    /// The addresses of a cluster that others must reach, with what stands behind them; an address is empty where it is not
    /// known yet.
    var waypoints: [(purpose: String, address: String)] {
        let host = server?.host ?? ""
        let vip = premises?.controlPlaneVIP ?? ""
        let plan = gateway.value
        let own = plan?.addresses.first ?? plan?.declaredAddress ?? ""
        return [("control-plane", IPAddress(host) == nil && !vip.isEmpty ? vip : host), ("gateway", own)]
    }

    var isOnPremises: Bool { platform == .gdcVMware || platform == .gdcBareMetal }
}

extension GKECluster {
    /// Towards whom pods keep their addresses; `nil` where the agent's configuration cannot be read.
    func masquerade(_ agent: Answer<ConfigMap?>) -> Masquerade? {
        if networkConfig?.defaultSnatStatus?.disabled == true { return Masquerade(isDisabled: true) }
        guard let agent = agent.value else { return nil }
        guard let text = agent?.data?["config"] else { return Masquerade() }
        return Masquerade(agentConfiguration: text)
    }
}
