internal import Facts
internal import Policy

extension Rows {
    /// Table `google_load_balancer_policy` for one GKE cluster.
    static func loadBalancerPolicy(
        _ cluster: GoogleClusterEvidence, _ plan: GatewayPlan, _ answer: EffectiveOrgPolicy
    ) -> FactRow {
        let policy = LoadBalancerPolicy(answer)
        var columns: [String: FactValue] = [
            "cluster": .text(cluster.cluster), "project": .text(cluster.project), "api": .text(answer.version),
            "type": .text(plan.type),
        ]
        if let type = LoadBalancerType(rawValue: plan.type) {
            let decision = policy.decide(type)
            columns["allowed"] = FactValue(decision.allowed)
            columns["decided_by"] = .text(decision.decidedBy)
            columns["conditions"] = jsonText(decision.conditions)
            columns["detail"] = .text(
                decision.conditions.isEmpty ? "" : "tags of the project decide, which Google does not evaluate for the asker")
        } else {
            columns["allowed"] = .null
            columns["decided_by"] = ""
            columns["conditions"] = "[]"
            columns["detail"] = "the gateway's Service asks for no load balancer of Google Cloud"
        }
        return FactRow("google_load_balancer_policy", columns)
    }
}

extension EffectiveOrgPolicy {
    fileprivate var version: String {
        switch self {
        case .v2: "v2"
        case .v1: "v1"
        }
    }
}

extension LoadBalancerPolicy {
    init(_ answer: EffectiveOrgPolicy) {
        switch answer {
        case .v2(let policy):
            self.init(
                rules: (policy.spec?.rules ?? []).map { rule in
                    Rule(
                        allowAll: rule.allowAll ?? false, denyAll: rule.denyAll ?? false,
                        allowed: rule.values?.allowedValues ?? [], denied: rule.values?.deniedValues ?? [],
                        enforce: rule.enforce, condition: rule.condition?.expression)
                })
        case .v1(let policy):
            self.init(
                allValues: policy.listPolicy?.allValues ?? "", allowed: policy.listPolicy?.allowedValues ?? [],
                denied: policy.listPolicy?.deniedValues ?? [], restoreDefault: policy.restoreDefault != nil)
        }
    }
}
