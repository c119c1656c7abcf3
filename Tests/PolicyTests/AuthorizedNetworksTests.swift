import Policy
import Testing

private func set(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { CIDR(strict: $0) }) }

@Suite struct AuthorizedNetworksTests {
    private static func list(
        _ ranges: [String] = ["192.0.2.0/24", "10.0.0.0/8"], google: Bool? = false, privately: Bool? = true
    ) -> AuthorizedNetworks {
        AuthorizedNetworks(isEnabled: true, ranges: ranges, admitsGoogle: google, isEnforcedPrivately: privately)
    }
    private static let office = list()

    @Test func `A list that is off lets everybody in, even those who are not known`() {
        let off = AuthorizedNetworks(isEnabled: false, ranges: [], admitsGoogle: nil, isEnforcedPrivately: nil)
        #expect(off.decide(set("198.51.100.1/32"), owner: .unknown).admits == true)
        #expect(off.decide(AddressSet(), owner: .unknown).admits == true)
        #expect(off.decide(set("198.51.100.1/32"), owner: .unknown).uncovered.isEmpty)
    }

    @Test func `Addresses in the list are let in, and the ranges that hold them named`() {
        let decision = Self.office.decide(set("192.0.2.7/32"), owner: .others)
        #expect(decision.admits == true)
        #expect(decision.decidedBy == "authorized networks 192.0.2.0/24")
        #expect(decision.wanted == ["192.0.2.0/24", "10.0.0.0/8"])
    }

    @Test func `What is missing is named, and the wanted list keeps what is there`() {
        let decision = Self.office.decide(set("192.0.2.7/32", "198.51.100.0/31", "203.0.113.9/32"), owner: .others)
        #expect(decision.admits == false)
        #expect(decision.uncovered == set("198.51.100.0/31", "203.0.113.9/32"))
        #expect(decision.wanted == ["192.0.2.0/24", "10.0.0.0/8", "198.51.100.0/31", "203.0.113.9/32"])
    }

    @Test func `Nothing to ask about is not admitted`() {
        #expect(Self.office.decide(AddressSet(), owner: .others).admits == nil)
    }

    @Test(
        arguments: [
            (false, AuthorizedNetworks.Owner.google, false), (false, .unknown, false), (true, .google, true),
            (true, .others, false), (true, .unknown, nil), (nil, .google, nil), (nil, .others, false), (nil, .unknown, nil),
        ] as [(Bool?, AuthorizedNetworks.Owner, Bool?)])
    func `Public addresses of Google Cloud`(_ admitsGoogle: Bool?, _ owner: AuthorizedNetworks.Owner, _ expected: Bool?) {
        let networks = Self.list(google: admitsGoogle)
        #expect(networks.decide(set("198.51.100.1/32"), owner: owner).admits == expected)
    }

    @Test(arguments: [(true, false), (false, true), (nil, nil)] as [(Bool?, Bool?)])
    func `At the private endpoint the list counts where it is enforced`(_ isEnforced: Bool?, _ expected: Bool?) {
        let networks = Self.list(privately: isEnforced)
        let peer = set("172.16.0.1/32")
        #expect(networks.decide(peer, owner: .others, at: .private).admits == expected)
        #expect(networks.decide(peer, owner: .others, at: .public).admits == false)
        #expect(networks.decide(peer, owner: .others, at: .unknown).admits == (isEnforced == true ? false : nil))
    }

    @Test func `A private address is none of Google Cloud's public ones`() {
        let decision = Self.list(google: true).decide(set("172.16.0.1/32"), owner: .google)
        #expect(decision.admits == false)
    }

    @Test func `A list that cannot be read does not refuse`() {
        let networks = Self.list(["home", "10.1.2.3/8", "10.0.0.0/8"])
        let decision = networks.decide(set("198.51.100.1/32"), owner: .others)
        #expect(decision.admits == nil)
        #expect(decision.wanted == ["home", "10.0.0.0/8", "198.51.100.1/32"])
        #expect(networks.decide(set("10.9.9.9/32"), owner: .others).admits == true)
    }

    @Test func `Thousands of lists admit whom they hold, address by address`() {
        var generator = Generator(seed: 21)
        for round in 0..<2_000 {
            let ranges = generator.list(0...5) { $0.range() }
            let peers = generator.set(1...3)
            let networks = AuthorizedNetworks(
                isEnabled: true, ranges: ranges.map(\.description), admitsGoogle: generator.pick([true, false, nil]),
                isEnforcedPrivately: generator.pick([true, false, nil]))
            let endpoint = generator.pick([AuthorizedNetworks.Endpoint.public, .private, .unknown])
            let decision = networks.decide(peers, owner: generator.pick([.google, .others, .unknown]), at: endpoint)
            let listed = Set(ranges.flatMap { AddressSet($0).members })
            let missing = peers.members.subtracting(listed)
            #expect(decision.uncovered.members == missing, "round \(round)")
            // The universe is private: the private endpoint alone is another way in.
            var doors: Set<Bool?> = []
            if endpoint != .private { doors.insert(false) }
            if endpoint != .public { doors.insert(networks.isEnforcedPrivately.map { !$0 }) }
            let expected = missing.isEmpty ? true : doors.count == 1 ? doors.first ?? nil : nil
            #expect(decision.admits == expected, "round \(round)")
            let wanted = AddressSet(decision.wanted.compactMap { CIDR(strict: $0) })
            #expect(wanted.members == listed.union(peers.members), "round \(round)")
        }
    }
}
