/// A range of addresses as a prefix and its length, without host bits: `10.0.0.0/8`.
package struct CIDR: Hashable, Comparable, Sendable {
    /// The lowest address.
    package let base: IPAddress
    /// How many leading bits all its addresses share.
    package let length: Int

    /// The range of this length that holds an address; a length outside of the family's width is brought into it.
    package init(_ address: IPAddress, length: Int) {
        let family = address.family
        self.length = min(max(length, 0), family.width)
        base = IPAddress(family, address.bits & ~Self.hostMask(family, self.length))
    }

    /// One address alone.
    package init(_ address: IPAddress) { self.init(address, length: address.family.width) }

    package var family: IPAddress.Family { base.family }
    package var highest: IPAddress { IPAddress(family, base.bits | Self.hostMask(family, length)) }

    package func contains(_ address: IPAddress) -> Bool {
        address.family == family && address >= base && address <= highest
    }

    /// Two prefixes are nested or apart, so an overlap is always the longer one.
    package func overlap(_ other: CIDR) -> CIDR? {
        let (outer, inner) = length <= other.length ? (self, other) : (other, self)
        return outer.contains(inner.base) ? inner : nil
    }

    package static func < (left: CIDR, right: CIDR) -> Bool { (left.base, left.length) < (right.base, right.length) }

    private static func hostMask(_ family: IPAddress.Family, _ length: Int) -> UInt128 {
        length == 0 ? family.highest : family.highest >> UInt128(length)
    }
}

extension CIDR: CustomStringConvertible {
    /// Reads `ADDRESS/LENGTH` as most APIs demand it; `nil` without a length, and where the address has bits beyond it.
    package init?(strict text: some StringProtocol) {
        guard let (address, length) = Self.parts(text), let length else { return nil }
        self.init(address, length: length)
        guard base == address else { return nil }
    }

    /// Reads what people write: an address alone is a range of one, host bits are dropped, spaces around it are no harm.
    package init?(tolerant text: some StringProtocol) {
        let trimmed = text.drop(while: \.isWhitespace)
        let end = trimmed.lastIndex { !$0.isWhitespace }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
        guard let (address, length) = Self.parts(trimmed[..<end]) else { return nil }
        self.init(address, length: length ?? address.family.width)
    }

    private static func parts(_ text: some StringProtocol) -> (IPAddress, Int?)? {
        guard let slash = text.firstIndex(of: "/") else { return IPAddress(text).map { ($0, nil) } }
        let digits = text[text.index(after: slash)...]
        guard let address = IPAddress(text[..<slash]), (1...3).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            digits == "0" || !digits.hasPrefix("0"), let length = Int(digits), length <= address.family.width
        else { return nil }
        return (address, length)
    }

    package var description: String { "\(base)/\(length)" }

    /// `description`, or the address alone where the range has but one.
    package var shortDescription: String { length == family.width ? "\(base)" : "\(self)" }
}
