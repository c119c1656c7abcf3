internal import Policy

/// The firewall of a network as machines in one region meet it.
struct NetworkFirewall {
    let name: VPCName
    let firewall: Firewall
    /// Where machines of the network can be: what bears a network tag sends from here.
    let machineAddresses: AddressSet
}

extension GoogleNetworkEvidence {
    /// The firewall in a region, ready for evaluation; a failure where its rules or their order could not be read. Regional
    /// policies that could not be read are stages of which nobody knows what they do.
    func firewall(region: String) -> Answer<NetworkFirewall> {
        firewalls.flatMap { effective in
            var stages = PolicyStages()
            stages.add(effective.firewallPolicys ?? [], in: self)
            switch regionalFirewalls[region] {
            case .success(let regional)?:
                let known = Set((effective.firewallPolicys ?? []).map(\.name))
                stages.add((regional.firewallPolicys ?? []).filter { !known.contains($0.name) }, in: self, isRegional: true)
            case .failure(let reason)?: stages.addUnread(region, reason.detail)
            case nil: stages.addUnread(region, "not asked")
            }
            let policies = stages.global + stages.regional
            return order(matters: !policies.isEmpty).map { order in
                let firewall = Firewall(
                    hierarchical: stages.hierarchical, system: stages.system, networkPolicies: policies,
                    rules: (effective.firewalls ?? []).compactMap(Policy.FirewallRule.init), order: order)
                return NetworkFirewall(name: name, firewall: firewall, machineAddresses: machineAddresses)
            }
        }
    }

    private var machineAddresses: AddressSet {
        guard subnetworks.isComplete else { return .everything }
        let ranges = subnetworks.items.flatMap { [$0.ipCidrRange] + ($0.secondaryIpRanges ?? []).map(\.ipCidrRange) }
        // An IPv6 range of a subnetwork is not read here.
        return AddressSet.reading(ranges.compactMap(\.self)).set.union(.all(.v6))
    }

    private func order(matters: Bool) -> Answer<Firewall.Order> {
        let text = network.map { $0.networkFirewallPolicyEnforcementOrder ?? Firewall.Order.afterRules.rawValue }
        if !matters { return .success(.afterRules) }
        return text.flatMap { text in
            Firewall.Order(rawValue: text).map { .success($0) }
                ?? .failure(NoAnswer("the network's policies are asked in an order that is not known: \(text)"))
        }
    }
}

/// A network's firewall policies by the place that they are asked at.
private struct PolicyStages {
    var hierarchical: [Firewall.Stage] = []
    var system: [Firewall.Stage] = []
    var global: [Firewall.Stage] = []
    var regional: [Firewall.Stage] = []

    mutating func add(_ policies: [FirewallPolicy], in network: GoogleNetworkEvidence, isRegional: Bool = false) {
        // Policies of one type go by the priority of their association; hierarchical ones have none, and come in order.
        let ordered = policies.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
        for policy in ordered {
            switch policy.type ?? "" {
            case "HIERARCHY": hierarchical.append(policy.stage(.hierarchical, network))
            case "SYSTEM", "SYSTEM_GLOBAL", "SYSTEM_REGIONAL": system.append(policy.stage(.system, network))
            case "NETWORK" where !isRegional: global.append(policy.stage(.networkPolicy, network))
            case "NETWORK", "NETWORK_REGIONAL": regional.append(policy.stage(.networkPolicy, network))
            case let type: hierarchical.append(policy.stage(.hierarchical, network, condition: "a policy of type \(type)"))
            }
        }
    }

    /// Google's own regional policies are asked before the network's rules, the users' regional ones at the network policies' place.
    mutating func addUnread(_ region: String, _ reason: String) {
        var rule = Policy.FirewallRule("of \(region), which could not be read (\(reason))", priority: 0, .other(""))
        rule.conditions = ["the regional policies of \(region)"]
        system.append(Firewall.Stage(.system, name: "(regional)", [rule]))
        regional.append(Firewall.Stage(.networkPolicy, name: "(regional)", [rule]))
    }
}

extension FirewallPolicy {
    fileprivate var rank: Int { type == "HIERARCHY" ? 0 : priority ?? 0 }

    fileprivate func stage(
        _ kind: Firewall.Kind, _ network: GoogleNetworkEvidence, condition: String? = nil
    ) -> Firewall.Stage {
        let title = [shortName, displayName, name].compactMap(\.self).first { !$0.isEmpty } ?? ""
        let rules = (rules ?? []).compactMap { $0.evaluable(in: network.name) }.map { rule in
            var rule = rule
            if let condition { rule.conditions.append(condition) }
            return rule
        }
        return Firewall.Stage(kind, name: title, rules)
    }
}

