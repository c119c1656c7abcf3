package import Judge

/// Which verdicts a step waits for.
package enum Gates {
    /// The verdicts of traffic that have to be good before the first remote secret; the others are looked at by `isthmus verify`.
    private static let trust: Set<String> = [
        "remote-workloads-trusted", "control-plane-reachable-from-pods", "gateway-reachable-from-pods",
    ]
    /// Prerequisites of which some can be told only once there is a gateway: its address, the rules that a platform makes for it.
    private static let told: Set<String> = [
        "firewall-admits-gateway", "firewall-admits-health-checks", "routes-to-on-premises",
    ]
    /// Checks that a missing label of istio-system fails, and so the step "network" makes good.
    private static let network: Set<String> = ["network-identity-consistent", "networks-distinct"]

    /// Checks that a cluster fails which is in no fleet, and so the step "register" makes good.
    private static let fleet: Set<String> = ["fleet-membership-registered", "fleet-membership-ready"]

    /// The check that missing trust domain aliases fail.
    private static let trustDomains = "trust-domain-shared"

    /// What takes a port-forward, which some networks let nobody make. Where it fails, the gateway's other checks wait for it, and gate.
    private static let heard: Set<String> = ["gateway-config-current"]

    /// The step that a verdict gates first; `nil` for none.
    package static func step(of check: Check) -> SetupStep? {
        guard !heard.contains(check.id) else { return nil }
        return switch check.phase {
        case .prerequisites: told.contains(check.id) ? .discovery : .network
        case .gateway, .services: .discovery
        case .traffic: trust.contains(check.id) ? .discovery : nil
        case .discovery: nil
        }
    }

    /// The checks of which setup needs the verdicts.
    package static func selection(_ catalogue: CheckCatalogue) -> Selection { catalogue.selection { step(of: $0) != nil } }

    /// The gates of clusters, by step, then in the judgement's order. A gate of several clusters is one of each of them.
    ///
    /// - Parameters:
    ///   - pending: by cluster, the steps that still have something to write there; empty between the waits and the step.
    ///   - begun: by cluster, the steps that a run which is to be resumed has begun: what they made may not have taken effect yet.
    ///   - registering: the clusters that are registered to the fleet in a pending step.
    ///   - labelled: the clusters whose istio-system has no label yet and gets one in a pending step.
    ///   - aliased: what is pending makes every cluster accept the others' trust domains.
    package static func of(
        _ clusters: [String], _ judgement: Judgement, pending: [String: Set<SetupStep>] = [:],
        begun: [String: Set<SetupStep>] = [:], registering: Set<String> = [], labelled: Set<String> = [], aliased: Bool = false
    ) -> [String: [Gate]] {
        let coming = Coming(pending: pending, begun: begun, registering: registering, labelled: labelled, aliased: aliased)
        var gates = Dictionary(clusters.map { ($0, [Gate]()) }, uniquingKeysWith: { a, _ in a })
        // Each verdict once and in their order: a message is read from the check's own rows, which are near each other.
        for verdict in judgement.verdicts where verdict.status != .notApplicable {
            guard let step = step(of: verdict.definition) else { continue }
            let concerned = verdict.clusters.isEmpty ? clusters : Array(Set(verdict.clusters))
            guard concerned.contains(where: { gates[$0] != nil }) else { continue }
            let isGood = verdict.status == .pass || verdict.status == .warning, accepted = verdict.isAccepted
            let gate = Gate(
                step: step, check: verdict.check, subject: verdict.subject, status: accepted ? .warning : verdict.status,
                message: accepted ? "accepted: \(verdict.message)" : verdict.message,
                later: !isGood && !accepted && coming.makesGood(verdict))
            for cluster in concerned { gates[cluster]?.append(gate) }
        }
        return gates.mapValues { all in
            all.enumerated().sorted { ($0.element.step, $0.offset) < ($1.element.step, $1.offset) }.map(\.element)
        }
    }

    /// What is still to come while a plan is made.
    private struct Coming {
        let pending: [String: Set<SetupStep>]
        let begun: [String: Set<SetupStep>]
        let registering: Set<String>
        let labelled: Set<String>
        let aliased: Bool

        /// Whether that is to make a verdict good, or to make it possible.
        func makesGood(_ verdict: Verdict) -> Bool {
            let clusters = verdict.clusters.isEmpty || verdict.definition.span == .mesh ? Array(pending.keys) : verdict.clusters
            let isResumed = clusters.contains { Self.builds(begun[$0]) }
            let isBuilding = isResumed || clusters.contains { Self.builds(pending[$0]) }
            guard verdict.definition.phase == .prerequisites else { return isBuilding }
            // What is denied before anything is built stays denied; of what was just built, Google may not have told everything.
            if told.contains(verdict.check) {
                return isResumed || isBuilding && verdict.status != .fail && verdict.status != .error
            }
            if fleet.contains(verdict.check) || !verdict.blockedBy.isEmpty && fleet.isSuperset(of: verdict.blockedBy) {
                return clusters.contains(where: registering.contains)
            }
            if verdict.check == trustDomains && verdict.status == .fail || verdict.blockedBy == [trustDomains] { return aliased }
            let rests = network.contains(verdict.check) || !verdict.blockedBy.isEmpty && network.isSuperset(of: verdict.blockedBy)
            return rests && clusters.contains { labelled.contains($0) && pending[$0]?.contains(.network) == true }
        }

        private static func builds(_ steps: Set<SetupStep>?) -> Bool {
            !(steps ?? []).isDisjoint(with: [.network, .gateway, .expose])
        }
    }
}

extension Gate {
    /// What it says of the step now.
    package var standing: Standing {
        if later { return .comes }
        return switch status {
        case .pass, .warning, .notApplicable: .good
        case .fail, .error: .bad
        case .unknown, .blocked, .notExamined: .open
        }
    }

    package enum Standing: Sendable {
        case good
        /// The step must not begin.
        case bad
        /// Nobody can say; the step must not begin unless a person accepts that.
        case open
        /// It is looked at again before the step.
        case comes
    }
}
