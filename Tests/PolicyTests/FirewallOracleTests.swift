import Policy
import Testing

/// The firewall told slowly: one sender at a time, one rule after the other, and for what cannot be known both cases.
private struct Oracle {
    let firewall: Firewall
    let traffic: FirewallTraffic

    enum Outcome: Hashable { case allow, deny, other }
    enum Belief { case no, maybe, yes }

    /// Everything that may become of a sender.
    func outcomes(_ sender: IPAddress) -> Set<Outcome> {
        walk(sender, stage: 0, rule: 0)
    }

    private func walk(_ sender: IPAddress, stage: Int, rule: Int) -> Set<Outcome> {
        guard stage < firewall.stages.count else { return [.deny] }
        let rules = firewall.stages[stage].rules
        guard rule < rules.count else { return walk(sender, stage: stage + 1, rule: 0) }
        let taken: () -> Set<Outcome> = {
            switch rules[rule].action {
            case .allow: [.allow]
            case .deny: [.deny]
            case .other: [.other]
            case .goToNext: walk(sender, stage: stage + 1, rule: 0)
            }
        }
        let passed = { walk(sender, stage: stage, rule: rule + 1) }
        return switch belief(rules[rule], sender) {
        case .yes: taken()
        case .no: passed()
        case .maybe: taken().union(passed())
        }
    }

    private func belief(_ rule: FirewallRule, _ sender: IPAddress) -> Belief {
        if rule.isDisabled { return .no }
        let beliefs = [source(rule, sender), destination(rule, sender), port(rule), target(rule)]
        if beliefs.contains(.no) { return .no }
        return beliefs.contains(.maybe) || !rule.conditions.isEmpty ? .maybe : .yes
    }

    private func source(_ rule: FirewallRule, _ sender: IPAddress) -> Belief {
        if rule.sources == nil && rule.otherSources.isEmpty && rule.senderTags.isEmpty { return .yes }
        if let sources = rule.sources, sources.contains(sender) { return .yes }
        let canHaveTags = !rule.senderTags.isEmpty && traffic.taggedSenders.contains(sender)
        return canHaveTags || !rule.otherSources.isEmpty ? .maybe : .no
    }

    /// The destinations here are of the universe, of which every address can be asked about.
    private func destination(_ rule: FirewallRule, _ sender: IPAddress) -> Belief {
        guard let destinations = rule.destinations else { return .yes }
        let own: (Int) -> Bool = { Universe.all[$0].family == sender.family }
        let wanted = destinations.members.filter(own)
        let sent = (traffic.destination?.members ?? []).filter(own)
        // Not known, or of the other family: any address at all, and the universe is not all.
        if sent.isEmpty { return wanted.isEmpty ? .no : .maybe }
        let met = sent.intersection(wanted)
        return met.isEmpty ? .no : met == sent ? .yes : .maybe
    }

    private func port(_ rule: FirewallRule) -> Belief {
        if rule.layers.isEmpty { return .yes }
        var belief = Belief.no
        for layer in rule.layers where layer.name == "tcp" || layer.name == "all" {
            if layer.ports.isEmpty { return .yes }
            for text in layer.ports {
                if text == "?" { belief = .maybe; continue }
                let ends = text.split(separator: "-").compactMap { Int($0) }
                if (ends[0]...ends[ends.count - 1]).contains(traffic.port) { return .yes }
            }
        }
        return belief
    }

    private func target(_ rule: FirewallRule) -> Belief {
        let targets = rule.targets
        if targets.tags.isEmpty && targets.serviceAccounts.isEmpty && targets.others.isEmpty { return .yes }
        let machine = traffic.machine
        for tag in targets.tags where machine.tags.contains(tag) { return .yes }
        for account in targets.serviceAccounts where machine.serviceAccounts.contains(account) { return .yes }
        if !targets.others.isEmpty { return .maybe }
        if !targets.tags.isEmpty && !machine.tagsAreAll { return .maybe }
        if !targets.serviceAccounts.isEmpty && !machine.serviceAccountsAreAll { return .maybe }
        return .no
    }
}

