/// The types of load balancers that Google's constraint `compute.restrictLoadBalancerCreationForTypes` tells apart, as far as
/// a Kubernetes Service of type LoadBalancer makes them.
package enum LoadBalancerType: String, Hashable, Sendable, CaseIterable {
    case external = "EXTERNAL_NETWORK_TCP_UDP"
    case `internal` = "INTERNAL_TCP_UDP"

    /// The group of types that the constraint's values can name it by.
    var group: String { self == .external ? "EXTERNAL" : "INTERNAL" }
}

/// A value of the constraint: one type, or a group of types.
enum LoadBalancerValue: Hashable {
    case type(String)
    case group(String)

    /// `is:` and no prefix name a type; `in:` and any other prefix name something that holds several.
    init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts.count, parts.first) {
        case (2, "is"): self = .type(String(parts[1]))
        case (2, "in"): self = .group(String(parts[1]))
        case (2, _): self = .group(text)
        default: self = .type(text)
        }
    }

    /// A group that is not known may hold any type.
    func match(_ type: LoadBalancerType) -> Match {
        switch self {
        case .type(let name): name == type.rawValue ? .yes : .no
        case .group(let name) where Set(LoadBalancerType.allCases.map(\.group)).contains(name): name == type.group ? .yes : .no
        case .group: .maybe
        }
    }

    /// The value that says most about a type.
    static func best(_ values: [String], _ type: LoadBalancerType) -> (match: Match, value: String)? {
        values.map { (match: LoadBalancerValue($0).match(type), value: $0) }.max { $0.match < $1.match }
    }
}
