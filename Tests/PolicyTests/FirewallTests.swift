import Policy
import Testing

private func set(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { CIDR(strict: $0) }) }

private func rule(
    _ name: String, _ priority: Int, _ action: FirewallRule.Action, from sources: AddressSet? = nil,
    ports: [String] = ["15443"], _ change: (inout FirewallRule) -> Void = { _ in }
) -> FirewallRule {
    var rule = FirewallRule(name, priority: priority, action)
    rule.sources = sources
    rule.layers = [.init("tcp", ports: ports)]
    change(&rule)
    return rule
}

private let node = FirewallTraffic.Machine(
    tags: ["node"], tagsAreAll: true, serviceAccounts: ["nodes@p"], serviceAccountsAreAll: true)
private let peer = set("192.0.2.7/32")

/// What one address meets, in words.
private func outcome(_ firewall: Firewall, _ change: (inout FirewallTraffic) -> Void = { _ in }) -> String {
    var traffic = FirewallTraffic(port: 15443, machine: node)
    change(&traffic)
    let decision = firewall.decide(traffic, from: peer)
    let word = decision.admits.map { $0 ? "admits" : "refuses" } ?? "unknown"
    return "\(word): \(decision.deciding.map { ([$0.decider.kind.rawValue, $0.decider.rule]).joined(separator: " ") } ?? "")"
}

@Suite struct FirewallOrderTests {
    @Test func `Without rules everything is refused`() {
        #expect(outcome(Firewall()) == "refuses: implied ")
        #expect(Firewall().decide(.init(port: 1, machine: node), from: AddressSet()).admits == nil)
    }

    @Test func `The lower number decides, and at equal numbers the denial`() {
        let allow = rule("allow", 1000, .allow)
        #expect(outcome(Firewall(rules: [allow, rule("deny", 1001, .deny)])) == "admits: vpc-rule allow")
        #expect(outcome(Firewall(rules: [allow, rule("deny", 999, .deny)])) == "refuses: vpc-rule deny")
        #expect(outcome(Firewall(rules: [allow, rule("deny", 1000, .deny)])) == "refuses: vpc-rule deny")
    }

    @Test func `A disabled rule decides nothing`() {
        let denied = rule("deny", 1, .deny) { $0.isDisabled = true }
        #expect(outcome(Firewall(rules: [denied, rule("allow", 2, .allow)])) == "admits: vpc-rule allow")
    }

    @Test func `Hierarchical policies come first, in their order, and hand on with goto_next`() {
        let organization = Firewall.Stage(
            .hierarchical, name: "org", [rule("1", 1, .goToNext, from: peer), rule("2", 2, .deny)])
        let folder = Firewall.Stage(.hierarchical, name: "folder", [rule("1", 1, .allow)])
        #expect(outcome(Firewall(hierarchical: [organization, folder])) == "admits: hierarchical 1")
        #expect(outcome(Firewall(hierarchical: [folder, organization])) == "admits: hierarchical 1")
        let deny = Firewall.Stage(.hierarchical, name: "org", [rule("9", 9, .deny)])
        #expect(outcome(Firewall(hierarchical: [deny], rules: [rule("allow", 1, .allow)])) == "refuses: hierarchical 9")
        #expect(outcome(Firewall(hierarchical: [organization], rules: [rule("allow", 1, .allow)])) == "admits: vpc-rule allow")
    }

    @Test func `Policies of the network come after its rules, or before them where it says so`() {
        let policy = Firewall.Stage(.networkPolicy, name: "net", [rule("1", 1, .allow)])
        let deny = rule("deny", 1000, .deny)
        #expect(outcome(Firewall(networkPolicies: [policy], rules: [deny])) == "refuses: vpc-rule deny")
        #expect(
            outcome(Firewall(networkPolicies: [policy], rules: [deny], order: .beforeRules)) == "admits: network-policy 1")
        #expect(outcome(Firewall(networkPolicies: [policy])) == "admits: network-policy 1")
    }

    @Test func `Google's own policies come between the hierarchical and all others`() {
        let system = Firewall.Stage(.system, name: "gke", [rule("1", 1, .allow)])
        let policy = Firewall.Stage(.networkPolicy, name: "net", [rule("1", 1, .deny)])
        let firewall = Firewall(
            system: [system], networkPolicies: [policy], rules: [rule("deny", 1, .deny)], order: .beforeRules)
        #expect(outcome(firewall) == "admits: system 1")
    }

    @Test func `An action that nobody foretells gives no answer`() {
        let inspected = Firewall(rules: [rule("inspect", 1, .other("apply_security_profile_group"))])
        #expect(outcome(inspected) == "unknown: vpc-rule inspect")
    }
}

