/// Who decided: a rule, with the policy that it is of.
package struct FirewallDecider: Hashable, Sendable, CustomStringConvertible {
    package let kind: Firewall.Kind
    /// Empty where the rule is one of the VPC network.
    package let policy: String
    package let rule: String
    package let priority: Int
    package let action: FirewallRule.Action
    /// What of the rule cannot be evaluated, in words for the reader.
    package let unevaluable: [String]

    init(_ stage: Firewall.Stage, _ rule: FirewallRule) {
        kind = stage.kind
        policy = stage.name
        self.rule = rule.name
        priority = rule.priority
        action = rule.action
        unevaluable = rule.conditions + rule.senderTags + rule.otherSources + rule.targets.others
    }

    private init(implied priority: Int) {
        kind = .implied
        policy = ""
        rule = ""
        self.priority = priority
        action = .deny
        unevaluable = []
    }

    /// What no rule admits is refused.
    package static let implied = FirewallDecider(implied: 65535)

    package var description: String {
        switch kind {
        case .implied: "no rule admits it, so the implied deny of ingress decides"
        case .vpcRule: "VPC firewall rule \(rule) (priority \(priority), \(action.word))"
        case .hierarchical: "rule \(ruleName) (\(action.word)) of the hierarchical firewall policy \(policy)"
        case .system: "rule \(ruleName) (\(action.word)) of Google's own firewall policy \(policy)"
        case .networkPolicy: "rule \(ruleName) (\(action.word)) of the network firewall policy \(policy)"
        }
    }

    /// Rules of policies go by their priority; names are optional.
    private var ruleName: String { rule.isEmpty || rule == String(priority) ? "\(priority)" : "\(priority) “\(rule)”" }
}

/// What becomes of traffic from a set of senders, each part with the rule that decides it.
package struct FirewallDecision: Hashable, Sendable {
    package struct Piece: Hashable, Sendable {
        package let sources: AddressSet
        /// `nil` where rules that cannot be evaluated would decide otherwise.
        package let admits: Bool?
        /// Decides where none of the doubts does.
        package let decider: FirewallDecider
        /// Rules that come first and of which it cannot be told whether they are for these senders.
        package let doubts: [FirewallDecider]
    }

    /// Apart from one another; together all that was asked about.
    package private(set) var pieces: [Piece] = []

    package init() {}

    mutating func add(_ sources: AddressSet, _ decider: FirewallDecider, doubts: [FirewallDecider]) {
        guard !sources.isEmpty else { return }
        if let index = pieces.firstIndex(where: { $0.decider == decider && $0.doubts == doubts }) {
            let piece = pieces[index]
            pieces[index] = Piece(
                sources: piece.sources.union(sources), admits: piece.admits, decider: decider, doubts: doubts)
        } else {
            let outcomes = Set(([decider] + doubts).map(\.admits))
            let outcome = outcomes.count == 1 ? outcomes.first ?? nil : nil
            pieces.append(Piece(sources: sources, admits: outcome, decider: decider, doubts: doubts))
        }
    }

    /// Whether everything that was asked about comes through: `false` as soon as one part does not, `nil` where that cannot
    /// be told, and where nothing was asked about.
    package var admits: Bool? {
        if pieces.contains(where: { $0.admits == false }) { return false }
        return pieces.isEmpty || pieces.contains { $0.admits == nil } ? nil : true
    }

    package var admitted: AddressSet { union { $0.admits == true } }
    package var refused: AddressSet { union { $0.admits == false } }
    package var undecided: AddressSet { union { $0.admits == nil } }

    private func union(_ wanted: (Piece) -> Bool) -> AddressSet {
        pieces.lazy.filter(wanted).reduce(AddressSet()) { $0.union($1.sources) }
    }

    /// The part that speaks for the whole: one that is refused, else one that is not known, else the first.
    package var deciding: Piece? {
        pieces.first { $0.admits == false } ?? pieces.first { $0.admits == nil } ?? pieces.first
    }
}

extension FirewallDecider {
    fileprivate var admits: Bool? {
        switch action {
        case .allow: true
        case .deny: false
        case .goToNext, .other: nil
        }
    }
}
