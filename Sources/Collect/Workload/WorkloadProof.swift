internal import AtOnce
internal import Facts
internal import Kubernetes
internal import Mesh

/// The workload proof: a server and a client in every cluster, all in the mesh, and who answers whom.
///
/// All servers stand before the first client asks; then every client asks every server by its own name, and all of them by the
/// name that they share. Whatever happens, what was made is removed, as far as it can be reached.
struct WorkloadProof: Sendable {
    private let run = ProbeRun(holder: ProbeHolder.current)
    private let clusters: [ClusterResult]
    private let options: CollectOptions
    private let report: @Sendable (CollectEvent) -> Void
    private let times: WorkloadTimes
    private let selectors: DiscoverySelectors

    init(_ clusters: [ClusterResult], _ options: CollectOptions, report: @escaping @Sendable (CollectEvent) -> Void) {
        self.clusters = clusters
        self.options = options
        self.report = report
        times = WorkloadTimes(clusters: clusters.count, failover: options.failover, options)
        selectors = DiscoverySelectors(clusters.compactMap(\.discoverySelectors.value))
    }

    /// One cluster's part while the proof goes on.
    private struct Participant: Sendable {
        var site: WorkloadSite?
        var standing: WorkloadSite.Standing?
        var result = WorkloadResult()
    }

    /// More clusters than this are worked on in turns.
    private static let atOnce = 64

    /// - Returns: one result for each cluster, in order.
    func prove() async -> [WorkloadProofResult] {
        var all = clusters.indices.map(participant)
        all = await each(all) { one in
            guard let site = one.site else { return }
            one.standing = await site.begin(&one.result)
        }
        let standing = all.indices.filter { all[$0].standing != nil }
        all = await each(all) { one in
            guard let site = one.site, let here = one.standing else { return }
            await self.ask(site, here, standing, &one.result)
        }
        if options.failover, standing.count > 1 {
            for absent in standing where !Task.isCancelled { all = await without(absent, standing, all) }
        }
        // Also where this task was cancelled: what was made has to go.
        let reached = all
        all = await Task {
            await each(reached) { one in
                guard let site = one.site, one.result.hasEntered else { return }
                one.result.left = await site.leave()
            }
        }.value
        for (cluster, one) in zip(clusters, all) {
            let name = cluster.declaration.name
            if !one.result.left.isEmpty { report(CollectEvent(cluster: name, kind: .left(one.result.left))) }
            report(CollectEvent(cluster: name, kind: .finished))
        }
        return all.map {
            WorkloadProofResult(run: run, image: options.probe.image, result: $0.result, hasServer: $0.standing != nil)
        }
    }

    private func each(
        _ all: [Participant], _ work: @escaping @Sendable (inout Participant) async -> Void
    ) async -> [Participant] {
        await all.atOnce(limit: Self.atOnce) { one in
            var one = one
            await work(&one)
            return one
        }
    }

    private func participant(_ place: Int) -> Participant {
        let cluster = clusters[place]
        let name = cluster.declaration.name
        guard let client = cluster.client, !cluster.contact.outcome.isFinal else {
            return Participant(result: failure(.lost, "the API server cannot be asked: \(cluster.contact.detail)"))
        }
        guard let revision = cluster.wantedRevision else {
            return Participant(result: failure(.failed, "no revision is known whose sidecars the pods are to have (--revision)"))
        }
        let objects = WorkloadObjects(run: run, clusters: clusters.map(\.declaration.name), options: options.probe)
        return Participant(
            site: WorkloadSite(
                client: client, objects: objects, place: place, revision: revision, selectors: selectors, times: times
            ) { [report] note in report(CollectEvent(cluster: name, kind: .probing(note, done: 0, of: 0))) })
    }

    private func failure(_ outcome: ProbeOutcome, _ detail: String) -> WorkloadResult {
        var result = WorkloadResult()
        result.fail("server", outcome, detail)
        return result
    }

    /// One cluster's clients: in the mesh, and beside it.
    private func ask(
        _ site: WorkloadSite, _ here: WorkloadSite.Standing, _ standing: [Int], _ result: inout WorkloadResult
    ) async {
        let inside = WorkloadObjects.Questions(part: .client, instances: standing, shared: standing)
        let outside = WorkloadObjects.Questions(part: .plain, instances: [site.place])
        let begun = result
        async let beside: (answers: [WorkloadAnswer], result: WorkloadResult) = {
            var result = begun
            let answers = await site.ask(outside, here, &result)
            return (answers, result)
        }()
        let answers = await site.ask(inside, here, &result)
        if answers.count == inside.answers {
            result.answers = Dictionary(uniqueKeysWithValues: zip(standing, answers))
            result.shared = answers.last
        }
        let plain = await beside
        result.plain = plain.answers.first
        result.fail(plain.result.part, plain.result.outcome, plain.result.detail)
    }

    /// Everybody asks for the shared name while one cluster's server is away.
    private func without(_ absent: Int, _ standing: [Int], _ all: [Participant]) async -> [Participant] {
        var all = all
        guard let site = all[absent].site else { return all }
        do throws(KubernetesError) {
            try await site.takeAway()
        } catch {
            all[absent].result.fail("failover", .failed, "\(error.method) \(error.url): \(error.cause)")
            return all
        }
        let questions = WorkloadObjects.Questions(
            part: .failover, shared: standing.filter { $0 != absent }, absent: absent)
        all = await each(all) { one in
            guard let site = one.site, let here = one.standing else { return }
            one.result.without[absent] = await site.ask(questions, here, &one.result).first
        }
        do throws(KubernetesError) {
            all[absent].result.isRestored = try await site.bringBack()
        } catch {
            all[absent].result.isRestored = false
        }
        return all
    }
}

/// What the workload proof showed of one cluster.
struct WorkloadProofResult: Sendable {
    var run: ProbeRun
    var image: String
    var result: WorkloadResult
    /// The cluster's server stood when the clients began.
    var hasServer: Bool
}

extension ClusterResult {
    /// Empty for the default revision; `nil` where it is not known.
    var wantedRevision: String? {
        facts.rows.first { $0.table == "wanted_revision" }?.values["revision"]?.text
    }
}
