internal import Judge

/// What a person who applies a plan lets stay unknown.
package struct ApplyConsent: Sendable {
    /// Whatever it is (`--despite-unknown`).
    let isDespiteUnknown: Bool
    /// What only a look from pods tells (`--level read`).
    let isWithoutProbes: Bool

    package init(isDespiteUnknown: Bool, isWithoutProbes: Bool) {
        self.isDespiteUnknown = isDespiteUnknown
        self.isWithoutProbes = isWithoutProbes
    }

    /// Whether a verdict is left open by that choice. What is known to be wrong never is.
    package func covers(_ gate: Gate) -> Bool {
        gate.standing == .open && (isDespiteUnknown || isWithoutProbes && gate.status == .notExamined)
    }

    /// Whether something could not be observed that nobody has said may be left open.
    package func isMissing(for plan: SetupPlan) -> Bool {
        guard plan.outcome == .open, !isDespiteUnknown else { return false }
        return plan.clusters.isEmpty
            || plan.clusters.contains { cluster in
                cluster.uid.isEmpty || cluster.acts.contains { $0.verb == .unknown }
                    || cluster.permissions.contains { $0.allowed == nil }
                    || cluster.gates.contains { $0.standing == .open && !covers($0) }
            }
            || plan.findings.contains { finding in
                // That nothing was looked at from pods is said of the whole mesh; what was not seen of a cluster is another matter.
                finding.severity == .unknown && !(isWithoutProbes && finding.cluster.isEmpty)
            }
    }
}
