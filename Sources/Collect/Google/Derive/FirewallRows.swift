internal import Facts
internal import Mesh
internal import Policy

extension Rows {
    /// Tables `google_firewall_path`, `google_firewall_health` and `google_firewall_exposure` for one GKE cluster as target.
    ///
    /// - Parameter sources: the other clusters, each with the addresses from which it comes.
    static func firewall(_ gateway: GatewayFirewall, from sources: [(name: String, senders: PathSenders)]) -> [FactRow] {
        paths(gateway, sources) + [health(gateway)] + exposedPorts.map { exposure(gateway, $0) }
    }

    // MARK: Paths

    private static func paths(_ gateway: GatewayFirewall, _ sources: [(name: String, senders: PathSenders)]) -> [FactRow] {
        let wanted = AddressSet.reading(gateway.plan.sourceRanges).set
        let rule = GatewayFirewall.comingRule(from: gateway.plan.sourceRanges.isEmpty ? .all(.v4) : wanted)
        let port = gateway.port(gateway.plan.port, coming: rule)
        let everybody = port.finding(.all(.v4))
        var known: [PathSenders: [String: FactValue]] = [:]
        return sources.map { source in
            let columns: [String: FactValue]
            if let found = known[source.senders] {
                columns = found
            } else {
                columns = path(gateway, source.senders, port, everybody: everybody)
                known[source.senders] = columns
            }
            return FactRow(
                "google_firewall_path",
                columns.merging(["source": .text(source.name), "target": .text(gateway.target.cluster)]) { $1 })
        }
    }

    /// All columns but the clusters' names.
    private static func path(
        _ gateway: GatewayFirewall, _ senders: PathSenders, _ port: GatewayFirewall.Port, everybody: GatewayFirewall.Finding
    ) -> [String: FactValue] {
        var finding = port.finding(senders.addresses)
        if !senders.isKnown, finding.admits != false {
            // Senders who are not known fare as everybody does, where everybody fares alike.
            let isOne = everybody.admits == true || (everybody.admits == false && everybody.refused == .all(.v4))
            if isOne { finding = everybody } else { finding.admits = nil }
            if finding.piece == nil { finding.piece = everybody.piece }
            if finding.admits == false { finding.refused = AddressSet() }
        }
        let details = [
            finding.sentence, senders.isKnown ? "" : senders.detail, finding.admits == nil ? gateway.unknownMachines : "",
        ]
        let rule = finding.rule
        let word = rule.map { [.allow, .deny].contains($0.action) ? $0.action.word : "" } ?? ""
        return gateway.place.merging(
            [
                "port": .integer(gateway.plan.port), "sources": textList(senders.ranges),
                "admits": FactValue(finding.admits), "decided_by": .text(finding.decidedBy),
                "decided_kind": .text(rule?.kind.rawValue ?? ""), "policy": .text(rule?.policy ?? ""), "action": .text(word),
                "priority": .integer(rule?.priority ?? 65535), "refused": textList(finding.refused.ranges.map(\.description)),
                "events_command": .text(gateway.target.firewallCommand),
                "detail": .text(details.filter { !$0.isEmpty }.joined(separator: "; ")),
            ]) { $1 }
    }

    // MARK: Health checks

    private static func health(_ gateway: GatewayFirewall) -> FactRow {
        let isInternal = gateway.plan.type == LoadBalancerType.internal.rawValue
        let checkers = isInternal ? HealthCheckers.internal : HealthCheckers.external
        let finding = gateway.port(gateway.plan.healthPort, coming: GatewayFirewall.comingRule(from: checkers)).finding(checkers)
        let details = [finding.sentence, finding.admits == nil ? gateway.unknownMachines : ""]
        return FactRow(
            "google_firewall_health",
            gateway.place.merging(
                [
                    "cluster": .text(gateway.target.cluster), "port": .integer(gateway.plan.healthPort),
                    "admits": FactValue(finding.admits),
                    "refused": textList(finding.refused.ranges.map(\.description)), "decided_by": .text(finding.decidedBy),
                    "detail": .text(details.filter { !$0.isEmpty }.joined(separator: "; ")),
                ]) { $1 })
    }

    // MARK: Exposure

    /// The gateway's own, and two that this topology does not use.
    private static let exposedPorts = [MeshConstants.gatewayPort, 15012, 15017]

    private static func exposure(_ gateway: GatewayFirewall, _ port: Int) -> FactRow {
        let world = AddressSet.all(.v4).subtracting(.privateUse)
        let decision = gateway.port(port).finding(world)
        // A few ranges that are denied beforehand do not close it.
        let half = world.count / 2
        let isOpen: Bool? = decision.admitted.count >= half ? true : decision.refused.count > half ? false : nil
        let words = isOpen == true ? "from \(decision.admitted.count == world.count ? "every" : "most") public address" : ""
        return FactRow(
            "google_firewall_exposure",
            [
                "cluster": .text(gateway.target.cluster), "port": .integer(port), "open_to_world": FactValue(isOpen),
                "decided_by": .text(decision.decidedBy),
                "detail": .text([decision.sentence, words].filter { !$0.isEmpty }.joined(separator: ", ")),
            ])
    }
}

/// From where Google's health checks come.
enum HealthCheckers {
    /// Of external passthrough load balancers.
    static let external = AddressSet.reading(["35.191.0.0/16", "209.85.152.0/22", "209.85.204.0/22"]).set
    /// Of internal ones.
    static let `internal` = AddressSet.reading(["35.191.0.0/16", "130.211.0.0/22"]).set
}
