/// Everything that decides what comes into a network's machines, in the order in which it is asked.
package struct Firewall: Hashable, Sendable {
    /// What a stage is, in the words of the facts.
    package enum Kind: String, Hashable, Sendable {
        case hierarchical
        /// Made by Google's own services, as GKE.
        case system
        case networkPolicy = "network-policy"
        case vpcRule = "vpc-rule"
        case implied
    }

    /// Rules that are asked together, before those of the next stage: one policy, or all rules of the VPC network.
    package struct Stage: Hashable, Sendable {
        package let kind: Kind
        /// The policy; empty for the rules of the VPC network.
        package let name: String
        /// In the order in which they are asked.
        package let rules: [FirewallRule]

        /// - Parameter rules: in any order. At equal priority a deny goes first; then names settle it.
        package init(_ kind: Kind, name: String = "", _ rules: [FirewallRule]) {
            self.kind = kind
            self.name = name
            self.rules = rules.sorted { ($0.priority, $0.rank, $0.name) < ($1.priority, $1.rank, $1.name) }
        }
    }

    /// When the policies of a network are asked.
    package enum Order: String, Hashable, Sendable {
        case afterRules = "AFTER_CLASSIC_FIREWALL"
        case beforeRules = "BEFORE_CLASSIC_FIREWALL"
    }

    package let stages: [Stage]

    /// - Parameters:
    ///   - hierarchical: from the organization down to the last folder.
    ///   - networkPolicies: the global ones, then the regional ones.
    package init(
        hierarchical: [Stage] = [], system: [Stage] = [], networkPolicies: [Stage] = [], rules: [FirewallRule] = [],
        order: Order = .afterRules
    ) {
        let own = [Stage(.vpcRule, rules)]
        stages = hierarchical + system + (order == .afterRules ? own + networkPolicies : networkPolicies + own)
    }

    /// Stages in the order in which they are asked.
    package init(stages: [Stage]) { self.stages = stages }

    /// What becomes of traffic from each of a set of senders.
    package func decide(_ traffic: FirewallTraffic, from sources: AddressSet) -> FirewallDecision {
        PreparedFirewall(self, traffic).decide(sources)
    }
}

extension FirewallRule {
    /// Of two rules of equal priority, the lower rank is asked first.
    fileprivate var rank: Int { action == .deny ? 0 : 1 }
}

/// A firewall as one kind of traffic meets it: for asking about many sets of senders.
package struct PreparedFirewall: Sendable {
    private struct Entry {
        let decider: FirewallDecider
        let action: FirewallRule.Action
        let reach: RuleReach
    }

    private let stages: [[Entry]]

    package init(_ firewall: Firewall, _ traffic: FirewallTraffic) {
        stages = firewall.stages.map { stage in
            stage.rules.compactMap { rule in
                let reach = rule.reach(traffic)
                if reach.certain.isEmpty && reach.possible.isEmpty { return nil }
                return Entry(decider: FirewallDecider(stage, rule), action: rule.action, reach: reach)
            }
        }
    }

    /// Senders whose fate is still open, all in the same way.
    private struct Open {
        var sources: AddressSet
        /// Rules that may have decided already.
        var doubts: [FirewallDecider] = []
        /// A rule that cannot be evaluated may have sent them on to the next stage.
        var mayHaveLeft = false
    }

    package func decide(_ sources: AddressSet) -> FirewallDecision {
        var decided = FirewallDecision()
        var open = [Open(sources: sources)]
        for stage in stages {
            var left: [Open] = []
            for entry in stage where !open.isEmpty {
                open = open.flatMap { piece in ask(entry, piece, left: &left, decided: &decided) }
            }
            open = (open + left).map { Open(sources: $0.sources, doubts: $0.doubts) }
        }
        for piece in open { decided.add(piece.sources, .implied, doubts: piece.doubts) }
        return decided
    }

    /// What stays open in this stage after a rule was asked.
    private func ask(_ entry: Entry, _ piece: Open, left: inout [Open], decided: inout FirewallDecision) -> [Open] {
        let certain = piece.sources.intersection(entry.reach.certain)
        let possible = piece.sources.intersection(entry.reach.possible)
        if certain.isEmpty && possible.isEmpty { return [piece] }

        if !certain.isEmpty {
            if entry.action == .goToNext {
                left.append(Open(sources: certain, doubts: piece.doubts))
            } else if piece.mayHaveLeft {
                // Either this rule decides, or the next stage does.
                left.append(Open(sources: certain, doubts: piece.doubts + [entry.decider]))
            } else {
                decided.add(certain, entry.decider, doubts: piece.doubts)
            }
        }
        var rest = piece
        rest.sources = piece.sources.subtracting(certain).subtracting(possible)
        var doubtful = piece
        doubtful.sources = possible
        if entry.action == .goToNext { doubtful.mayHaveLeft = true } else { doubtful.doubts.append(entry.decider) }
        return [rest, doubtful].filter { !$0.sources.isEmpty }
    }
}
