internal import AtOnce
internal import Foundation
internal import Kubernetes

/// The seconds that parts of the workload proof may take.
struct WorkloadTimes: Sendable {
    /// For proxies to learn of a change, and for a request to succeed.
    static let patience = 30

    /// Of one client.
    let client: ProbeLimits
    /// Of a server: as long as anybody may ask it.
    let server: Int

    init(clusters: Int, failover: Bool, _ options: CollectOptions) {
        let start = Int((options.probe.start / .seconds(1)).rounded(.up))
        let connect = max(1, Int((options.connectTimeout / .seconds(1)).rounded(.up)))
        // A proxy gives up a connection after ten seconds, and then says why.
        let total = max(12, Int((options.timeout / .seconds(1)).rounded(.up)))
        let rounds = (clusters + WorkloadScript.workers - 1) / WorkloadScript.workers
        let script = 3 * Self.patience + (rounds + 1) * total + 10
        client = ProbeLimits(connect: connect, total: total, script: script, job: start + script)
        let again = failover ? clusters * (2 * start + script) : 0
        server = start + client.job + again + 60
    }
}

/// What came of the workload proof in one cluster.
struct WorkloadResult: Sendable {
    /// Of the pod that got least far.
    var outcome = ProbeOutcome.ran
    /// Which pod that is; empty where all ran.
    var part = ""
    var detail = ""
    /// The revision whose sidecar is in server and client; empty where one of them has none, `nil` where it was not seen.
    var sidecar: String?
    /// By the place of the server that was asked.
    var answers: [Int: WorkloadAnswer] = [:]
    var shared: WorkloadAnswer?
    /// What the client's sidecar knows; `nil` where no client came to its end.
    var sidecarEvidence: SidecarEvidence?
    /// What a pod without a sidecar got of its own cluster's server.
    var plain: WorkloadAnswer?
    /// Under the shared name, by the place of the server that was away.
    var without: [Int: WorkloadAnswer] = [:]
    /// The server came back after it had been taken away; `nil` where it was not.
    var isRestored: Bool?
    /// Something of the run may stand in the cluster, and has to go.
    var hasEntered = false
    /// What could not be removed, and why; empty where nothing is left.
    var left = ""
    var permissions: [PermissionReview] = []

    /// Sets down what broke first.
    mutating func fail(_ part: String, _ outcome: ProbeOutcome, _ detail: String) {
        guard self.outcome == .ran else { return }
        (self.part, self.outcome, self.detail) = (part, outcome, detail)
    }
}

/// One cluster's part in the workload proof: its server, its clients, and everything around them.
struct WorkloadSite: Sendable {
    let client: KubernetesClient
    let objects: WorkloadObjects
    /// Of this cluster among all.
    let place: Int
    /// Whose sidecars the pods are to have; empty for the default one.
    let revision: String
    /// Of the whole mesh.
    let selectors: DiscoverySelectors
    let times: WorkloadTimes
    let report: @Sendable (String) -> Void

    private var run: ProbeRun { objects.run }
    private var space: ProbePlace { .workloads(revision: revision, chosenBy: selectors) }
    private var namespace: ProbeNamespace { ProbeNamespace(client: client, place: space) }

    /// Follows a Job of this run.
    private func runner(_ part: WorkloadObjects.Part, _ job: String) -> ProbeRunner {
        ProbeRunner(
            client: client, options: objects.options, run: run, place: space, job: job, timeout: .zero, connectTimeout: .zero
        ) { step in if case .waiting(let note) = step { report("\(part.rawValue): \(note)") } }
    }

    /// What is needed after the server stands.
    struct Standing: Sendable {
        var owner: JSONValue
        var expires: Date
    }

    // MARK: The server

    /// Asks for permission, makes everything but the clients, and waits until the server is ready.
    ///
    /// - Returns: `nil` where there is no server; why stands in `result`.
    func begin(_ result: inout WorkloadResult) async -> Standing? {
        report("may workloads be deployed?")
        let (reviews, refusal) = await ProbePermissions(client: client, place: space).review()
        result.permissions = reviews
        if let refusal {
            result.fail("server", refusal.0, refusal.1)
            return nil
        }
        report("deploying a server")
        let follower = runner(.server, objects.job(.server))
        do throws(KubernetesError) {
            let now = try await enter(&result)
            guard try await isLookedAt(&result) else { return nil }
            _ = try await namespace.reap(now: now)
            let standing = try await deploy(expires: now.addingTimeInterval(Double(times.server + 60)))
            let start = try await follower.started()
            guard start.pod != nil else {
                result.fail("server", start.broken.0, start.broken.1)
                return nil
            }
            result.sidecar = start.sidecar
            guard try await becomesReady() else {
                result.fail("server", .hung, "the server's pod runs, and did not become ready")
                return nil
            }
            return standing
        } catch {
            let (outcome, detail) = follower.explain(error)
            result.fail("server", outcome, detail)
            return nil
        }
    }

    private func enter(_ result: inout WorkloadResult) async throws(KubernetesError) -> Date {
        do throws(KubernetesError) {
            let now = try await namespace.enter(run, lifetime: .seconds(times.server + 60))
            result.hasEntered = true
            return now
        } catch {
            // Where the server said no, there is nothing to be removed.
            result.hasEntered = error.httpStatus == nil
            throw error
        }
    }

