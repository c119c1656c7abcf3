/// Google's organization policy for the types of load balancers, as it is in effect for one project: what projects, folders
/// and the organization inherit from one another is in it already.
package struct LoadBalancerPolicy: Hashable, Sendable {
    package struct Rule: Hashable, Sendable {
        package var allowAll: Bool
        package var denyAll: Bool
        /// Values with their prefixes, as the API has them.
        package var allowed: [String]
        package var denied: [String]
        /// What boolean constraints have; `false` permits everything.
        package var enforce: Bool?
        /// An expression about tags, which the API does not evaluate for the asker; `nil` where the rule holds always.
        package var condition: String?
        /// What of the rule is not understood, in words for the reader; empty where all of it is.
        package var unknown: String

        package init(
            allowAll: Bool = false, denyAll: Bool = false, allowed: [String] = [], denied: [String] = [], enforce: Bool? = nil,
            condition: String? = nil, unknown: String = ""
        ) {
            self.allowAll = allowAll
            self.denyAll = denyAll
            self.allowed = allowed
            self.denied = denied
            self.enforce = enforce
            self.condition = condition.flatMap { $0.isEmpty ? nil : $0 }
            self.unknown = unknown
        }
    }

    /// None is the constraint's default, which permits everything.
    package let rules: [Rule]

    /// From the API's version 2, which has rules.
    package init(rules: [Rule]) { self.rules = rules }

    /// From the API's version 1, which has one list.
    ///
    /// - Parameters:
    ///   - allValues: `ALLOW`, `DENY`; anything else, as `ALL_VALUES_UNSPECIFIED`, leaves it to the lists.
    ///   - restoreDefault: the policy is the constraint's default.
    package init(allValues: String, allowed: [String] = [], denied: [String] = [], restoreDefault: Bool = false) {
        let known = ["", "ALL_VALUES_UNSPECIFIED", "ALLOW", "DENY"].contains(allValues)
        let rule = Rule(
            allowAll: allValues == "ALLOW", denyAll: allValues == "DENY", allowed: allowed, denied: denied,
            unknown: known ? "" : "allValues is \(allValues)")
        let isDefault = restoreDefault || (known && !rule.allowAll && !rule.denyAll && allowed.isEmpty && denied.isEmpty)
        rules = isDefault ? [] : [rule]
    }

    /// What a policy says of one type.
    package struct Decision: Hashable, Sendable {
        /// `nil` where that hangs on what cannot be evaluated.
        package let allowed: Bool?
        /// The value or rule that decides, in the API's words.
        package let decidedBy: String
        /// Conditions on which the answer may hang; empty where it does not.
        package let conditions: [String]
    }

    /// Whether a load balancer of a type may be made.
    ///
    /// Rules with a condition may add to those without, or stand in their place: tags decide. The answer is known where it is
    /// the same either way, whichever conditions hold.
    package func decide(_ type: LoadBalancerType) -> Decision {
        let always = Self.merge(rules.filter { $0.condition == nil }, type)
        let conditional = rules.filter { $0.condition != nil }
        let differing = conditional.filter { Self.merge([$0], type).allowed != always.allowed }
        if differing.isEmpty || always.allowed == nil {
            return Decision(allowed: always.allowed, decidedBy: always.reason, conditions: [])
        }
        return Decision(
            allowed: nil, decidedBy: "rules with conditions on tags, which differ from: \(always.reason)",
            conditions: differing.compactMap(\.condition))
    }

    /// What rules that hold together say: any denial counts, and where types are listed as allowed, no others are.
    private static func merge(_ rules: [Rule], _ type: LoadBalancerType) -> (allowed: Bool?, reason: String) {
        let denied = rules.map { $0.denial(type) }.max { $0.match < $1.match }
        if let denied, denied.match == .yes { return (false, denied.reason) }
        // A rule that is not understood may deny, and may allow.
        if let doubt = rules.lazy.map(\.doubt).first(where: { !$0.isEmpty }) { return (nil, doubt) }
        let permission = permission(rules, type)
        if permission.match == .no { return (false, permission.reason) }
        if let denied, denied.match == .maybe { return (nil, denied.reason) }
        return (permission.match == .yes ? true : nil, permission.reason)
    }

    private static func permission(_ rules: [Rule], _ type: LoadBalancerType) -> (match: Match, reason: String) {
        if rules.isEmpty { return (.yes, "no policy restricts load balancers in this project") }
        if rules.contains(where: \.allowAll) { return (.yes, "allowAll") }
        let allowed = rules.flatMap(\.allowed)
        guard !allowed.isEmpty else {
            let denied = rules.flatMap(\.denied)
            let reason = "deniedValues (\(denied.joined(separator: ", "))) does not hold \(type.rawValue)"
            return (.yes, denied.isEmpty ? "enforce is false" : reason)
        }
        guard let best = LoadBalancerValue.best(allowed, type), best.match != .no else {
            return (.no, "allowedValues (\(allowed.joined(separator: ", "))) does not hold \(type.rawValue)")
        }
        return (best.match, "allowedValues holds \(best.value)")
    }
}

extension LoadBalancerPolicy.Rule {
    /// Why a rule is not understood; empty where it is.
    fileprivate var doubt: String {
        if !unknown.isEmpty { return "a rule of a form that is not known: \(unknown)" }
        if enforce == true { return "a rule with enforce, which is not for lists of values" }
        let saysNothing = !allowAll && !denyAll && allowed.isEmpty && denied.isEmpty && enforce == nil
        return saysNothing ? "a rule that says nothing isthmus understands" : ""
    }

    fileprivate func denial(_ type: LoadBalancerType) -> (match: Match, reason: String) {
        if denyAll { return (.yes, "denyAll") }
        return LoadBalancerValue.best(denied, type).map { ($0.match, "deniedValues holds \($0.value)") } ?? (.no, "")
    }
}