extension Generator {
    fileprivate mutating func rule(isPolicy: Bool) -> FirewallRule {
        let actions: [FirewallRule.Action] =
            isPolicy ? [.allow, .deny, .goToNext, .goToNext, .other("inspect")] : [.allow, .deny]
        var rule = FirewallRule("r\(number(1...999))", priority: number(1...6), pick(actions))
        rule.isDisabled = once(in: 8)
        if !once(in: 4) { rule.sources = set(1...3) }
        if once(in: 8) { rule.senderTags = ["tag"] }
        if once(in: 8) { rule.otherSources = ["host"] }
        if once(in: 10) { rule.conditions = ["type"] }
        if once(in: 6) { rule.destinations = set(1...2) }
        if !once(in: 3) {
            rule.layers = list(1...2) { $0.layer() }
        }
        if once(in: 3) {
            rule.targets = .init(
                tags: some(["a", "b", "c"]), serviceAccounts: once(in: 3) ? some(["x", "y"]) : [],
                others: once(in: 8) ? ["secure"] : [])
        }
        return rule
    }

    fileprivate mutating func layer() -> FirewallRule.Layer {
        let ports = list(0...2) { generator in
            let lower = generator.number(1...9)
            return generator.once(in: 10)
                ? "?" : generator.pick(["5", "\(lower)", "\(lower)-\(lower + generator.number(0...4))"])
        }
        return .init(pick(["tcp", "tcp", "all", "udp"]), ports: ports)
    }

    fileprivate mutating func stages(_ kind: Firewall.Kind) -> [Firewall.Stage] {
        list(0...2) { generator in .init(kind, name: "p", generator.list(0...4) { $0.rule(isPolicy: true) }) }
    }

    fileprivate mutating func firewall() -> Firewall {
        Firewall(
            hierarchical: stages(.hierarchical), system: once(in: 3) ? stages(.system) : [],
            networkPolicies: stages(.networkPolicy), rules: list(0...6) { $0.rule(isPolicy: false) },
            order: pick([.afterRules, .beforeRules]))
    }

    fileprivate mutating func traffic() -> FirewallTraffic {
        var traffic = FirewallTraffic(
            port: 5,
            machine: .init(
                tags: Set(some(["a", "b"])), tagsAreAll: once(in: 2), serviceAccounts: Set(some(["x"])),
                serviceAccountsAreAll: once(in: 2)))
        if once(in: 2) { traffic.destination = set(1...2) }
        if once(in: 2) { traffic.taggedSenders = set(0...2) }
        return traffic
    }
}

@Suite struct FirewallOracleTests {
    @Test(arguments: 1...8)
    func `Thousands of firewalls decide as the rules read one by one`(_ seed: Int) {
        var generator = Generator(seed: seed)
        for round in 0..<160 {
            let (firewall, traffic, senders) = (generator.firewall(), generator.traffic(), generator.set(1...3))
            let decision = firewall.decide(traffic, from: senders)
            let oracle = Oracle(firewall: firewall, traffic: traffic)
            var expected: [Bool?: Set<IPAddress>] = [:]
            // Senders that look alike to the rules are many; some of them stand for all.
            let asked = senders.members.sorted().shuffled(using: &generator).prefix(16).map { Universe.all[$0] }
            for sender in asked {
                let outcomes = oracle.outcomes(sender)
                let admits: Bool? = outcomes == [.allow] ? true : outcomes == [.deny] ? false : nil
                expected[admits, default: []].insert(sender)
            }
            for (admits, set) in [(true, decision.admitted), (false, decision.refused), (nil, decision.undecided)]
                as [(Bool?, AddressSet)]
            {
                let found = Set(asked.filter { set.contains($0) })
                #expect(found == expected[admits, default: []], "seed \(seed), round \(round), \(String(describing: admits))")
            }
            let parts = decision.pieces.map(\.sources)
            #expect(parts.reduce(AddressSet()) { $0.union($1) } == senders, "seed \(seed), round \(round): nothing is lost")
            #expect(parts.reduce(0) { $0 + $1.count } == senders.count, "seed \(seed), round \(round): nothing counts twice")
        }
    }
}
