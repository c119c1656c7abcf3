internal import Facts
internal import Mesh

extension Rows {
    // MARK: DestinationRules

    /// Table `destination_rule`: each place of a DestinationRule that says how its clients begin TLS.
    ///
    /// - Parameter roots: namespaces whose rules count for the whole mesh (`rootNamespace`).
    static func destinationRules(_ cluster: String, _ rules: [DestinationRule], roots: Set<String>) -> [FactRow] {
        rules.flatMap { rule in
            let host = rule.spec?.host ?? ""
            let target = RuleTarget(host: host, namespace: rule.metadata.namespace ?? "")
            return tlsModes(of: rule).map { place, mode in
                FactRow(
                    "destination_rule",
                    [
                        "cluster": .text(cluster), "namespace": .text(rule.metadata.namespace ?? ""),
                        "name": .text(rule.metadata.name), "place": .text(place), "host": .text(host),
                        "covers": .text(target.reach.rawValue), "service_namespace": .text(target.namespace),
                        "service_name": .text(target.name), "tls_mode": .text(mode),
                        "clients": .text(clients(of: rule, target, roots: roots)),
                    ])
            }
        }
    }

    private static func tlsModes(of rule: DestinationRule) -> [(place: String, mode: String)] {
        func modes(_ policy: DestinationRule.Policy?, _ place: String) -> [(String, String)] {
            let own = policy?.tls.map { [(place, $0.mode ?? "DISABLE")] } ?? []
            let ports = (policy?.portLevelSettings ?? []).compactMap { setting in
                setting.tls.map { tls in
                    let port = "port \(setting.port?.number ?? 0)"
                    return (place.isEmpty ? port : "\(place), \(port)", tls.mode ?? "DISABLE")
                }
            }
            return own + ports
        }
        let subsets = (rule.spec?.subsets ?? []).flatMap { modes($0.trafficPolicy, "subset \($0.name)") }
        return modes(rule.spec?.trafficPolicy, "") + subsets
    }

    /// Whose requests a rule is for. istiod looks for one in the client's namespace, then in the service's, then in the root one.
    static func clients(of rule: DestinationRule, _ target: RuleTarget, roots: Set<String>) -> String {
        if rule.spec?.workloadSelector != nil { return "workloads" }
        let namespace = rule.metadata.namespace ?? ""
        let exported = rule.spec?.exportTo ?? []
        let isExported = exported.isEmpty || exported.contains("*")
        let isFound = roots.contains(namespace) || (target.reach != .mesh && target.namespace == namespace)
        return isExported && isFound ? "all" : "namespace"
    }

    // MARK: PeerAuthentications

    /// Table `peer_authentication`.
    static func peerAuthentications(_ cluster: String, _ policies: MutualTLSPolicies) -> [FactRow] {
        policies.all.map { policy in
            FactRow(
                "peer_authentication",
                [
                    "cluster": .text(cluster), "namespace": .text(policy.metadata.namespace ?? ""),
                    "name": .text(policy.metadata.name), "reach": .text(policies.reach(of: policy)),
                    "mode": .text(policy.mode ?? ""), "in_force": FactValue(policies.isInForce(policy)),
                ])
        }
    }

    // MARK: AuthorizationPolicies

    /// Table `authorization_policy`.
    ///
    /// - Parameter roots: as for DestinationRules.
    static func authorizationPolicies(_ cluster: String, _ policies: [AuthorizationPolicy], roots: Set<String>) -> [FactRow] {
        policies.map { policy in
            let sources = policy.sources
            let principals = sources.flatMap { ($0.principals ?? []) + ($0.notPrincipals ?? []) }
            let namespace = policy.metadata.namespace ?? ""
            return FactRow(
                "authorization_policy",
                [
                    "cluster": .text(cluster), "namespace": .text(namespace), "name": .text(policy.metadata.name),
                    "action": .text(policy.spec?.action ?? "ALLOW"),
                    "reach": .text(policy.isForWorkloads ? "workloads" : roots.contains(namespace) ? "mesh" : "namespace"),
                    "trust_domains": jsonText(Set(principals.compactMap(trustDomain)).sorted()),
                    "by_address": FactValue(
                        sources.contains { $0.ipBlocks?.isEmpty == false || $0.notIpBlocks?.isEmpty == false }),
                ])
        }
    }

