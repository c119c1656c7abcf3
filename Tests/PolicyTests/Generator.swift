import Policy

/// Numbers that look random and are the same at every run (SplitMix64). A test that fails names its seed.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// True once in so many times.
    mutating func once(in times: Int) -> Bool { number(1...times) == 1 }

    mutating func pick<T>(_ choices: [T]) -> T { choices[number(0...choices.count - 1)] }

    mutating func list<T>(_ length: ClosedRange<Int>, _ make: (inout Generator) -> T) -> [T] {
        (0..<number(length)).map { _ in make(&self) }
    }

    /// Some of a list, in its order.
    mutating func some<T>(_ choices: [T]) -> [T] { choices.filter { _ in once(in: 2) } }
}

/// Addresses few enough to ask about each: the 256 of 10.0.0.0/24 and the 256 of fd00::/120.
enum Universe {
    static let v4 = (0..<256).map { IPAddress(.v4, 0x0a00_0000 + UInt128($0)) }
    static let v6 = (0..<256).map { IPAddress(.v6, 0xfd00 << 112 + UInt128($0)) }
    static let all = v4 + v6
}

extension Generator {
    mutating func address() -> IPAddress { pick(Universe.all) }

    /// A range within the universe.
    mutating func range() -> CIDR {
        let address = address()
        return CIDR(address, length: address.family.width - number(0...8))
    }

    mutating func set(_ length: ClosedRange<Int> = 0...4) -> AddressSet { AddressSet(list(length) { $0.range() }) }
}

extension AddressSet {
    /// The addresses of the universe that are in this set, one by one: IPv4 from 0, IPv6 from 256.
    var members: Set<Int> {
        var members: Set<Int> = []
        for range in ranges {
            let lower = Int(range.base.bits & 255) + (range.family == .v4 ? 0 : 256)
            for offset in 0...Int(range.highest.bits - range.base.bits) { members.insert(lower + offset) }
        }
        return members
    }
}
