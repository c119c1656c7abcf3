internal import Foundation
internal import HTTP
internal import Kubernetes

/// Where a probe in one cluster stands; a display shows it, and tests break it off there.
enum ProbeStep: Sendable, Equatable {
    case permissions, namespace, reaping, configMap, job
    case waiting(String)
    /// So many targets have told.
    case results(Int)
    case leaving
}

/// What came of probing in one cluster.
struct ProbeResult: Sendable {
    var outcome: ProbeOutcome
    /// Why, where nothing or not everything came back.
    var detail = ""
    var podAddress = ""
    /// The transcripts by target; of every target where `outcome` is `ran`.
    var transcripts: [Int: ProbeTranscript] = [:]
    /// As they came.
    var raw: [Int: Data] = [:]
    /// That the pod took for all targets; `nil` where it did not come to the end.
    var seconds: Double?
    /// What could not be removed, and why; empty where nothing is left.
    var left = ""
    var permissions: [PermissionReview] = []
    /// By the server's clock, when it began.
    var now = Date()
}

/// Runs one Job in one cluster and brings its results home. Whatever happens, it removes what it made, as far as it can be reached.
struct ProbeRunner: Sendable {
    let client: KubernetesClient
    let options: ProbeOptions
    let run: ProbeRun
    var place = ProbePlace.probe
    /// The Job that is followed; `nil`: the one that ``probe(_:)`` makes.
    var job: String?
    /// For connections and attempts that the pod makes.
    let timeout: Duration
    let connectTimeout: Duration
    let report: @Sendable (ProbeStep) -> Void

    private var namespace: ProbeNamespace { ProbeNamespace(client: client, place: place) }

    private var jobName: String { job ?? run.name }
    private var ownPods: Selection { Selection(labels: "\(ProbeObjects.runLabel)=\(run.id),job-name=\(jobName)") }

    /// Most bytes of a log; 300 targets take half a megabyte.
    private static let logLimit = 16 << 20

    func probe(_ targets: [ProbeTarget]) async -> ProbeResult {
        var result = ProbeResult(outcome: .failed, detail: "broken off")
        guard !Task.isCancelled else { return result }
        result.detail = ""
        report(.permissions)
        let (reviews, refusal) = await ProbePermissions(client: client, place: place).review()
        result.permissions = reviews
        if let refusal {
            (result.outcome, result.detail) = refusal
            return result
        }
        let files = ProbeFiles(targets, random: run.random)
        guard files.size <= ProbeFiles.limit else {
            result.detail =
                "\(targets.count) targets with their authorities are \(files.size) bytes, more than one ConfigMap may hold"
            return result
        }
        let limits = ProbeLimits(
            targets: targets.count, timeout: timeout, connectTimeout: connectTimeout, start: options.start)
        do throws(KubernetesError) {
            report(.namespace)
            result.now = try await namespace.enter(run, lifetime: .seconds(limits.lifetime))
        } catch {
            (result.outcome, result.detail) = explain(error)
            // Where the server said no, there is nothing to be removed.
            if error.httpStatus != nil { return result }
        }
        if result.detail.isEmpty {
            do throws(KubernetesError) {
                try await run(targets.count, files, limits, &result)
            } catch {
                (result.outcome, result.detail) = explain(error)
            }
        }
        report(.leaving)
        // Also where this task was cancelled: what was made has to go.
        result.left = await Task { await leave(limits) }.value
        return result
    }

    private func run(
        _ count: Int, _ files: ProbeFiles, _ limits: ProbeLimits, _ result: inout ProbeResult
    ) async throws(KubernetesError) {
        report(.reaping)
        _ = try await namespace.reap(now: result.now)
        report(.configMap)
        let expires = result.now.addingTimeInterval(Double(limits.lifetime))
        try await namespace.create(ProbeObjects.configMap(run, files, expires: expires))
        report(.job)
        let uid = try await namespace.create(job: ProbeObjects.job(run, options, limits: limits, expires: expires))
        try await namespace.bind(run, to: uid)
        let start = try await started()
        result.podAddress = start.address
        if let pod = start.pod {
            await read(pod, count, limits, &result)
        } else {
            (result.outcome, result.detail) = start.broken
        }
    }

    /// Removes everything; what could not be removed, in words.
    private func leave(_ limits: ProbeLimits) async -> String {
        do throws(KubernetesError) {
            try await namespace.leave(run)
            return ""
        } catch {
            return
                "the objects of run \(run.id) in namespace \(place.name) could not be removed (\(error.cause)); the pod ends by itself within \(limits.job) s, and isthmus cleanup, or the next run, removes what remains"
        }
    }

    /// Why something was not done, and what that makes of the probe.
    func explain(_ error: KubernetesError) -> (ProbeOutcome, String) {
        let words = "\(error.method) \(error.url): \(error.cause)"
        switch error.cause {
        case .transport(.cancelled): return (.failed, "broken off")
        case .transport: return (.lost, words)
        case .status(let status) where status.code == 403:
            if ["exceeded quota", "failed quota"].contains(where: status.message.contains) { return (.quota, words) }
            if ["denied the request", "violates PodSecurity", "admission"].contains(where: status.message.contains) {
                return (.admission, words)
            }
            return (.denied, "\(words); \(place.remedy)")
        default: return (.failed, words)
        }
    }

    // MARK: Waiting for the pod

    /// Longest wait for a node where none is being added.
    private static let patience = Duration.seconds(20)

