/// Which destinations see a pod's own address, and which that of its node, on GKE.
package struct Masquerade: Hashable, Sendable {
    /// Destinations towards which a pod keeps its address.
    package let kept: AddressSet
    /// Texts of the configuration that are no range.
    package let unreadable: [String]

    /// What holds where nothing else is configured: every range that is not of the public internet.
    package static let defaultRanges = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
    ]
    static let linkLocal = "169.254.0.0/16"

    /// - Parameters:
    ///   - nonMasqueradeCIDRs: the configuration of ip-masq-agent; `nil` where there is none, for the defaults.
    ///   - masqLinkLocal: whether link-local destinations see the node.
    ///   - isDisabled: the cluster's default SNAT is disabled: pods always keep their addresses.
    package init(nonMasqueradeCIDRs: [String]? = nil, masqLinkLocal: Bool = false, isDisabled: Bool = false) {
        let ranges = (nonMasqueradeCIDRs ?? Self.defaultRanges) + (masqLinkLocal ? [] : [Self.linkLocal])
        let read = AddressSet.reading(ranges)
        kept = isDisabled ? .everything : read.set
        unreadable = read.unreadable
    }

    /// Whether a destination sees the node's address; `nil` where the configuration cannot be read and its readable part does
    /// not settle it.
    package func hides(from destination: IPAddress) -> Bool? {
        if kept.contains(destination) { return false }
        return unreadable.isEmpty ? true : nil
    }
}
