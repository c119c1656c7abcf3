/// The guide's steps, in its order. What comes after them is the proof: `isthmus verify`.
package enum SetupStep: String, Codable, Sendable, CaseIterable, Comparable {
    /// The cluster's membership in the fleet; only where it is asked for.
    case register
    /// `topology.istio.io/network` on the namespace istio-system.
    case network
    /// The east-west gateway.
    case gateway
    /// The Gateway resource `cross-network-gateway`.
    case expose
    /// A remote secret for every ordered pair of clusters.
    case discovery

    package static func < (a: SetupStep, b: SetupStep) -> Bool { a.order < b.order }

    /// All but those that are done only where somebody asks for them.
    package static let byDefault = allCases.filter { $0 != .register }

    /// 0 for the first.
    package var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// For people.
    package var title: String {
        switch self {
        case .register: "Fleet membership"
        case .network: "Network identity"
        case .gateway: "East-west gateway"
        case .expose: "Services exposed"
        case .discovery: "Endpoint discovery"
        }
    }
}

/// What a plan means to do with one object.
package enum Verb: String, Codable, Sendable, CaseIterable {
    /// It is not there.
    case create
    /// It is there, and some fields are not as wanted.
    case change
    /// It is as wanted.
    case leave
    /// Another manager owns a field that would change, or a value that is never overwritten stands there.
    case conflict
    /// The server would not take it as things are: quota, webhook, namespace that is terminating, no permission.
    case refused
    /// Whether it is there, or what the server would say, could not be observed.
    case unknown

    /// Whether applying the act writes.
    package var writes: Bool { self == .create || self == .change }
}
