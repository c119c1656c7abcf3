/// A route of a network: where packets for a range are sent.
package struct Route: Hashable, Sendable {
    package enum NextHop: Hashable, Sendable {
        /// A VPN tunnel, named as the facts name it.
        case tunnel(String)
        case interconnect(String)
        case peering(String)
        case instance(String)
        /// The internet gateway.
        case gateway
        /// The network itself: one of its subnetworks.
        case subnetwork
        case other(String)

        package var description: String {
            switch self {
            case .tunnel(let name): "VPN tunnel \(name)"
            case .interconnect(let name): "interconnect attachment \(name)"
            case .peering(let name): "network peering \(name)"
            case .instance(let name): "instance \(name)"
            case .gateway: "the internet gateway"
            case .subnetwork: "the network itself"
            case .other(let name): name
            }
        }
    }

    package var name: String
    package var destination: CIDR
    /// Lower is preferred, among routes to the same range.
    package var priority: Int
    package var nextHop: NextHop
    /// Whether the next hop carries packets; `nil` where that is not known.
    package var isUp: Bool?
    /// Only for machines with one of these tags; none is for all.
    package var tags: [String]

    package init(
        _ name: String, to destination: CIDR, priority: Int = 1000, via nextHop: NextHop, isUp: Bool?, tags: [String] = []
    ) {
        self.name = name
        self.destination = destination
        self.priority = priority
        self.nextHop = nextHop
        self.isUp = isUp
        self.tags = tags
    }
}

/// The routes of one network.
package struct RouteTable: Hashable, Sendable {
    /// Best first: the longest prefix, then the lowest priority.
    private let routes: [Route]

    package init(_ routes: some Sequence<Route>) {
        self.routes = routes.sorted {
            (-$0.destination.length, $0.priority, $0.name) < (-$1.destination.length, $1.priority, $1.name)
        }
    }

    /// The way to an address.
    package struct Decision: Hashable, Sendable {
        /// The routes that share the traffic, all to the same range and of the same priority; empty where none leads there.
        package let routes: [Route]
        /// Better ones that are not taken, because their next hop is known to be down; best first.
        package let passedOver: [Route]
        /// Whether a packet goes through: `nil` where that hangs on next hops of unknown state.
        package let isUp: Bool?
    }

    /// The way to an address for a machine: among the ways that are not known to be down the best.
    ///
    /// - Parameter tags: of the machine; `nil` where they are not known, and then a route for tags alone is not counted upon.
    package func way(to address: IPAddress, tags: Set<String>? = nil) -> Decision {
        // The internet takes nothing that is for a private address.
        let fitting = routes.filter {
            $0.destination.contains(address) && $0.isFor(tags) && !($0.nextHop == .gateway && address.isPrivate)
        }
        guard let best = fitting.first(where: { $0.isUp != false }) else {
            return Decision(routes: [], passedOver: fitting, isUp: false)
        }
        let better = fitting.prefix { $0.destination != best.destination || $0.priority != best.priority }
        let equal = fitting.dropFirst(better.count).prefix { $0.destination == best.destination && $0.priority == best.priority }
        let shared = equal.filter { $0.isUp != false }
        return Decision(
            routes: Array(shared), passedOver: better + equal.filter { $0.isUp == false },
            isUp: shared.contains { $0.isUp == true } ? true : nil)
    }
}

extension Route {
    fileprivate func isFor(_ tags: Set<String>?) -> Bool {
        self.tags.isEmpty || !(tags ?? []).isDisjoint(with: self.tags)
    }
}

/// Two ranges that have addresses in common, which a router cannot tell apart.
package struct RangeOverlap: Hashable, Sendable {
    /// A range and what it is for.
    package struct Use: Hashable, Sendable {
        package var kind: String
        package var range: CIDR

        package init(_ kind: String, _ range: CIDR) {
            self.kind = kind
            self.range = range
        }
    }

    package let one: Use
    package let other: Use
    package let common: CIDR

    /// Every use of one list that meets a use of the other.
    package static func between(_ uses: [Use], _ others: [Use]) -> [RangeOverlap] {
        uses.flatMap { one in
            others.compactMap { other in
                one.range.overlap(other.range).map { RangeOverlap(one: one, other: other, common: $0) }
            }
        }
    }
}
