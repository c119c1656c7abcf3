internal import Facts
internal import Policy

/// The firewall in front of one GKE cluster's gateway.
struct GatewayFirewall {
    let target: GoogleClusterEvidence
    let plan: GatewayPlan
    private let network: NetworkFirewall
    /// Whether GKE makes rules for the gateway once it is there, and it is not there yet: a rule comes with the address.
    private let makesRules: Bool
    private let machines: [FirewallTraffic.Machine]
    private let destination: AddressSet?

    /// - Parameters:
    ///   - network: the one that the cluster is on, in its region.
    ///   - projectNumber: of the cluster's project, which names its default service account; empty where it is not known.
    init(
        _ target: GoogleClusterEvidence, _ cluster: GKECluster, _ network: NetworkFirewall, _ plan: GatewayPlan,
        projectNumber: String
    ) {
        self.target = target
        self.network = network
        self.plan = plan
        machines = cluster.machines(target, projectNumber: projectNumber)
        let addresses = plan.addresses.compactMap { IPAddress($0) }
        destination = addresses.isEmpty ? nil : AddressSet(addresses: addresses)
        let isMade = !plan.service.isEmpty && !plan.addresses.isEmpty
        // Where it may not, it asks an administrator to, and no rule comes by itself.
        makesRules =
            !isMade && target.firewallCommand.isEmpty && cluster.networkConfig?.disableL4LbFirewallReconciliation != true
    }

    /// The rule that GKE makes with a gateway for what comes to a port.
    static func comingRule(from sources: AddressSet) -> Policy.FirewallRule {
        var rule = Policy.FirewallRule("that GKE makes with the gateway", priority: 1000, .allow)
        rule.sources = sources
        return rule
    }

    // MARK: What it admits

    struct Finding: Hashable {
        var admits: Bool?
        var refused: AddressSet
        /// `nil` where there is nothing to decide.
        var piece: FirewallDecision.Piece?
        /// Beside what the deciding rule says.
        var note = ""
        /// Admitted by some machines and by rules as they are.
        var admitted: AddressSet
    }

    /// The firewall as traffic to one port meets it, machine by machine.
    struct Port {
        fileprivate let now: [PreparedFirewall]
        fileprivate let later: [PreparedFirewall]

        /// What becomes of senders: every machine must admit them, since a load balancer sends to each.
        func finding(_ senders: AddressSet) -> Finding {
            let found = Self.finding(now, senders)
            guard found.admits != true, !later.isEmpty else { return found }
            // The rule that GKE will make mends it, or does not.
            var coming = Self.finding(later, senders)
            if coming.admits == true {
                coming.admits = nil
                coming.note = "GKE makes a rule for the gateway itself before it gives it an address"
            }
            coming.admitted = found.admitted
            return coming
        }

        private static func finding(_ firewalls: [PreparedFirewall], _ senders: AddressSet) -> Finding {
            let decisions = firewalls.map { $0.decide(senders) }
            let worst = decisions.first { $0.admits == false } ?? decisions.first { $0.admits == nil } ?? decisions.first
            let admitted = decisions.dropFirst().reduce(decisions.first?.admitted ?? AddressSet()) {
                $0.intersection($1.admitted)
            }
            return Finding(
                admits: worst?.admits, refused: decisions.reduce(AddressSet()) { $0.union($1.refused) },
                piece: worst?.deciding, admitted: admitted)
        }
    }

    /// - Parameter coming: a rule that GKE makes with the gateway: what it would mend is open as long as there is no gateway.
    func port(_ number: Int, coming: Policy.FirewallRule? = nil) -> Port {
        let traffic = machines.map {
            FirewallTraffic(port: number, destination: destination, machine: $0, taggedSenders: network.machineAddresses)
        }
        let completed = makesRules ? coming.map(network.firewall.adding) : nil
        return Port(
            now: traffic.map { PreparedFirewall(network.firewall, $0) },
            later: completed.map { completed in traffic.map { PreparedFirewall(completed, $0) } } ?? [])
    }

    /// Columns that say where a mending rule belongs.
    var place: [String: FactValue] {
        [
            "network": .text(network.name.network), "host_project": .text(network.name.project),
            "node_tags": textList(target.nodeTags.value ?? []),
        ]
    }

    /// Why the machines are not fully known; empty where they are.
    var unknownMachines: String { target.nodeTags.failure.map { "the nodes' network tags are not known: \($0.detail)" } ?? "" }
}

extension GatewayFirewall.Finding {
    /// The rule by which it is decided, or that leaves it open.
    var rule: FirewallDecider? { piece.map { $0.admits == nil ? $0.doubts.first ?? $0.decider : $0.decider } }

    /// The rule's name; that of a policy's rule is its number.
    var decidedBy: String { rule.map { $0.kind == .implied ? "implied deny" : $0.rule } ?? "" }

    var sentence: String {
        guard let piece, let rule else { return note }
        let words =
            if admits == nil, piece.admits == nil, !piece.doubts.isEmpty || rule.action.isOpaque {
                "whether \(rule) is for them cannot be told"
                    + (rule.unevaluable.isEmpty ? "" : " (\(rule.unevaluable.joined(separator: ", ")))")
            } else {
                "\(rule)"
            }
        return [words, note].filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

extension Policy.FirewallRule.Action {
    /// Whether nobody foretells what becomes of the traffic.
    fileprivate var isOpaque: Bool { if case .other = self { true } else { false } }
}

extension Firewall {
    /// This firewall with one more rule of the VPC network.
    fileprivate func adding(_ rule: Policy.FirewallRule) -> Firewall {
        Firewall(stages: stages.map { $0.kind == .vpcRule ? Stage(.vpcRule, $0.rules + [rule]) : $0 })
    }
}

extension GKECluster {
    /// What the firewall knows of the nodes, each kind once: pools can differ in tags and service accounts.
    fileprivate func machines(_ evidence: GoogleClusterEvidence, projectNumber: String) -> [FirewallTraffic.Machine] {
        let common = evidence.nodeTags.value
        let pools = (nodePools ?? []).isEmpty ? [nil] : (nodePools ?? []).map(\.config)
        return pools.map { config in
            let account = config?.serviceAccount.flatMap { $0.isEmpty || $0 == "default" ? nil : $0 }
            let standard = projectNumber.isEmpty ? nil : "\(projectNumber)-compute@developer.gserviceaccount.com"
            let known = account ?? standard
            return FirewallTraffic.Machine(
                tags: Set((common ?? []) + (config?.tags ?? [])), tagsAreAll: common != nil,
                serviceAccounts: Set([known].compactMap(\.self)), serviceAccountsAreAll: known != nil)
        }.uniqued
    }
}