    struct Start {
        /// `nil` where nothing started.
        var pod: String?
        var address = ""
        /// The revision whose sidecar is in it; empty where there is none.
        var sidecar = ""
        var broken: (ProbeOutcome, String) = (.failed, "broken off")
    }

    /// Waits until the pod's container has begun, or it is clear that it will not.
    func started() async throws(KubernetesError) -> Start {
        let (changes, told) = AsyncStream<ProbeCourse.Change>.makeStream()
        let watching = Task { await watch(told) }
        defer { watching.cancel() }
        var course = ProbeCourse(name: jobName)
        var shown = ""
        for await change in changes {
            if case .failed(let error) = change { throw error }
            course.apply(change)
            switch course.verdict {
            case .waiting(let note):
                if note != shown { report(.waiting(note)) }
                shown = note
            case .started(let name):
                let pod = course.pods[name]
                return Start(pod: name, address: pod?.status?.podIP ?? "", sidecar: pod?.sidecar ?? "")
            case .broken(let outcome, let words): return Start(broken: (outcome, words))
            }
        }
        return Start()
    }

    /// Tells every change of the run's objects, and when the time is over, until this task is cancelled.
    private func watch(_ told: AsyncStream<ProbeCourse.Change>.Continuation) async {
        let space = place.name
        let own = Selection(labels: "\(ProbeObjects.runLabel)=\(run.id)")
        let forever = options.start + .seconds(60)
        func follow<T: ListedObject>(
            _ path: String, _ selection: Selection, _ type: T.Type, isNeeded: Bool = true,
            _ change: @escaping @Sendable (WatchEvent<T>) -> ProbeCourse.Change
        ) async {
            do {
                for try await event in client.watch(path, selection, as: type, deadline: forever) { told.yield(change(event)) }
            } catch let error as KubernetesError where isNeeded {
                told.yield(.failed(error))
            } catch {
                // Without events less can be said about why nothing happens; that is all.
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(Resource.pods.path(namespace: space), ownPods, ProbePod.self) { .pods($0) } }
            group.addTask { await follow(ProbeObjects.jobs.path(namespace: space), own, ProbeJob.self) { .jobs($0) } }
            group.addTask {
                await follow(Resource.events.path(namespace: space), .all, Event.self, isNeeded: false) { .events($0) }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: min(Self.patience, options.start))
                    told.yield(.late)
                    try await Task.sleep(for: max(.zero, options.start - Self.patience))
                    told.yield(.over)
                } catch {}
            }
        }
        told.finish()
    }

    // MARK: Reading

    /// Of one log that is not whole; the last of them are pauses that double, three seconds together.
    private static let readings = 6

    /// Reads the log while it is written; where the stream breaks, again from its beginning.
    func read(_ pod: String, _ count: Int, _ limits: ProbeLimits, _ result: inout ProbeResult) async {
        let end = ContinuousClock.now + .seconds(limits.script + 15)
        var best = ProbeLog(nonce: run.nonce, targets: count)
        var trouble = "", last: ProbePod?
        for attempt in 0..<Self.readings where !best.isComplete && !Task.isCancelled {
            var log = ProbeLog(nonce: run.nonce, targets: count)
            do {
                let left = max(.seconds(1), end - .now)
                let stream = try await client.followLogs(
                    namespace: place.name, pod: pod, container: "probe", deadline: left, limit: Self.logLimit)
                for try await piece in stream {
                    if log.feed(piece) { report(.results(log.results.count)) }
                    if log.isComplete { break }
                }
                trouble = ""
            } catch {
                trouble = ((error as? KubernetesError)?.cause).map { "\($0)" } ?? "\(error)"
            }
            if log.results.count >= best.results.count { best = log }
            if best.isComplete { break }
            if last == nil {
                last = await finished(pod, until: end, &trouble)
                if last == nil { break }
            } else if trouble.isEmpty {
                // A container's last lines can reach its log after its end is known, and nothing tells when.
                try? await Task.sleep(for: .milliseconds(100 << attempt))
            } else {
                break
            }
        }
        conclude(best, last, trouble, limits, &result)
    }

    /// The pod once it has finished; `nil` where it does not, or nobody tells.
    private func finished(_ pod: String, until end: ContinuousClock.Instant, _ trouble: inout String) async -> ProbePod? {
        do throws(KubernetesError) {
            return try await client.wait(
                Resource.pods.path(namespace: place.name), ownPods, as: ProbePod.self,
                deadline: max(.seconds(1), end - .now), key: { $0.metadata.name },
                until: { $0.first { $0.metadata.name == pod && $0.isFinished } })
        } catch {
            trouble = "\(error.cause)"
            return nil
        }
    }

    private func conclude(
        _ log: ProbeLog, _ finished: ProbePod?, _ trouble: String, _ limits: ProbeLimits, _ result: inout ProbeResult
    ) {
        result.raw = log.results
        result.transcripts = log.results.mapValues { ProbeTranscript($0) }
        if log.isComplete {
            (result.outcome, result.seconds) = (.ran, log.seconds)
            result.detail = log.missingTools.isEmpty ? "" : "the image lacks \(log.missingTools.joined(separator: ", "))"
            return
        }
        if Task.isCancelled {
            (result.outcome, result.detail) = (.failed, "broken off")
            return
        }
        let words = [log.shortfall, finished?.end ?? "", trouble].filter { !$0.isEmpty }
        result.outcome = finished == nil && trouble.isEmpty ? .hung : .lost
        result.detail = words.joined(separator: "; ")
    }
}
