/// A set of addresses of both families, of any size, as sorted intervals that neither touch nor overlap.
///
/// Equal sets are equal values, whatever ranges they were made of.
package struct AddressSet: Hashable, Sendable {
    /// Addresses of one family from `lower` to `upper`, both included.
    package struct Interval: Hashable, Sendable {
        package let family: IPAddress.Family
        package let lower: UInt128
        package let upper: UInt128

        fileprivate var first: IPAddress { IPAddress(family, lower) }

        /// Whether the union of this and a later interval is one interval.
        fileprivate func reaches(_ next: Interval) -> Bool {
            family == next.family && (upper == .max || next.lower <= upper + 1)
        }
    }

    package let intervals: [Interval]

    package init() { intervals = [] }
    package init(_ ranges: some Sequence<CIDR>) {
        self.init(joining: ranges.map { Interval(family: $0.family, lower: $0.base.bits, upper: $0.highest.bits) })
    }
    package init(_ range: CIDR) { self.init(CollectionOfOne(range)) }
    package init(addresses: some Sequence<IPAddress>) { self.init(addresses.map { CIDR($0) }) }

    /// The addresses from one to another; `nil` where they are of different families or the wrong way round.
    package init?(from lower: IPAddress, through upper: IPAddress) {
        guard lower.family == upper.family, lower <= upper else { return nil }
        intervals = [Interval(family: lower.family, lower: lower.bits, upper: upper.bits)]
    }

    private init(sorted intervals: [Interval]) { self.intervals = intervals }

    private init(joining intervals: [Interval]) {
        var joined: [Interval] = []
        for next in intervals.sorted(by: { $0.first < $1.first }) {
            if let last = joined.last, last.reaches(next) {
                joined[joined.count - 1] = Interval(family: last.family, lower: last.lower, upper: max(last.upper, next.upper))
            } else {
                joined.append(next)
            }
        }
        self.intervals = joined
    }

    /// Every address of one family.
    package static func all(_ family: IPAddress.Family) -> AddressSet { AddressSet(CIDR(IPAddress(family, 0), length: 0)) }

    /// Every address there is.
    package static let everything = AddressSet.all(.v4).union(.all(.v6))

    package var isEmpty: Bool { intervals.isEmpty }

    /// How many addresses; `UInt128.max` where there are more than that.
    package var count: UInt128 {
        intervals.reduce(0) { sum, interval in
            let (size, over) = (interval.upper - interval.lower).addingReportingOverflow(1)
            let (total, more) = sum.addingReportingOverflow(size)
            return over || more ? .max : total
        }
    }

    package func contains(_ address: IPAddress) -> Bool {
        var low = 0
        var high = intervals.count
        while low < high {
            let middle = (low + high) / 2
            if intervals[middle].first <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return false }
        let candidate = intervals[low - 1]
        return candidate.family == address.family && address.bits <= candidate.upper
    }

    package func contains(_ range: CIDR) -> Bool { AddressSet(range).isSubset(of: self) }

    package func union(_ other: AddressSet) -> AddressSet {
        if isEmpty { return other }
        return other.isEmpty ? self : AddressSet(joining: intervals + other.intervals)
    }

    package func intersection(_ other: AddressSet) -> AddressSet {
        var common: [Interval] = []
        var (left, right) = (intervals[...], other.intervals[...])
        while let one = left.first, let two = right.first {
            let lower = max(one.lower, two.lower)
            let upper = min(one.upper, two.upper)
            if one.family == two.family, lower <= upper {
                common.append(Interval(family: one.family, lower: lower, upper: upper))
            }
            // The one that ends first meets nothing more.
            if (one.family, one.upper) < (two.family, two.upper) { left.removeFirst() } else { right.removeFirst() }
        }
        return AddressSet(sorted: common)
    }

    package func subtracting(_ other: AddressSet) -> AddressSet { intersection(other.complement) }

    package func isSubset(of other: AddressSet) -> Bool { intersection(other) == self }

    package func isDisjoint(with other: AddressSet) -> Bool { intersection(other).isEmpty }

    /// The addresses of one family.
    package func only(_ family: IPAddress.Family) -> AddressSet { AddressSet(sorted: intervals.filter { $0.family == family }) }

    private var complement: AddressSet {
        AddressSet(
            sorted: IPAddress.Family.allCases.flatMap { family in
                var gaps: [Interval] = []
                // Nothing follows the highest address.
                var next: UInt128? = 0
                for interval in intervals where interval.family == family {
                    if let next, next < interval.lower {
                        gaps.append(Interval(family: family, lower: next, upper: interval.lower - 1))
                    }
                    next = interval.upper == family.highest ? nil : interval.upper + 1
                }
                if let next { gaps.append(Interval(family: family, lower: next, upper: family.highest)) }
                return gaps
            })
    }
}

extension AddressSet: CustomStringConvertible {
    /// The fewest ranges that make up this set, in order.
    package var ranges: [CIDR] {
        intervals.flatMap { interval in
            var ranges: [CIDR] = []
            var lower: UInt128? = interval.lower
            while let start = lower, start <= interval.upper {
                // The largest aligned block that begins here and ends within.
                let aligned = start == 0 ? interval.family.width : min(start.trailingZeroBitCount, interval.family.width)
                let (size, over) = (interval.upper - start).addingReportingOverflow(1)
                let fitting = over ? 128 : 127 - size.leadingZeroBitCount
                let range = CIDR(
                    IPAddress(interval.family, start), length: interval.family.width - min(aligned, fitting))
                ranges.append(range)
                lower = range.highest.bits == .max ? nil : range.highest.bits + 1
            }
            return ranges
        }
    }

    package var description: String { ranges.map(\.description).joined(separator: ", ") }

    /// Not reachable from the public internet: private use, shared by carriers, link-local, loopback, unique local.
    package static let privateUse = AddressSet(
        [
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7",
            "fe80::/10", "::1/128",
        ]
        .compactMap { CIDR(strict: $0) })
}

extension AddressSet {
    /// The ranges that texts name, and the texts that name none.
    package static func reading(_ texts: some Sequence<String>) -> (set: AddressSet, unreadable: [String]) {
        var ranges: [CIDR] = []
        var unreadable: [String] = []
        for text in texts {
            if let range = CIDR(tolerant: text) { ranges.append(range) } else { unreadable.append(text) }
        }
        return (AddressSet(ranges), unreadable)
    }
}