@Suite struct FirewallMatchTests {
    @Test(arguments: [
        ("tcp", ["15443"], "admits"), ("TCP", ["15000-15999"], "admits"), ("6", [], "admits"), ("all", [], "admits"),
        ("tcp", ["15442", "15444-15500"], "refuses"), ("udp", ["15443"], "refuses"), ("17", [], "refuses"),
        ("tcp", ["15500-15000"], "refuses"), ("tcp", ["mesh"], "unknown"), ("tcp", ["1-2-3"], "unknown"),
        ("tcp", ["mesh", "15443"], "admits"), ("tcp", [""], "unknown"),
    ])
    func `Protocols and ports`(_ name: String, _ ports: [String], _ word: String) {
        let firewall = Firewall(rules: [rule("r", 1, .allow) { $0.layers = [.init(name, ports: ports)] }])
        #expect(outcome(firewall).hasPrefix(word))
    }

    @Test(arguments: [
        (["node"], [], true, "admits"), (["web"], [], true, "refuses"), (["web"], [], false, "unknown"),
        (["web", "node"], [], false, "admits"), ([], ["nodes@p"], true, "admits"), ([], ["others@p"], true, "refuses"),
        ([], ["others@p"], false, "unknown"),
    ])
    func `Targets`(_ tags: [String], _ accounts: [String], _ areAll: Bool, _ word: String) {
        let firewall = Firewall(rules: [rule("r", 1, .allow) { $0.targets = .init(tags: tags, serviceAccounts: accounts) }])
        let found = outcome(firewall) {
            $0.machine.tagsAreAll = areAll
            $0.machine.serviceAccountsAreAll = areAll
        }
        #expect(found.hasPrefix(word))
    }

    @Test func `Secure tags of the target may be the machine's`() {
        let secured = rule("r", 1, .deny) { $0.targets.others = ["secure tag tagValues/1"] }
        #expect(outcome(Firewall(rules: [secured, rule("allow", 2, .allow)])) == "unknown: vpc-rule allow")
        #expect(outcome(Firewall(rules: [secured])) == "refuses: implied ", "refused in any case")
    }

    @Test func `Ranges of a rule with other sources are certain, and everything else is possible`() {
        let named = rule("r", 1, .allow, from: set("192.0.2.0/24")) { $0.otherSources = ["region DE"] }
        #expect(outcome(Firewall(rules: [named])) == "admits: vpc-rule r")
        let others = rule("r", 1, .allow, from: set("198.51.100.0/24")) { $0.otherSources = ["region DE"] }
        #expect(outcome(Firewall(rules: [others])) == "unknown: implied ")
        let only = rule("r", 1, .allow) { $0.otherSources = ["host example.com"] }
        #expect(outcome(Firewall(rules: [only])) == "unknown: implied ")
    }

    @Test func `Tags of senders are those of machines in the network, not of the world`() {
        let tagged = Firewall(rules: [rule("r", 1, .allow) { $0.senderTags = ["tag web"] }])
        #expect(outcome(tagged).hasPrefix("unknown"))
        #expect(outcome(tagged) { $0.taggedSenders = set("10.0.0.0/8") } == "refuses: implied ")
    }

    @Test func `A condition beside the sources makes all of them possible`() {
        let internet = rule("r", 1, .allow, from: peer) { $0.conditions = ["network type INTERNET"] }
        #expect(outcome(Firewall(rules: [internet])).hasPrefix("unknown"))
    }

    @Test(arguments: [
        ("198.51.100.1/32", "admits"), ("198.51.100.2/32", "refuses"), ("198.51.100.0/30", "unknown"), (nil, "unknown"),
    ])
    func `Destinations`(_ destination: String?, _ word: String) {
        let firewall = Firewall(rules: [rule("r", 1, .allow) { $0.destinations = set("198.51.100.1/32") }])
        #expect(outcome(firewall) { $0.destination = destination.map { set($0) } }.hasPrefix(word))
    }

    @Test func `A destination of every address is met by one that is not known`() {
        let firewall = Firewall(rules: [rule("r", 1, .allow) { $0.destinations = set("0.0.0.0/0") }])
        #expect(outcome(firewall) == "admits: vpc-rule r")
    }

    @Test func `Each part of the senders is decided by its own rule`() {
        let firewall = Firewall(rules: [
            rule("bad", 10, .deny, from: set("192.0.2.64/26")), rule("peers", 1000, .allow, from: set("192.0.2.0/24")),
        ])
        let traffic = FirewallTraffic(port: 15443, machine: node)
        let decision = firewall.decide(traffic, from: set("192.0.2.0/24", "198.51.100.1/32"))
        #expect(decision.admits == false)
        #expect(decision.admitted == set("192.0.2.0/26", "192.0.2.128/25"))
        #expect(decision.refused == set("192.0.2.64/26", "198.51.100.1/32"))
        #expect(
            decision.pieces.map(\.decider.description) == [
                "VPC firewall rule bad (priority 10, deny)", "VPC firewall rule peers (priority 1000, allow)",
                "no rule admits it, so the implied deny of ingress decides",
            ])
    }
}
