import Policy
import Testing

private typealias Rule = LoadBalancerPolicy.Rule

@Suite struct LoadBalancerPolicyTests {
    /// Rules of version 2, whether an external and an internal load balancer are allowed, and what decides for the external one.
    private static let cases: [(rules: [Rule], external: Bool?, internal: Bool?, by: String)] = [
        ([], true, true, "no policy"),
        ([Rule(allowAll: true)], true, true, "allowAll"),
        ([Rule(denyAll: true)], false, false, "denyAll"),
        ([Rule(denied: ["EXTERNAL_NETWORK_TCP_UDP"])], false, true, "deniedValues holds EXTERNAL_NETWORK_TCP_UDP"),
        ([Rule(denied: ["is:INTERNAL_TCP_UDP"])], true, false, "deniedValues (is:INTERNAL_TCP_UDP) does not hold"),
        ([Rule(denied: ["in:EXTERNAL"])], false, true, "deniedValues holds in:EXTERNAL"),
        ([Rule(allowed: ["in:INTERNAL"])], false, true, "allowedValues (in:INTERNAL) does not hold"),
        ([Rule(allowed: ["in:EXTERNAL", "in:INTERNAL"])], true, true, "allowedValues holds in:EXTERNAL"),
        ([Rule(allowed: ["EXTERNAL_HTTP_HTTPS"])], false, false, "allowedValues (EXTERNAL_HTTP_HTTPS) does not hold"),
        ([Rule(allowed: ["in:EXTERNAL"], denied: ["EXTERNAL_NETWORK_TCP_UDP"])], false, false, "deniedValues holds"),
        ([Rule(denied: ["EXTERNAL_NETWORK_TCP_UDP"]), Rule(allowAll: true)], false, true, "deniedValues holds"),
        // Several rules hold together: what one lists as allowed excludes what it does not list.
        ([Rule(denied: ["INTERNAL_TCP_UDP"]), Rule(allowed: ["in:INTERNAL"])], false, false, "allowedValues"),
        // Values that are not known may be groups that hold anything.
        ([Rule(denied: ["in:PASSTHROUGH"])], nil, nil, "deniedValues holds in:PASSTHROUGH"),
        ([Rule(denied: ["under:organizations/1"])], nil, nil, "deniedValues holds under:"),
        ([Rule(allowed: ["in:PASSTHROUGH"])], nil, nil, "allowedValues holds in:PASSTHROUGH"),
        ([Rule(allowed: ["in:PASSTHROUGH", "in:EXTERNAL"])], true, nil, "allowedValues holds in:EXTERNAL"),
        ([Rule(denied: ["NEW_TYPE"])], true, true, "deniedValues (NEW_TYPE) does not hold"),
        // Boolean constraints have enforce.
        ([Rule(enforce: false)], true, true, "enforce is false"),
        ([Rule(enforce: true)], nil, nil, "enforce"),
        ([Rule()], nil, nil, "says nothing"),
        ([Rule(denyAll: true, unknown: "parameters")], false, false, "denyAll"),
        ([Rule(allowAll: true, unknown: "parameters")], nil, nil, "a form that is not known: parameters"),
    ]

    @Test(arguments: cases.indices)
    func `Rules of version 2`(_ index: Int) {
        let (rules, external, `internal`, by) = Self.cases[index]
        let policy = LoadBalancerPolicy(rules: rules)
        #expect(policy.decide(.external).allowed == external)
        #expect(policy.decide(.internal).allowed == `internal`)
        #expect(policy.decide(.external).decidedBy.contains(by), "\(policy.decide(.external).decidedBy)")
    }

    private static let lists: [(all: String, allowed: [String], denied: [String], restore: Bool, expected: Bool?)] = [
        ("ALL_VALUES_UNSPECIFIED", [], [], false, true), ("", [], [], false, true), ("ALLOW", [], [], false, true),
        ("DENY", [], [], false, false), ("DENY", [], [], true, true), ("", [], ["in:EXTERNAL"], false, false),
        ("", ["in:INTERNAL"], [], false, false), ("", ["is:EXTERNAL_NETWORK_TCP_UDP"], [], false, true),
        ("SOME", [], [], false, nil),
    ]

    @Test(arguments: lists.indices)
    func `The list of version 1`(_ index: Int) {
        let (all, allowed, denied, restore, expected) = Self.lists[index]
        let policy = LoadBalancerPolicy(allValues: all, allowed: allowed, denied: denied, restoreDefault: restore)
        #expect(policy.decide(.external).allowed == expected)
    }

