internal import Policy

/// The ways out of a VPC network, as machines in one region have them.
struct NetworkRoutes {
    /// A route, with what the facts say of it.
    struct Way {
        /// VPN tunnel, as `project/region/name`; empty where it leads elsewhere.
        var tunnel = ""
        /// Of the tunnel, as Google writes it; empty where it is not known.
        var tunnelStatus = ""
        var router = ""
        var region = ""
        /// What the other side is told about the way back; `nil` where that is not known.
        var advertised: AddressSet?
        /// Why the way may not lead on although the route is there; empty where nothing is known against it.
        var doubt = ""
    }

    let table: RouteTable
    /// By the route's name in the table.
    private(set) var ways: [String: Way] = [:]
    /// Those that somebody configured.
    let configured: Listing<Route>
    /// Why routes are missing, of either kind; `nil` where all were read.
    private(set) var missing: NoAnswer?

    init(_ network: GoogleNetworkEvidence, region: String) {
        var routes: [Policy.Route] = []
        configured = network.routes
        missing = network.routes.missing
        for (index, route) in network.routes.items.enumerated() where route.routeType != "BGP" {
            guard let range = route.destRange.flatMap({ CIDR(tolerant: $0) }) else { continue }
            let name = "\(index) \(route.name ?? "")"
            let (hop, isUp, way) = Self.way(of: route, in: network)
            let isActive = route.routeStatus.map { $0 == "ACTIVE" } ?? true
            routes.append(
                Policy.Route(
                    name, to: range, priority: route.priority ?? 1000, via: hop, isUp: isActive ? isUp : false,
                    tags: route.tags ?? []))
            ways[name] = way
        }
        let isGlobal = network.network.value?.routingConfig?.routingMode == "GLOBAL"
        for router in network.routers.items where isGlobal || router.regionName == region {
            switch network.routerStatus[router.key] {
            case .success(let status)?:
                for learned in Self.learned(status, router, in: network) {
                    routes.append(learned.route)
                    ways[learned.route.name] = learned.way
                }
            case .failure(let reason)?: missing = missing ?? reason
            case nil: missing = missing ?? NoAnswer("the routes that router \(router.name) learned were not read")
            }
        }
        missing = missing ?? network.routers.missing
        if case .failure(let reason) = network.network { missing = missing ?? reason }
        table = RouteTable(routes)
    }

    // MARK: Routes that are configured

    private static func way(of route: Route, in network: GoogleNetworkEvidence) -> (Policy.Route.NextHop, Bool?, Way) {
        if let link = route.nextHopVpnTunnel {
            let (name, tunnel) = network.tunnel(link)
            var way = Way(tunnel: name, tunnelStatus: tunnel?.status ?? "", region: ResourcePath(link)["regions"])
            // Whoever selects all traffic says nothing about what the other side sends back.
            let selected = AddressSet.reading(tunnel?.localTrafficSelector ?? [])
            if !selected.set.isEmpty, selected.set != .all(.v4) { way.advertised = selected.set }
            return (.tunnel(name), tunnel.map { $0.status == "ESTABLISHED" }, way)
        }
        if let peering = route.nextHopPeering {
            return (.peering(peering), nil, Way(doubt: "it leads into the peered network \(peering), which was not looked at"))
        }
        if let link = route.nextHopInterconnectAttachment {
            let name = ResourcePath(link)["interconnectAttachments"]
            return (.interconnect(name), nil, Way(doubt: "whether interconnect attachment \(name) is up was not looked at"))
        }
        if route.nextHopGateway != nil { return (.gateway, true, Way()) }
        if route.nextHopNetwork != nil { return (.subnetwork, true, Way()) }
        let other = [route.nextHopInstance, route.nextHopIp, route.nextHopIlb, route.nextHopHub].compactMap(\.self).first ?? ""
        let name = String(other.split(separator: "/").last ?? "")
        let doubt =
            "it leads to \(name.isEmpty ? "an unknown next hop" : name), of which Google does not tell whether it forwards"
        return (.other(name), nil, Way(doubt: doubt))
    }

    // MARK: Routes that are learned

    private static func learned(
        _ status: RouterStatus, _ router: Router, in network: GoogleNetworkEvidence
    ) -> [(route: Policy.Route, way: Way)] {
        let peers = status.result?.bgpPeerStatus ?? []
        // The best routes of the network hold those of other routers, too; the router's own are the ones it vouches for.
        let routes = status.result?.bestRoutesForRouter ?? status.result?.bestRoutes ?? []
        return routes.enumerated().compactMap { index, route in
            guard let range = route.destRange.flatMap({ CIDR(tolerant: $0) }) else { return nil }
            let peer = peers.first { $0.peerIpAddress != nil && $0.peerIpAddress == route.nextHopIp }
            var way = Way(router: router.name, region: router.regionName)
            way.advertised = peer.map { AddressSet.reading(($0.advertisedRoutes ?? []).compactMap(\.destRange)).set }
            let isUp = peer?.status.map { $0 == "UP" }
            let name = "\(router.regionName)/\(router.name) \(index)"
            var hop = Policy.Route.NextHop.other("router \(router.name)")
            var tunnelUp: Bool? = true
            if let link = route.nextHopVpnTunnel ?? peer?.linkedVpnTunnel {
                let (name, tunnel) = network.tunnel(link)
                way.tunnel = name
                way.tunnelStatus = tunnel?.status ?? ""
                tunnelUp = tunnel.map { $0.status == "ESTABLISHED" }
                hop = .tunnel(name)
            } else if let link = route.nextHopInterconnectAttachment {
                hop = .interconnect(ResourcePath(link)["interconnectAttachments"])
            }
            if peer == nil { way.doubt = "the BGP session that it was learned over does not show" }
            return (
                Policy.Route(
                    name, to: range, priority: route.priority ?? 0, via: hop, isUp: isUp.flatMap { $0 ? tunnelUp : false }),
                way
            )
        }
    }
}

extension GoogleNetworkEvidence {
    /// A tunnel's name in the facts, and the tunnel, where it was read.
    fileprivate func tunnel(_ link: String) -> (String, VPNTunnel?) {
        let path = ResourcePath(link)
        let (region, name) = (path["regions"], path["vpnTunnels"])
        let project = path["projects"].isEmpty ? self.name.project : path["projects"]
        return ("\(project)/\(region)/\(name)", vpnTunnels.items.first { $0.name == name && $0.regionName == region })
    }
}
