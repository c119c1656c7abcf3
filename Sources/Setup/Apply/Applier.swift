internal import AtOnce
internal import Synchronization

/// Does what a plan says: all clusters at once, each step by step; and no remote secret anywhere before every cluster is ready for it.
package struct Applier: Sendable {
    let plan: SetupPlan
    let targets: [String: SetupTarget]
    let run: SetupRun
    let leases: [String: SetupLease]
    let options: Options
    let programs: SetupPrograms
    let gates: @Sendable () async throws -> [Gate]
    let report: @Sendable (SetupEvent) -> Void
    private let tally: Tally

    /// How long things may take.
    package struct Options: Sendable {
        /// For each wait.
        package var wait: Duration
        /// For what was made to take effect everywhere: an address is told before every network knows the way to it.
        package var settling = Duration.seconds(30)
        /// Between two looks at the mesh.
        package var pause = Duration.seconds(3)
        /// Clusters that are changed at the same time, and requests to one of them.
        package var clustersAtOnce = 32
        package var requestsAtOnce = 8

        package init(wait: Duration = .seconds(600)) { self.wait = wait }
    }

    /// - Parameters:
    ///   - programs: those of the user's that take part.
    ///   - gates: looks at the clusters again and says what stands of the step "discovery".
    ///   - report: told everything as it happens.
    package init(
        plan: SetupPlan, targets: [SetupTarget], run: SetupRun, leases: [String: SetupLease], options: Options = Options(),
        programs: SetupPrograms = SetupPrograms(), gates: @escaping @Sendable () async throws -> [Gate],
        report: @escaping @Sendable (SetupEvent) -> Void
    ) {
        self.plan = plan
        self.targets = Dictionary(targets.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        self.run = run
        self.leases = leases
        self.options = options
        self.programs = programs
        self.gates = gates
        self.report = report
        tally = Tally(plan)
    }

    /// Applies the plan. Cancelling the task ends it after the acts that have been begun.
    package func apply() async -> ApplyOutcome {
        await onAll(plan.clusters) { cluster throws(SetupFailure) in
            for step in [SetupStep.register, .network, .gateway, .expose] { try await take(step, in: cluster) }
        }
        guard !tally.hasFailed, !Task.isCancelled else { return outcome() }
        guard hasDiscovery else { return outcome() }
        do {
            let open = try await settled()
            guard open.isEmpty, !Task.isCancelled else { return outcome(gates: open) }
        } catch {
            let failure = SetupFailure(cluster: "", "the mesh could not be looked at again: \(error)", remedy: "start again")
            return outcome(failure: failure)
        }
        do throws(SetupFailure) { try await discover() } catch { return outcome(failure: error) }
        return outcome()
    }

    /// Looks at the mesh until nothing stands against endpoint discovery, or things had time enough to settle.
    ///
    /// - Returns: what still stands against it.
    private func settled() async throws -> [Gate] {
        let end = ContinuousClock.now + min(options.wait, options.settling)
        report(.note("looking at the mesh again before endpoint discovery"))
        while true {
            let open = try await gates().filter { $0.standing != .good }
            guard let first = open.first, ContinuousClock.now + options.pause < end, !Task.isCancelled else { return open }
            let more = open.count > 1 ? ", and \(open.count - 1) more" : ""
            report(.note("not yet: \(first.message)\(more) (\(first.check)); looking once more"))
            try await Task.sleep(for: options.pause)
        }
    }

    private func outcome(gates: [Gate] = [], failure: SetupFailure? = nil) -> ApplyOutcome {
        ApplyOutcome(clusters: tally.clusters, gates: gates, failure: failure, isInterrupted: Task.isCancelled)
    }

    private var hasDiscovery: Bool {
        plan.options.steps.contains(.discovery)
            && (plan.options.discovery == .asmcli || plan.acts.contains { $0.step == .discovery && $0.verb.writes })
    }

    /// Works on all clusters; the first failure ends the work on its cluster, and on no other.
    private func onAll(
        _ clusters: [ClusterPlan], _ work: @escaping @Sendable (ClusterPlan) async throws(SetupFailure) -> Void
    ) async {
        _ = await clusters.atOnce(limit: options.clustersAtOnce) { cluster in
            guard !tally.hasFailed(cluster.name) else { return }
            do throws(SetupFailure) { try await work(cluster) } catch {
                guard !Task.isCancelled || error.object.isEmpty else { return }
                tally.fail(cluster.name, error)
                report(.failed(error))
            }
        }
    }

    // MARK: Steps of one cluster

    /// A step's acts, then its waits.
    private func take(_ step: SetupStep, in cluster: ClusterPlan) async throws(SetupFailure) {
        let acts = cluster.acts.filter { $0.step == step }
        let waits = cluster.waits.filter { $0.step == step }
        guard !acts.isEmpty || !waits.isEmpty else { return }
        report(.step(cluster: cluster.name, step))
        try await perform(acts, in: cluster)
        try await wait(waits, in: cluster)
    }

    private func perform(_ acts: [Act], in cluster: ClusterPlan) async throws(SetupFailure) {
        let performer = try performer(cluster.name)
        for act in acts {
            try stopIfCancelled(cluster.name)
            guard act.verb.writes else { continue }
            try await tally.count(act, cluster.name) { () throws(SetupFailure) in
                try await uninterrupted { () async throws(SetupFailure) in
                    guard act.isForProgram else { return try await performer.perform(act) }
                    return try await programs.perform(act, performer, mesh: plan.mesh)
                }
            }
        }
    }

    private func wait(_ waits: [Wait], in cluster: ClusterPlan) async throws(SetupFailure) {
        let target = try performer(cluster.name).target
        for wait in waits {
            try stopIfCancelled(cluster.name)
            try await Waiter(target: target, deadline: options.wait, report: report).wait(wait)
        }
    }

    private func performer(_ cluster: String) throws(SetupFailure) -> ActPerformer {
        guard let target = targets[cluster], let lease = leases[cluster] else {
            throw SetupFailure(cluster: cluster, "the plan has it, but it is not among the clusters that were given")
        }
        return ActPerformer(
            target: target, run: run, lease: lease, takeOver: Set(plan.options.takeOver), report: report)
    }

    private func stopIfCancelled(_ cluster: String) throws(SetupFailure) {
        if Task.isCancelled { throw SetupFailure(cluster: cluster, object: "broken off", "asked to stop") }
    }

    // MARK: Endpoint discovery

    private func discover() async throws(SetupFailure) {
        if plan.options.discovery == .asmcli {
            var performers: [ActPerformer] = []
            for cluster in plan.clusters { performers.append(try performer(cluster.name)) }
            try await programs.createMesh(plan, performers)
        } else {
            try await writeSecrets()
        }
        guard !Task.isCancelled else { return }
        await onAll(plan.clusters) { cluster throws(SetupFailure) in
            try await wait(cluster.waits.filter { $0.condition == .peersSynced }, in: cluster)
        }
    }

    /// Accounts and tokens of all sources first, then the secrets of all pairs.
    private func writeSecrets() async throws(SetupFailure) {
        await onAll(plan.clusters) { cluster throws(SetupFailure) in
            report(.step(cluster: cluster.name, .discovery))
            try await perform(cluster.acts.filter { $0.step == .discovery && $0.secret == nil }, in: cluster)
            try await wait(cluster.waits.filter { $0.condition == .tokenIssued }, in: cluster)
        }
        guard !Task.isCancelled else { return }
        let sources = Set(plan.acts.filter { $0.verb.writes }.compactMap { $0.secret?.cluster }).sorted()
        let credentials = Mutex<[String: ReaderCredential]>([:])
        await onAll(plan.clusters.filter { sources.contains($0.name) }) { cluster throws(SetupFailure) in
            let credential = try await ReaderCredential.read(try performer(cluster.name).target)
            credentials.withLock { $0[cluster.name] = credential }
        }
        let read = credentials.withLock { $0 }
        await onAll(plan.clusters) { cluster throws(SetupFailure) in
            let performer = try performer(cluster.name)
            let acts = cluster.acts.filter { $0.verb.writes && $0.secret != nil }
            let results = await acts.atOnce(limit: options.requestsAtOnce) { act -> SetupFailure? in
                // Where a source has failed its own failure says so; where this cluster has, nothing more is begun in it.
                guard let source = act.secret, let credential = read[source.cluster], !Task.isCancelled,
                    !tally.hasStumbled(cluster.name)
                else { return nil }
                do throws(SetupFailure) {
                    try await tally.count(act, cluster.name) { () throws(SetupFailure) in
                        try await uninterrupted { () async throws(SetupFailure) in
                            try await performer.perform(act, kubeconfig: credential.kubeconfig(source))
                        }
                    }
                    return nil
                } catch {
                    tally.stumble(cluster.name)
                    return error
                }
            }
            if let failure = results.compactMap(\.self).first { throw failure }
        }
    }
}

/// Counts, per cluster, what was done.
private final class Tally: Sendable {
    private let state: Mutex<(clusters: [ApplyOutcome.Cluster], stumbled: Set<String>)>

    init(_ plan: SetupPlan) {
        state = Mutex(
            (
                plan.clusters.map { cluster in
                    let writes = cluster.acts.filter { $0.verb.writes }.count
                    return ApplyOutcome.Cluster(name: cluster.name, left: cluster.acts.count - writes, notDone: writes)
                }, []
            ))
    }

    var clusters: [ApplyOutcome.Cluster] { state.withLock { $0.clusters } }
    var hasFailed: Bool { clusters.contains { $0.failure != nil } }

    func hasFailed(_ cluster: String) -> Bool { clusters.contains { $0.name == cluster && $0.failure != nil } }

    func hasStumbled(_ cluster: String) -> Bool { state.withLock { $0.stumbled.contains(cluster) } }

    func stumble(_ cluster: String) { state.withLock { _ = $0.stumbled.insert(cluster) } }

    func fail(_ cluster: String, _ failure: SetupFailure) { change(cluster) { $0.failure = $0.failure ?? failure } }

    /// Does an act and counts it.
    func count(_ act: Act, _ cluster: String, _ work: () async throws(SetupFailure) -> Bool) async throws(SetupFailure) {
        let hasWritten = try await work()
        change(cluster) { counts in
            counts.notDone -= 1
            if !hasWritten { counts.left += 1 } else if act.verb == .create { counts.created += 1 } else { counts.changed += 1 }
        }
    }

    private func change(_ cluster: String, _ change: (inout ApplyOutcome.Cluster) -> Void) {
        state.withLock { state in
            guard let index = state.clusters.firstIndex(where: { $0.name == cluster }) else { return }
            change(&state.clusters[index])
        }
    }
}