    @Test func `A condition is not guessed, and named`() {
        let policy = LoadBalancerPolicy(rules: [
            Rule(denyAll: true), Rule(allowAll: true, condition: "resource.matchTag('1/env', 'dev')"),
        ])
        let decision = policy.decide(.external)
        #expect(decision.allowed == nil)
        #expect(decision.conditions == ["resource.matchTag('1/env', 'dev')"])
        #expect(decision.decidedBy.contains("denyAll"))
    }

    @Test func `A condition that changes nothing for this type does not matter`() {
        let policy = LoadBalancerPolicy(rules: [
            Rule(denied: ["in:INTERNAL"]), Rule(denied: ["INTERNAL_TCP_UDP"], condition: "tag"),
        ])
        #expect(policy.decide(.external).allowed == true)
        #expect(policy.decide(.external).conditions.isEmpty)
        #expect(policy.decide(.internal).allowed == false)
    }

    @Test func `An empty condition is none`() {
        #expect(LoadBalancerPolicy(rules: [Rule(denyAll: true, condition: "")]).decide(.external).allowed == false)
    }
}

/// Told slowly: every set of conditions that may hold, each rule in the place of those without a condition or beside them,
/// and every meaning that a value of an unknown group may have, among those denied and among those allowed.
private struct Oracle {
    let rules: [LoadBalancerPolicy.Rule]
    let type: String
    let group: String

    var outcomes: Set<Bool> {
        let always = rules.filter { $0.condition == nil }
        let conditional = rules.filter { $0.condition != nil }
        var outcomes: Set<Bool> = []
        for holds in 0..<(1 << conditional.count) {
            let holding = conditional.indices.filter { holds & (1 << $0) != 0 }.map { conditional[$0] }
            for inForce in [always + holding, holding.isEmpty ? always : holding] {
                for meaning in 0..<4 {
                    outcomes.formUnion(verdicts(inForce, denied: meaning & 1 != 0, allowed: meaning & 2 != 0))
                }
            }
        }
        return outcomes
    }

    private func verdicts(_ rules: [LoadBalancerPolicy.Rule], denied meansDenied: Bool, allowed meansAllowed: Bool) -> Set<Bool> {
        var denied = false
        var anyAllowed = false
        var listsAllowed = false
        var isAllowed = false
        var unclear = false
        for rule in rules {
            if rule.denyAll { denied = true }
            for value in rule.denied where holds(value, meansDenied) { denied = true }
            if rule.allowAll { anyAllowed = true }
            for value in rule.allowed {
                listsAllowed = true
                if holds(value, meansAllowed) { isAllowed = true }
            }
            if rule.enforce == true { unclear = true }
        }
        if denied { return [false] }
        if unclear { return [true, false] }
        return [anyAllowed || !listsAllowed || isAllowed]
    }

    private func holds(_ value: String, _ meaning: Bool) -> Bool {
        if value == type || value == "is:" + type || value == "in:" + group { return true }
        return value == "in:OTHER" && meaning
    }
}

@Suite struct LoadBalancerPolicyOracleTests {
    @Test func `Thousands of policies say what every possible reading of them says`() {
        var generator = Generator(seed: 11)
        let values = [
            "EXTERNAL_NETWORK_TCP_UDP", "is:EXTERNAL_NETWORK_TCP_UDP", "INTERNAL_TCP_UDP", "in:INTERNAL", "in:EXTERNAL", "NEW",
            "in:OTHER",
        ]
        var undecided = 0
        for round in 0..<4_000 {
            let rules = generator.list(0...4) { generator in
                let kind = generator.number(1...8)
                return LoadBalancerPolicy.Rule(
                    allowAll: kind == 1, denyAll: kind == 2, allowed: kind > 4 ? [generator.pick(values)] : [],
                    denied: kind > 6 || kind == 4 ? generator.list(1...2) { $0.pick(values) } : [],
                    enforce: kind == 3 ? generator.once(in: 2) : nil,
                    condition: generator.once(in: 2) ? "tag \(generator.number(1...9))" : nil)
            }
            let outcomes = Oracle(rules: rules, type: "EXTERNAL_NETWORK_TCP_UDP", group: "EXTERNAL").outcomes
            let decision = LoadBalancerPolicy(rules: rules).decide(.external)
            if let allowed = decision.allowed {
                #expect(outcomes == [allowed], "seed 11, round \(round): \(rules)")
            } else {
                undecided += 1
                #expect(outcomes.count == 2, "seed 11, round \(round): \(rules)")
            }
        }
        #expect((400...3600).contains(undecided), "both kinds are seen: \(undecided)")
    }
}
