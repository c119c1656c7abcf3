import Policy
import Testing

private func route(
    _ name: String, _ range: String, _ priority: Int = 1000, via hop: Route.NextHop = .tunnel("t"), up: Bool? = true,
    tags: [String] = []
)
    throws -> Route
{
    Route(name, to: try #require(CIDR(strict: range)), priority: priority, via: hop, isUp: up, tags: tags)
}

@Suite struct RouteTests {
    private func way(_ routes: [Route], _ address: String, tags: Set<String>? = []) throws -> RouteTable.Decision {
        RouteTable(routes).way(to: try #require(IPAddress(address)), tags: tags)
    }

    @Test func `The longest prefix is taken, then the lowest priority`() throws {
        let routes = [
            try route("default", "10.0.0.0/8"), try route("site", "10.200.0.0/16"), try route("better", "10.200.0.0/16", 500),
        ]
        #expect(try way(routes, "10.200.0.1").routes.map(\.name) == ["better"])
        #expect(try way(routes, "10.1.0.1").routes.map(\.name) == ["default"])
        let none = try way(routes, "192.168.0.1")
        #expect(none.routes.isEmpty && none.isUp == false)
    }

    @Test func `Equal routes share, and one that is up suffices`() throws {
        let up = try route("a", "10.0.0.0/8"), down = try route("b", "10.0.0.0/8", up: false)
        let unknown = try route("c", "10.0.0.0/8", up: nil)
        #expect(try way([up, down], "10.0.0.1").isUp == true)
        #expect(try way([up, down], "10.0.0.1").passedOver == [down])
        #expect(try way([down], "10.0.0.1").isUp == false)
        #expect(try way([down], "10.0.0.1").passedOver == [down])
        #expect(try way([unknown, down], "10.0.0.1").isUp == nil)
    }

    @Test func `A worse route stands in for one that is down`() throws {
        let first = try route("first", "10.0.0.0/24", up: false), second = try route("second", "10.0.0.0/8", 2000)
        let decision = try way([first, second], "10.0.0.1")
        #expect(decision.routes == [second])
        #expect(decision.passedOver == [first])
        #expect(decision.isUp == true)
    }

    @Test func `The internet is no way to a private address`() throws {
        let internet = try route("internet", "0.0.0.0/0", via: .gateway)
        #expect(try way([internet], "10.0.0.1").isUp == false)
        #expect(try way([internet], "198.51.100.1").isUp == true)
    }

    @Test func `A route for tags is for machines that have one of them`() throws {
        let tagged = try route("vpn", "10.0.0.0/8", tags: ["vpn"])
        #expect(try way([tagged], "10.0.0.1", tags: ["vpn", "web"]).isUp == true)
        #expect(try way([tagged], "10.0.0.1", tags: ["web"]).isUp == false)
        #expect(try way([tagged], "10.0.0.1", tags: nil).isUp == false)
    }

    @Test func `Thousands of lookups take the way that is found by trying each`() throws {
        var generator = Generator(seed: 31)
        for round in 0..<3_000 {
            let routes = generator.list(0...6) { generator in
                Route(
                    "r\(generator.number(1...99))", to: generator.range(), priority: generator.number(1...3), via: .tunnel("t"),
                    isUp: generator.pick([true, true, false, nil]), tags: generator.once(in: 4) ? ["a"] : [])
            }
            let address = generator.address()
            let tags: Set<String> = generator.once(in: 2) ? ["a"] : []
            var best: Route?
            for route in routes where AddressSet(route.destination).contains(address) && route.isUp != false {
                if !route.tags.isEmpty && !tags.contains("a") { continue }
                guard let known = best else { best = route; continue }
                let isLonger = route.destination.length > known.destination.length
                let isEqual = route.destination.length == known.destination.length
                if isLonger || (isEqual && route.priority < known.priority) { best = route }
            }
            let decision = RouteTable(routes).way(to: address, tags: tags)
            #expect(decision.routes.first?.destination == best?.destination, "round \(round)")
            #expect(decision.routes.first?.priority == best?.priority, "round \(round)")
            #expect((decision.isUp == false) == (best == nil), "round \(round)")
            #expect(decision.passedOver.allSatisfy { $0.isUp == false }, "round \(round)")
        }
    }
}

@Suite struct RangeOverlapTests {
    @Test func `Thousands of ranges overlap where they have an address in common`() {
        var generator = Generator(seed: 41)
        for round in 0..<3_000 {
            let (one, other) = (generator.range(), generator.range())
            let common = AddressSet(one).members.intersection(AddressSet(other).members)
            let found = RangeOverlap.between([.init("pods", one)], [.init("nodes", other)])
            #expect(
                found.map { AddressSet($0.common).members } == (common.isEmpty ? [] : [common]), "round \(round): \(one) \(other)"
            )
        }
    }
}

@Suite struct MasqueradeTests {
    @Test(arguments: [
        ("10.200.0.10", false), ("192.168.1.1", false), ("172.31.0.1", false), ("100.64.0.1", false), ("169.254.169.254", false),
        ("8.8.8.8", true), ("172.32.0.1", true), ("198.51.100.7", false),
    ])
    func `By default every range outside the public internet sees pods`(_ destination: String, _ hides: Bool) throws {
        #expect(Masquerade().hides(from: try #require(IPAddress(destination))) == hides)
    }

    @Test func `The configuration stands in place of the defaults`() throws {
        let site = try #require(IPAddress("10.200.0.10")), metadata = try #require(IPAddress("169.254.169.254"))
        let own = Masquerade(nonMasqueradeCIDRs: ["10.0.0.0/16"])
        #expect(own.hides(from: site) == true)
        #expect(own.hides(from: metadata) == false)
        #expect(Masquerade(nonMasqueradeCIDRs: [], masqLinkLocal: true).hides(from: metadata) == true)
        #expect(Masquerade(isDisabled: true).hides(from: try #require(IPAddress("8.8.8.8"))) == false)
    }

    @Test func `A range that cannot be read leaves the answer open where it may count`() throws {
        let broken = Masquerade(nonMasqueradeCIDRs: ["10.0.0.0/16", "site"])
        #expect(broken.unreadable == ["site"])
        #expect(broken.hides(from: try #require(IPAddress("10.0.0.1"))) == false)
        #expect(broken.hides(from: try #require(IPAddress("10.200.0.1"))) == nil)
    }
}

@Suite struct AddressPoolTests {
    @Test func `Ranges, pairs and single addresses make up a pool`() {
        let pool = AddressPool("p", ranges: ["10.0.0.0/30", "10.0.1.1 - 10.0.1.3", "10.0.2.9", "10.0.1.3-10.0.1.5"])
        #expect(pool.count == 4 + 5 + 1)
        #expect(pool.unreadable.isEmpty)
        let broken = AddressPool("p", ranges: ["10.0.0.9-10.0.0.1", "lan", "10.0.0.1-::1", "10.0.0.1-2-3"])
        #expect(broken.count == 0)
        #expect(broken.unreadable.count == 4)
    }

    @Test func `Addresses in use count once, and only those of the pool`() {
        let pool = AddressPool("p", ranges: ["10.0.0.0/24"], avoidsBuggyAddresses: true)
        #expect(pool.count == 254)
        let used = ["10.0.0.1", "10.0.0.1", "10.0.0.255", "10.9.9.9"].compactMap { IPAddress($0) }
        #expect(pool.free(used: AddressSet(addresses: used)) == 253)
        #expect(pool.free(used: .everything) == 0)
    }

    @Test func `A pool of more addresses than there are numbers is counted at once`() {
        let huge = AddressPool("p", ranges: ["::/0"], avoidsBuggyAddresses: true)
        #expect(huge.count == .max)
        #expect(AddressPool("p", ranges: ["fd00::/8"]).count == 1 << 120)
        #expect(AddressPool("p", ranges: ["0.0.0.0/0"], avoidsBuggyAddresses: true).count == (1 << 32) - (1 << 25))
    }

    @Test func `Thousands of pools have the addresses that are counted one by one`() {
        var generator = Generator(seed: 51)
        for round in 0..<2_000 {
            let avoids = generator.once(in: 2)
            let ends = generator.list(1...3) { generator in
                let lower = generator.number(0...1023)
                return (lower, min(1023, lower + generator.number(0...400)))
            }
            let text: (Int) -> String = { "10.0.\($0 / 256).\($0 % 256)" }
            let pool = AddressPool("p", ranges: ends.map { "\(text($0))-\(text($1))" }, avoidsBuggyAddresses: avoids)
            let used = generator.list(0...40) { $0.number(0...1023) }
            let offered = Set(ends.flatMap { Array($0...$1) }).filter { !avoids || ($0 % 256 != 0 && $0 % 256 != 255) }
            #expect(pool.count == UInt128(offered.count), "round \(round)")
            let taken = AddressSet(addresses: used.compactMap { IPAddress(text($0)) })
            #expect(pool.free(used: taken) == UInt128(offered.subtracting(used).count), "round \(round)")
            for number in used {
                #expect(IPAddress(text(number)).map(pool.offers) == offered.contains(number), "round \(round): \(number)")
            }
        }
    }
}
