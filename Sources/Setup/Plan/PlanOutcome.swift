/// What a plan comes to.
package enum PlanOutcome: Sendable, Equatable {
    /// It can be applied; also where nothing is left to do.
    case ready
    /// A gate failed, another manager owns a field, a server refuses, a permission is missing.
    case stopped
    /// Nothing speaks against it, but something could not be observed.
    case open

    /// 0, 3 or 4.
    package var exitCode: Int32 {
        switch self {
        case .ready: 0
        case .stopped: 3
        case .open: 4
        }
    }
}

extension SetupPlan {
    /// Every act, by cluster, then by step.
    package var acts: [Act] { clusters.flatMap(\.acts) }

    package func count(_ verbs: Verb...) -> Int { acts.filter { verbs.contains($0.verb) }.count }

    package var outcome: PlanOutcome {
        let outcomes = clusters.map(\.outcome) + findings.map(\.outcome)
        if outcomes.contains(.stopped) { return .stopped }
        return outcomes.contains(.open) || clusters.isEmpty ? .open : .ready
    }

    /// Every cluster was seen, and nothing is left to do in any. What is open of the whole mesh at level read is proved by verify;
    /// what asmcli would make stands in no plan.
    package var isDone: Bool {
        guard !clusters.isEmpty, outcome != .stopped, options.discovery == .native else { return false }
        return !findings.contains { $0.severity == .unknown && !$0.cluster.isEmpty }
            && clusters.allSatisfy { !$0.uid.isEmpty && $0.acts.allSatisfy { $0.verb == .leave } }
    }
}

extension ClusterPlan {
    package var outcome: PlanOutcome {
        let gates = gates.map(\.standing)
        let isStopped =
            acts.contains { $0.verb == .conflict || $0.verb == .refused } || gates.contains(.bad)
            || permissions.contains { $0.allowed == false }
        if isStopped { return .stopped }
        let isOpen =
            uid.isEmpty || acts.contains { $0.verb == .unknown } || gates.contains(.open)
            || permissions.contains { $0.allowed == nil }
        return isOpen ? .open : .ready
    }
}

extension Finding {
    var outcome: PlanOutcome {
        switch severity {
        case .error: .stopped
        case .unknown: .open
        case .warning, .note: .ready
        }
    }
}

extension Act {
    /// Whether applying it takes fields over from other managers, which a person has named.
    package var forces: Bool { verb == .change && fields.contains { !$0.owner.isEmpty } }
}