extension FirewallPolicy.Rule {
    /// This rule for traffic into a network; `nil` where it is for other traffic.
    fileprivate func evaluable(in network: VPCName) -> Policy.FirewallRule? {
        guard direction != "EGRESS" else { return nil }
        let number = priority ?? Int(Int32.max)
        var rule = Policy.FirewallRule(
            [ruleName, "\(number)"].compactMap(\.self).first { !$0.isEmpty } ?? "", priority: number, effect)
        rule.isDisabled = disabled ?? false
        let named = (targetResources ?? []).filter { !$0.isEmpty }
        if !named.isEmpty, !named.contains(where: network.isNamed) {
            // A project's number in a link is not comparable with its id.
            let alike = named.compactMap(VPCName.init).contains {
                $0.network == network.network && $0.project.allSatisfy(\.isNumber)
            }
            if alike { rule.conditions.append("target networks by project number") } else { rule.isDisabled = true }
        }
        rule.layers = (match?.layer4Configs ?? []).map { .init($0.ipProtocol ?? "", ports: $0.ports ?? []) }
        rule.targets = targets
        if !(targetSecureTags ?? []).isEmpty, rule.targets == .init() { rule.isDisabled = true }
        match?.apply(to: &rule)
        return rule
    }

    private var effect: Policy.FirewallRule.Action {
        switch action {
        case "allow": .allow
        case "deny": .deny
        case "goto_next": .goToNext
        default: .other(action ?? "without an action")
        }
    }

    /// A secure tag that is not in effect is for no machine.
    private var targets: Policy.FirewallRule.Targets {
        .init(
            serviceAccounts: targetServiceAccounts ?? [],
            others: (targetSecureTags ?? []).filter(\.isEffective).map { "target tag \($0.name ?? "")" })
    }
}

extension FirewallPolicy.SecureTag {
    fileprivate var isEffective: Bool { state != "INEFFECTIVE" }
}

extension FirewallPolicy.Match {
    fileprivate func apply(to rule: inout Policy.FirewallRule) {
        if let ranges = srcIpRanges, !ranges.isEmpty {
            let read = AddressSet.reading(ranges)
            rule.sources = read.set
            rule.otherSources += read.unreadable.map { "source range \($0)" }
        }
        rule.senderTags = (srcSecureTags ?? []).filter(\.isEffective).map { "source tag \($0.name ?? "")" }
        rule.otherSources += Self.named("source host", srcFqdns) + Self.named("source region", srcRegionCodes)
        rule.otherSources +=
            Self.named("source list", srcThreatIntelligences) + Self.named("source address group", srcAddressGroups)
        // Tags alone, none of which is in effect, are nobody.
        if rule.sources == nil, rule.senderTags.isEmpty, rule.otherSources.isEmpty, !(srcSecureTags ?? []).isEmpty {
            rule.isDisabled = true
        }
        rule.conditions += Self.named("source network", srcNetworks)
        rule.conditions += [srcNetworkScope, srcNetworkType].compactMap(\.self).filter { $0 != "UNSPECIFIED" }.map {
            "senders of \($0)"
        }
        if let ranges = destIpRanges, !ranges.isEmpty {
            let read = AddressSet.reading(ranges)
            rule.destinations = read.set
            rule.conditions += read.unreadable.map { "destination range \($0)" }
        }
        rule.conditions += Self.named("destination host", destFqdns) + Self.named("destination region", destRegionCodes)
        rule.conditions += Self.named("destination list", destThreatIntelligences)
        rule.conditions += Self.named("destination address group", destAddressGroups)
    }

    private static func named(_ kind: String, _ values: [String]?) -> [String] { (values ?? []).map { "\(kind) \($0)" } }
}

extension Policy.FirewallRule {
    /// A VPC firewall rule; `nil` where it is for what leaves.
    init?(_ rule: FirewallRule) {
        guard rule.direction != "EGRESS" else { return nil }
        let (allowed, denied) = (rule.allowed ?? [], rule.denied ?? [])
        self.init(rule.name ?? "", priority: rule.priority ?? 1000, denied.isEmpty ? .allow : .deny)
        isDisabled = rule.disabled ?? false
        layers = (allowed + denied).map { .init($0.IPProtocol ?? "", ports: $0.ports ?? []) }
        if allowed.isEmpty == denied.isEmpty { conditions.append("a rule that neither only allows nor only denies") }
        let tags = (rule.sourceTags ?? []).map { "source tag \($0)" }
        senderTags = tags + (rule.sourceServiceAccounts ?? []).map { "source service account \($0)" }
        if let ranges = rule.sourceRanges, !ranges.isEmpty {
            let read = AddressSet.reading(ranges)
            sources = read.set
            otherSources = read.unreadable.map { "source range \($0)" }
        } else if senderTags.isEmpty {
            // What Compute makes of a rule without sources.
            sources = .all(.v4)
        }
        if let ranges = rule.destinationRanges, !ranges.isEmpty {
            let read = AddressSet.reading(ranges)
            destinations = read.set
            conditions += read.unreadable.map { "destination range \($0)" }
        }
        targets = .init(tags: rule.targetTags ?? [], serviceAccounts: rule.targetServiceAccounts ?? [])
    }
}
