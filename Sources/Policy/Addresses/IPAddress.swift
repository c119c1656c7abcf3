/// An IPv4 or IPv6 address: a family and its bits. IPv4 sorts before IPv6.
package struct IPAddress: Hashable, Comparable, Sendable {
    package enum Family: Int, Hashable, Comparable, Sendable, CaseIterable {
        case v4 = 4
        case v6 = 6

        /// How many bits an address has.
        package var width: Int { self == .v4 ? 32 : 128 }

        /// The bits of the highest address.
        package var highest: UInt128 { self == .v4 ? UInt128(UInt32.max) : .max }

        package static func < (left: Family, right: Family) -> Bool { left.rawValue < right.rawValue }
    }

    package let family: Family
    package let bits: UInt128

    /// - Parameter bits: those above the family's width are dropped.
    package init(_ family: Family, _ bits: UInt128) {
        self.family = family
        self.bits = bits & family.highest
    }

    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.family, left.bits) < (right.family, right.bits)
    }

    /// Whether the world outside of one's own networks cannot send to this address: private, shared, link-local, loopback.
    package var isPrivate: Bool { AddressSet.privateUse.contains(self) }
}

extension IPAddress: LosslessStringConvertible {
    /// Reads an address as RFC 4291 and dotted decimals write it; `nil` for anything else: leading zeros, which some read as
    /// octal, a zone, a port, spaces.
    package init?(_ text: some StringProtocol) {
        if let bits = Self.dotted(text) {
            self.init(.v4, UInt128(bits))
        } else if let bits = Self.hexadecimal(text) {
            self.init(.v6, bits)
        } else {
            return nil
        }
    }

    private static func dotted(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard let byte = number(part, radix: 10, digits: 3, highest: 255), part == "0" || !part.hasPrefix("0") else {
                return nil
            }
            bits = bits << 8 | UInt32(byte)
        }
        return bits
    }

    private static func hexadecimal(_ text: some StringProtocol) -> UInt128? {
        // At most one "::", which stands for at least one group of zeros.
        guard let gap = text.firstDoubleColon else {
            guard let groups = groups(text), groups.count == 8 else { return nil }
            return join(groups)
        }
        let before = text[..<gap]
        let after = text[text.index(gap, offsetBy: 2)...]
        guard after.firstDoubleColon == nil, !after.hasPrefix(":"),
            let head = before.isEmpty ? [] : groups(before), let tail = after.isEmpty ? [] : groups(after),
            head.count + tail.count <= 7, !before.contains(".")
        else { return nil }
        return join(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// The 16-bit groups of a text between colons; the last may be dotted decimals, which are two.
    private static func groups(_ text: some StringProtocol) -> [UInt16]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let quad = dotted(part) {
                groups += [UInt16(quad >> 16), UInt16(truncatingIfNeeded: quad)]
            } else if let group = number(part, radix: 16, digits: 4, highest: 0xffff) {
                groups.append(UInt16(group))
            } else {
                return nil
            }
        }
        return groups
    }

    private static func join(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }

    /// Digits alone: Swift's own reading of numbers also takes a sign.
    private static func number(_ text: some StringProtocol, radix: Int, digits: Int, highest: Int) -> Int? {
        guard (1...digits).contains(text.utf8.count), text.first != "+", text.first != "-", let number = Int(text, radix: radix),
            number <= highest
        else { return nil }
        return number
    }

    /// As RFC 5952 wants it: `2001:db8::1`, lower case, the longest run of zero groups shortened.
    package var description: String {
        guard family == .v6 else {
            return [24, 16, 8, 0].map { String(bits >> UInt128($0) & 255) }.joined(separator: ".")
        }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0)) }
        if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff {
            return "::ffff:\(IPAddress(.v4, bits))"
        }
        let texts = groups.map { String($0, radix: 16) }
        guard let zeros = Self.longestZeros(groups) else { return texts.joined(separator: ":") }
        return texts[..<zeros.lowerBound].joined(separator: ":") + "::" + texts[zeros.upperBound...].joined(separator: ":")
    }

    /// The first longest run of at least two zero groups.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > best.count { best = start..<index }
            start = index + 1
        }
        return best.count >= 2 ? best : nil
    }
}

extension StringProtocol {
    fileprivate var firstDoubleColon: Index? {
        guard !isEmpty else { return nil }
        var index = startIndex
        while let next = self.index(index, offsetBy: 1, limitedBy: endIndex), next < endIndex {
            if self[index] == ":", self[next] == ":" { return index }
            index = next
        }
        return nil
    }
}
