import Foundation
import Policy
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        "0.0.0.0", "255.255.255.255", "10.0.0.1", "::", "::1", "2001:db8::1", "fe80::a:b:0:c", "::ffff:10.0.0.1",
        "1:2:3:4:5:6:7:8", "1:0:0:2::3", "1::", "0:1::", "2001:db8:0:1:1:1:1:1",
    ])
    func `An address in its canonical form reads and writes back as it is`(_ text: String) throws {
        #expect(try #require(IPAddress(text)).description == text)
    }

    @Test(arguments: [
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::10.0.0.1", "::a00:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("0000:0::0001", "::1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func `Other forms become the canonical one`(_ text: String, _ canonical: String) throws {
        #expect(try #require(IPAddress(text)).description == canonical)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.0.1", "10.0.0.256", "10.0.0.01", "+1.0.0.0", "10.0.0.-1", "10..0.1", " 10.0.0.1", "10.0.0.1/8",
        "0x0a.0.0.1", ":", ":::", "1:::2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9", "12345::",
        "g::", "fe80::1%eth0", "::1.2.3", "1.2.3.4::", "::+1", ":1::2", "1::2:", "١.0.0.1",
    ])
    func `What is no address is refused`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    /// The C library reads and writes addresses, too.
    @Test func `Thousands of texts are read as the C library reads them`() {
        var generator = Generator(seed: 1)
        for round in 0..<20_000 {
            let text = Self.text(&generator)
            #expect(IPAddress(text) == Self.system(text), "round \(round): \(text)")
        }
    }

    @Test func `Thousands of addresses read back as what they were`() {
        var generator = Generator(seed: 2)
        for round in 0..<5_000 {
            var bits: UInt128 = 0
            // Runs of zeros are what the short form is about.
            for _ in 0..<8 { bits = bits << 16 | (generator.once(in: 2) ? 0 : UInt128(generator.number(0...0xffff))) }
            let address = IPAddress(generator.pick([.v4, .v6]), bits)
            #expect(IPAddress("\(address)") == address, "round \(round)")
            #expect(Self.system("\(address)") == address, "round \(round): \(address)")
        }
    }

    /// Mostly addresses, often with one small fault.
    private static func text(_ generator: inout Generator) -> String {
        var text: String
        if generator.once(in: 2) {
            text = generator.list(4...4) { String($0.number(0...260)) }.joined(separator: ".")
        } else {
            text = generator.list(6...9) { $0.once(in: 2) ? "0" : String($0.number(0...70_000), radix: 16) }.joined(
                separator: ":")
            if generator.once(in: 2) { text = text.replacingOccurrences(of: ":0:0", with: "::") }
            if generator.once(in: 4) { text += ":10.1.2.3" }
        }
        if generator.once(in: 3), !text.isEmpty {
            let index = text.index(text.startIndex, offsetBy: generator.number(0...text.count - 1))
            if generator.once(in: 2) {
                text.remove(at: index)
            } else {
                text.insert(generator.pick([":", ".", "0", "f", "g", "-", "+"]), at: index)
            }
        }
        return text
    }

    private static func system(_ text: String) -> IPAddress? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return IPAddress(.v4, UInt128(UInt32(bigEndian: four.s_addr)))
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return withUnsafeBytes(of: &six) { IPAddress(.v6, $0.reduce(0) { $0 << 8 | UInt128($1) }) }
    }
}

@Suite struct CIDRTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8", true), ("10.1.2.3/8", "10.0.0.0/8", false), ("10.1.2.3", "10.1.2.3/32", false),
        ("0.0.0.0/0", "0.0.0.0/0", true), ("::/0", "::/0", true), ("2001:db8::/32", "2001:db8::/32", true),
        ("2001:DB8::1/32", "2001:db8::/32", false), ("::1", "::1/128", false), ("  10.0.0.0/8\n", "10.0.0.0/8", false),
    ])
    func `The tolerant reading takes what people write, the strict one the canonical range`(
        _ text: String, _ canonical: String, _ isStrict: Bool
    ) {
        #expect(CIDR(tolerant: text)?.description == canonical)
        #expect(CIDR(strict: text)?.description == (isStrict ? canonical : nil))
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8", "all", "10.0.0.0-10.0.0.9",
    ])
    func `What is no range is refused by both`(_ text: String) {
        #expect(CIDR(tolerant: text) == nil)
        #expect(CIDR(strict: text) == nil)
    }
}

@Suite struct AddressSetTests {
    @Test func `Sets do what sets of single addresses do`() {
        var generator = Generator(seed: 3)
        for round in 0..<1_500 {
            let (one, two) = (generator.set(), generator.set())
            let (some, others) = (one.members, two.members)
            #expect(one.union(two).members == some.union(others), "round \(round)")
            #expect(one.intersection(two).members == some.intersection(others), "round \(round)")
            #expect(one.subtracting(two).members == some.subtracting(others), "round \(round)")
            #expect(one.isSubset(of: two) == some.isSubset(of: others), "round \(round)")
            #expect(one.isDisjoint(with: two) == some.isDisjoint(with: others), "round \(round)")
            #expect((one == two) == (some == others), "round \(round)")
            #expect(one.count == UInt128(some.count), "round \(round)")
            let number = generator.number(0...511)
            #expect(one.contains(Universe.all[number]) == some.contains(number), "round \(round): \(number)")
            let range = generator.range()
            #expect(one.contains(range) == AddressSet(range).members.isSubset(of: some), "round \(round): \(range)")
        }
    }

    @Test func `Ranges that make up a set are aligned, apart, in order, and as few as can be`() {
        var generator = Generator(seed: 4)
        for round in 0..<1_500 {
            let set = generator.set(0...6)
            let ranges = set.ranges
            #expect(AddressSet(ranges) == set, "round \(round)")
            #expect(ranges == ranges.sorted(), "round \(round)")
            #expect(ranges.reduce(0) { $0 + AddressSet($1).count } == set.count, "round \(round)")
            // Fewest: no range may be doubled within the set.
            for range in ranges where range.length > 0 {
                #expect(!set.contains(CIDR(range.base, length: range.length - 1)), "round \(round): \(range)")
            }
        }
    }

    @Test func `The whole of both families can be taken, named and cut`() {
        let everything = AddressSet.everything
        #expect(everything.description == "0.0.0.0/0, ::/0")
        #expect(everything.count == .max)
        #expect(AddressSet.all(.v4).count == 1 << 32)
        #expect(everything.subtracting(everything).isEmpty)
        #expect(AddressSet().description == "")
        let one = AddressSet(CIDR(IPAddress(.v6, .max)))
        #expect(everything.subtracting(one).ranges.last?.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128")
        #expect(everything.subtracting(one).union(one) == everything)
    }

    @Test func `What is uncovered is named in ranges`() {
        let wanted = AddressSet(["10.0.0.0/24", "192.0.2.7/32"].compactMap { CIDR(strict: $0) })
        let list = AddressSet(["10.0.0.0/25", "10.0.0.192/26"].compactMap { CIDR(strict: $0) })
        #expect(wanted.subtracting(list).description == "10.0.0.128/26, 192.0.2.7/32")
    }

    @Test func `Texts that are no range are told apart`() {
        let (set, unreadable) = AddressSet.reading(["10.0.0.0/8", "office", "::1"])
        #expect(set.description == "10.0.0.0/8, ::1/128")
        #expect(unreadable == ["office"])
    }
}