    /// Whether every istiod looks at the namespace, which may have been made by hand; where one does not, no pod would be of the mesh.
    private func isLookedAt(_ result: inout WorkloadResult) async throws(KubernetesError) -> Bool {
        guard selectors.areThere else { return true }
        let labels = try await namespace.find().object?.metadata.labels ?? [:]
        guard !selectors.choose(labels) else { return true }
        result.fail("namespace", .failed, selectors.words(besides: labels))
        return false
    }

    private func deploy(expires: Date) async throws(KubernetesError) -> Standing {
        let job = objects.server(place, revision: revision, seconds: times.server, expires: expires)
        let owner = objects.owner(uid: try await namespace.create(job: job))
        try await namespace.create(objects.configMap(owner: owner, expires: expires))
        _ = try await namespace.create(
            WorkloadObjects.peerAuthentications, objects.strict(owner: owner, expires: expires))
        let failures = await objects.services(owner: owner, expires: expires).atOnce(limit: 8) { service -> KubernetesError? in
            do throws(KubernetesError) {
                _ = try await namespace.create(.services, service)
                return nil
            } catch {
                return error
            }
        }
        if let error = failures.compactMap(\.self).first { throw error }
        return Standing(owner: owner, expires: expires)
    }

    private var serverPods: Selection {
        Selection(labels: "\(ProbeObjects.runLabel)=\(run.id),job-name=\(objects.job(.server))")
    }

    private func becomesReady() async throws(KubernetesError) -> Bool {
        report("waiting until the server is ready")
        return try await client.wait(
            Resource.pods.path(namespace: space.name), serverPods, as: ProbePod.self, deadline: objects.options.start,
            key: { $0.metadata.name },
            until: { pods in
                let isReady = pods.contains { $0.metadata.deletionTimestamp == nil && $0.condition("Ready")?.status == "True" }
                return isReady ? true : nil
            }) ?? false
    }

    // MARK: Clients

    /// Runs one client to its end.
    ///
    /// - Returns: its answers in the order of the questions; an empty list where it did not come to its end, and why in `result`.
    func ask(
        _ questions: WorkloadObjects.Questions, _ standing: Standing, _ result: inout WorkloadResult
    ) async -> [WorkloadAnswer] {
        let part = questions.part.rawValue
        let follower = runner(questions.part, objects.job(questions))
        do throws(KubernetesError) {
            let job = objects.client(
                place, questions, revision: revision, owner: standing.owner, times.client, expires: standing.expires)
            _ = try await namespace.create(job: job)
            let start = try await follower.started()
            guard let pod = start.pod else {
                result.fail(part, start.broken.0, start.broken.1)
                return []
            }
            if questions.part != .plain, start.sidecar.isEmpty { result.sidecar = "" }
            report("\(part) asks")
            var seen = ProbeResult(outcome: .failed)
            await follower.read(pod, questions.count, times.client, &seen)
            guard seen.outcome == .ran, seen.detail.isEmpty else {
                result.fail(part, seen.outcome == .ran ? .failed : seen.outcome, seen.detail)
                return []
            }
            // Its sidecar would go on until the end.
            try? await client.delete(ProbeObjects.jobs.path(namespace: space.name, name: objects.job(questions)))
            let last = questions.count - 1
            if questions.asksSidecar { result.sidecarEvidence = seen.raw[last].map(SidecarEvidence.init) }
            return (0..<questions.answers).compactMap { seen.raw[$0].map(WorkloadAnswer.init) }
        } catch {
            let (outcome, detail) = follower.explain(error)
            result.fail(part, outcome, detail)
            return []
        }
    }

    // MARK: Failover

    /// Takes the server away, and waits until it is gone.
    func takeAway() async throws(KubernetesError) {
        try await scale(to: 0)
        let isGone: Bool? = try await client.wait(
            Resource.pods.path(namespace: space.name), serverPods, as: ProbePod.self, deadline: .seconds(60),
            key: { $0.metadata.name }, until: { $0.isEmpty ? true : nil })
        if isGone == nil { report("the server does not go") }
    }

    /// Brings the server back.
    ///
    /// - Returns: whether it became ready.
    func bringBack() async throws(KubernetesError) -> Bool {
        try await scale(to: 1)
        return try await becomesReady()
    }

    private func scale(to count: Int64) async throws(KubernetesError) {
        let path = ProbeObjects.jobs.path(namespace: space.name, name: objects.job(.server))
        let change: JSONValue = ["spec": ["parallelism": .integer(count)]]
        _ = try await client.merge(path, change, manager: ProbeObjects.manager, as: MetadataObject.self)
    }

    // MARK: Leaving

    /// Removes everything of this run; what could not be removed, in words.
    func leave() async -> String {
        do throws(KubernetesError) {
            try await namespace.leaveAll(run)
            return ""
        } catch {
            return
                "the objects of run \(run.id) in namespace \(space.name) could not be removed (\(error.cause)); its pods end by themselves within \(times.server) s, and isthmus cleanup, or the next run, removes what remains"
        }
    }
}
