/// Addresses that a load balancer on-premises hands out: a pool of MetalLB.
package struct AddressPool: Hashable, Sendable {
    package let name: String
    /// The addresses that can be handed out.
    package let addresses: AddressSet
    /// How many of those are left out, because old devices take them for a network's or a broadcast address: `.0` and `.255`.
    private let avoided: AddressSet?
    /// Handed out only to a Service that asks for the address.
    package let isManual: Bool
    /// Texts that are neither a range nor two addresses with a dash.
    package let unreadable: [String]

    /// - Parameter ranges: `10.0.0.0/24`, `10.0.0.1-10.0.0.9`, or one address.
    package init(_ name: String, ranges: [String], avoidsBuggyAddresses: Bool = false, isManual: Bool = false) {
        self.name = name
        self.isManual = isManual
        let sets = ranges.map { Self.read($0) }
        addresses = sets.compactMap { $0 }.reduce(AddressSet()) { $0.union($1) }
        unreadable = zip(ranges, sets).filter { $1 == nil }.map(\.0)
        avoided = avoidsBuggyAddresses ? addresses.only(.v4) : nil
    }

    private static func read(_ text: String) -> AddressSet? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { $0.filter { !$0.isWhitespace } }
        if ends.count == 2 {
            guard let lower = IPAddress(ends[0]), let upper = IPAddress(ends[1]) else { return nil }
            return AddressSet(from: lower, through: upper)
        }
        return CIDR(tolerant: text).map { AddressSet($0) }
    }

    /// How many addresses there are to hand out; `UInt128.max` where there are more than that.
    package var count: UInt128 { addresses.count - (avoided?.buggyCount ?? 0) }

    /// How many are left when some are in use; those that are not of this pool do not count.
    package func free(used: AddressSet) -> UInt128 {
        let taken = addresses.intersection(used)
        let takenBuggy = avoided.map { $0.intersection(used).buggyCount } ?? 0
        return count - min(count, taken.count - takenBuggy)
    }

    /// Whether an address can be handed out by this pool.
    package func offers(_ address: IPAddress) -> Bool {
        addresses.contains(address) && !(avoided != nil && address.family == .v4 && [0, 255].contains(address.bits & 255))
    }
}

extension AddressSet {
    /// How many IPv4 addresses end in 0 or in 255, without looking at each.
    fileprivate var buggyCount: UInt128 {
        intervals.lazy.filter { $0.family == .v4 }.reduce(0) { sum, interval in
            sum + Self.multiples(interval.lower, interval.upper) + Self.multiples(interval.lower + 1, interval.upper + 1)
        }
    }

    /// How many multiples of 256 there are from one number to another.
    private static func multiples(_ lower: UInt128, _ upper: UInt128) -> UInt128 {
        upper / 256 + 1 - (lower + 255) / 256
    }
}
