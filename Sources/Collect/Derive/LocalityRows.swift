internal import Facts
internal import Mesh

/// What a `localityLbSetting` does, of the mesh configuration or of a DestinationRule, which counts in its place.
enum LocalityBalancing: Equatable {
    case off
    /// The nearest endpoints alone, while they are healthy; only where outliers are detected, or proxies would never turn away.
    case failover
    /// Shares by locality, with or without the detection of outliers.
    case distribute

    init(isOn: Bool, distributes: Bool) { self = !isOn ? .off : distributes ? .distribute : .failover }

    init(_ setting: DestinationRule.LocalitySetting) {
        self.init(isOn: setting.enabled ?? true, distributes: setting.distribute?.isEmpty == false)
    }
}

extension Rows {
    /// Table `locality_rule`: each place of a DestinationRule by which its clients prefer endpoints by where they stand, and the mesh
    /// configuration where it does so by itself.
    ///
    /// - Parameters:
    ///   - roots: namespaces whose rules count for the whole mesh (`rootNamespace`).
    ///   - mesh: the mesh configuration's ConfigMap and what it says of locality; `nil` where there is none.
    static func localityRules(
        _ cluster: String, _ rules: [DestinationRule], roots: Set<String>, mesh: (name: String, locality: LocalityBalancing)?
    ) -> [FactRow] {
        func row(_ rule: String, _ place: String, _ target: RuleTarget, clients: String, effect: String) -> FactRow {
            FactRow(
                "locality_rule",
                [
                    "cluster": .text(cluster), "rule": .text(rule), "place": .text(place), "covers": .text(target.reach.rawValue),
                    "service_namespace": .text(target.namespace), "service_name": .text(target.name),
                    "clients_namespace": .text(clients), "effect": .text(effect),
                ])
        }
        let locality = mesh?.locality ?? .failover
        var rows = rules.filter { $0.spec?.workloadSelector == nil }.flatMap { rule in
            let namespace = rule.metadata.namespace ?? ""
            let target = RuleTarget(host: rule.spec?.host ?? "", namespace: namespace)
            let isForAll = clients(of: rule, target, roots: roots) == "all"
            return effects(of: rule, mesh: locality).map { place, effect in
                row(
                    "DestinationRule \(rule.metadata.path)", place, target, clients: isForAll ? "" : namespace, effect: effect)
            }
        }
        if let mesh, mesh.locality == .distribute {
            rows.append(row("ConfigMap \(mesh.name)", "", RuleTarget(host: "*", namespace: ""), clients: "", effect: "shares"))
        }
        return rows
    }

    private static func effects(of rule: DestinationRule, mesh: LocalityBalancing) -> [(place: String, effect: String)] {
        func effect(
            _ place: String, _ outliers: DestinationRule.Present?, _ balancer: DestinationRule.LoadBalancer?
        ) -> (String, String)? {
            switch balancer?.localityLbSetting.map(LocalityBalancing.init) ?? mesh {
            case .off: nil
            case .distribute: (place, "shares")
            case .failover: outliers == nil ? nil : (place, "near")
            }
        }
        func effects(_ policy: DestinationRule.Policy?, _ place: String) -> [(String, String)] {
            let own = policy.flatMap { effect(place, $0.outlierDetection, $0.loadBalancer) }
            let ports = (policy?.portLevelSettings ?? []).compactMap { setting in
                let port = "port \(setting.port?.number ?? 0)"
                return effect(place.isEmpty ? port : "\(place), \(port)", setting.outlierDetection, setting.loadBalancer)
            }
            return [own].compactMap(\.self) + ports
        }
        return effects(rule.spec?.trafficPolicy, "")
            + (rule.spec?.subsets ?? []).flatMap { effects($0.trafficPolicy, "subset \($0.name)") }
    }
}