    /// The trust domain that a principal names; `nil` where it leaves it open, or means the cluster's own by `cluster.local`.
    private static func trustDomain(of principal: String) -> String? {
        let parts = principal.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[0].contains("*") else { return nil }
        return parts[0] == MeshConstants.defaultTrustDomain ? nil : String(parts[0])
    }
}

/// What the host of a DestinationRule means.
struct RuleTarget: Equatable {
    enum Reach: String { case mesh, namespace, service, elsewhere }

    var reach = Reach.elsewhere
    var namespace = "", name = ""

    private static let domain = ".svc.cluster.local"

    /// - Parameter namespace: the rule's own, in which a name without a dot is looked for; one with a dot is taken as it is.
    init(host: String, namespace: String) {
        if ["*", "*.local", "*.cluster.local", "*\(Self.domain)"].contains(host) {
            reach = .mesh
        } else if !host.isEmpty, !host.contains(".") {
            (reach, self.namespace, name) = (.service, namespace, host)
        } else if host.hasSuffix(Self.domain) {
            let parts = host.dropLast(Self.domain.count).split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2 else { return }
            (reach, self.namespace) = (parts[0] == "*" ? .namespace : .service, String(parts[1]))
            name = parts[0] == "*" ? "" : String(parts[0])
        }
    }
}

/// All PeerAuthentications of a cluster, and which of them counts: the workload's own before its namespace's before the mesh's, and of
/// several the oldest.
struct MutualTLSPolicies: Sendable {
    let all: [PeerAuthentication]
    private let root: String

    /// - Parameter root: the namespace whose policies count for the whole mesh.
    init(_ policies: [PeerAuthentication], root: String) {
        all = policies.sorted {
            let (a, b) = ($0.metadata, $1.metadata)
            return (a.creationTimestamp?.seconds ?? 0, a.path) < (b.creationTimestamp?.seconds ?? 0, b.path)
        }
        self.root = root
    }

    /// For what a policy is: `mesh`, `namespace` or `workloads`.
    func reach(of policy: PeerAuthentication) -> String {
        policy.isForWorkloads ? "workloads" : policy.metadata.namespace == root ? "mesh" : "namespace"
    }

    /// Whether no older one is for the same.
    func isInForce(_ policy: PeerAuthentication) -> Bool {
        policy.isForWorkloads || wide(policy.metadata.namespace)?.metadata.name == policy.metadata.name
    }

    /// The policy by which a workload speaks no mutual TLS; `nil` where it does.
    ///
    /// - Parameter ports: the workload's, of which one is enough.
    func disabling(_ pod: Pod, ports: [Int]) -> PeerAuthentication? {
        let own = all.first { policy in
            policy.isForWorkloads && policy.metadata.namespace == pod.metadata.namespace
                && policy.spec?.selector?.matches(pod.metadata.labels ?? [:]) == true
        }
        if let own, ports.contains(where: { own.mode(port: $0) == "DISABLE" }) { return own }
        if let own, !ports.isEmpty, ports.allSatisfy({ own.mode(port: $0) != nil }) { return nil }
        let counting = [own, wide(pod.metadata.namespace), wide(root)].compactMap(\.self).first { $0.mode != nil }
        return counting?.mode == "DISABLE" ? counting : nil
    }

    private func wide(_ namespace: String?) -> PeerAuthentication? {
        all.first { !$0.isForWorkloads && $0.metadata.namespace == namespace }
    }
}
