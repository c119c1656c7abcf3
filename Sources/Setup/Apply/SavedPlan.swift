extension SetupPlan {
    /// The saved plan, with what its own run has already done taken for done: the world has moved there, but by this plan.
    ///
    /// - Parameters:
    ///   - now: the plan as it would be made now.
    ///   - made: UIDs of what the run's journal says was done, by act.
    package func allowing(for now: SetupPlan, made: [String: String]) -> SetupPlan {
        guard !made.isEmpty else { return self }
        let current = Dictionary(now.acts.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
        var plan = self
        for cluster in plan.clusters.indices {
            for act in plan.clusters[cluster].acts.indices {
                let id = plan.clusters[cluster].acts[act].id
                if let uid = made[id], let done = current[id], done.verb == .leave, done.uid == uid {
                    plan.clusters[cluster].acts[act] = done
                }
            }
        }
        return plan
    }
}
