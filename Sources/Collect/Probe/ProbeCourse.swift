internal import Foundation
internal import Kubernetes

/// How a probe in one cluster ended, in the words of column `probe_run.outcome`.
enum ProbeOutcome: String, Sendable, CaseIterable {
    case ran, denied, quota, admission, unschedulable, hung, lost, failed
    case imagePull = "image-pull"
}

/// What is seen of a run's Job while it has not told its results: pods, events, the Job itself. Decides, and asks nobody.
struct ProbeCourse: Sendable {
    enum Verdict: Sendable, Equatable {
        /// For what, in a few words.
        case waiting(String)
        /// The container has begun, perhaps ended; its log can be read.
        case started(pod: String)
        /// It will not run.
        case broken(ProbeOutcome, String)
    }

    let name: String
    var pods: [String: ProbePod] = [:]
    var events: [String: Event] = [:]
    var job: ProbeJob?
    /// The Job has been seen, and is there no more.
    var isJobGone = false
    /// What is still possible has been waited for long enough.
    var isLate = false
    /// No more is waited for.
    var isOver = false

    enum Change: Sendable {
        case pods(WatchEvent<ProbePod>)
        case jobs(WatchEvent<ProbeJob>)
        case events(WatchEvent<Event>)
        case late, over
        case failed(KubernetesError)
    }

    init(name: String) { self.name = name }

    mutating func apply(_ change: Change) {
        switch change {
        case .pods(let event): pods.apply(event)
        case .events(let event): events.apply(event)
        case .jobs(let event):
            var jobs = job.map { [$0.metadata.name: $0] } ?? [:]
            jobs.apply(event)
            isJobGone = job != nil && jobs[name] == nil
            job = jobs[name] ?? job
        case .late: isLate = true
        case .over: (isLate, isOver) = (true, true)
        case .failed: break
        }
    }

    var verdict: Verdict {
        let pods = pods.values.sorted { $0.metadata.name < $1.metadata.name }
        if let pod = pods.first(where: \.hasStarted) { return .started(pod: pod.metadata.name) }
        if isJobGone { return .broken(.lost, "the Job was removed by somebody else") }
        for pod in pods {
            if let broken = image(pod) ?? killed(pod) { return broken }
        }
        if pods.isEmpty, let refusal = refusal { return refusal }
        if let reason = job?.failure { return .broken(.hung, reason + seen) }
        if let pod = pods.first(where: \.isUnschedulable) {
            let isHopeless = own.contains { $0.reason == "NotTriggerScaleUp" }
            let isGrowing = own.contains { $0.reason == "TriggeredScaleUp" }
            if isOver || isHopeless || isLate && !isGrowing {
                return .broken(.unschedulable, pod.condition("PodScheduled")?.message ?? "no node takes the pod")
            }
            return .waiting("waiting for a node")
        }
        if isOver { return late(pods) }
        return .waiting(pods.isEmpty ? "waiting for the pod" : "starting the pod")
    }

    /// The events of this run's objects.
    private var own: [Event] {
        events.values.filter { ($0.involvedObject.name ?? "").hasPrefix(name) }.sorted {
            ($0.seen?.seconds ?? 0, $0.metadata.name) < ($1.seen?.seconds ?? 0, $1.metadata.name)
        }
    }

    /// The last warning, to be added to a sentence.
    private var seen: String {
        own.last { $0.type == "Warning" }.map { ": \($0.reason ?? ""): \($0.message ?? "")" } ?? ""
    }

    /// Why the Job gets no pod.
    private var refusal: Verdict? {
        guard let event = own.last(where: { $0.reason == "FailedCreate" && $0.involvedObject.kind == "Job" }) else { return nil }
        let words = event.message ?? "no pod could be made"
        return .broken(Self.refusal(words), words)
    }

    /// Whether a quota or an admission plugin refused, by its words.
    static func refusal(_ words: String) -> ProbeOutcome {
        words.contains("exceeded quota") || words.contains("failed quota") ? .quota : .admission
    }

    private func image(_ pod: ProbePod) -> Verdict? {
        guard let waiting = pod.container?.state?.waiting else { return nil }
        switch waiting.reason {
        case "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
            "RegistryUnavailable":
            // The first refusal has the reason; the state that follows only says that it will be tried again.
            let failure = own.last { $0.reason == "Failed" && ($0.message ?? "").contains("pull") }?.message
            if waiting.reason == "ImagePullBackOff" {
                return .broken(.imagePull, failure ?? waiting.message ?? "the image cannot be pulled")
            }
            return .broken(.imagePull, waiting.message ?? failure ?? "the image cannot be pulled")
        case "CreateContainerError", "CreateContainerConfigError", "RunContainerError":
            return .broken(.failed, "\(waiting.reason ?? ""): \(waiting.message ?? "")")
        default: return nil
        }
    }

    /// Ended before it began: evicted, its node gone, or refused by the kubelet.
    private func killed(_ pod: ProbePod) -> Verdict? {
        guard pod.status?.phase == "Failed" else { return nil }
        return .broken(.lost, "\(pod.status?.reason ?? "the pod failed"): \(pod.status?.message ?? "")")
    }

    private func late(_ pods: [ProbePod]) -> Verdict {
        guard let pod = pods.first else {
            return .broken(.hung, "the cluster took the Job, and no pod was made for it (does its Job controller run?)" + seen)
        }
        guard let node = pod.spec?.nodeName, !node.isEmpty else {
            return .broken(.hung, "the pod was put on no node (does the scheduler run?)" + seen)
        }
        return .broken(.hung, "the pod did not start on node \(node)" + seen)
    }
}

/// A pod, with what tells why it does not run.
struct ProbePod: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?
    var status: Status?

    struct Spec: Decodable, Sendable { var nodeName: String? }

    struct Status: Decodable, Sendable {
        var phase: String?
        var reason: String?
        var message: String?
        var podIP: String?
        var conditions: [Condition]?
        var containerStatuses: [ContainerStatus]?
    }

    struct ContainerStatus: Decodable, Sendable {
        var name: String
        var state: State?
    }

    struct State: Decodable, Sendable {
        var waiting: Reason?
        var running: Running?
        var terminated: Reason?
    }

    struct Running: Decodable, Sendable {}

    struct Reason: Decodable, Sendable {
        var reason: String?
        var message: String?
        var exitCode: Int?
    }

    var container: ContainerStatus? { status?.containerStatuses?.first { $0.name == "probe" } }
    var hasStarted: Bool { container?.state?.running != nil || container?.state?.terminated != nil }
    /// It has written everything that it will write.
    var isFinished: Bool { container?.state?.terminated != nil || ["Succeeded", "Failed"].contains(status?.phase ?? "") }
    func condition(_ type: String) -> Condition? { status?.conditions?.first { $0.type == type } }
    var isUnschedulable: Bool {
        condition("PodScheduled").map { $0.status == "False" && $0.reason == "Unschedulable" } ?? false
    }

    /// The revision whose injector put a sidecar in, `default` where it says none; empty where there is no sidecar.
    var sidecar: String {
        struct Status: Decodable { var revision: String? }
        let text = metadata.annotation("sidecar.istio.io/status")
        guard !text.isEmpty else { return "" }
        let revision = (try? JSONDecoder().decode(Status.self, from: Data(text.utf8)))?.revision ?? ""
        return revision.isEmpty ? "default" : revision
    }

    /// How it ended, in words; empty where it ended well, or has not.
    var end: String {
        let state = container?.state?.terminated
        let words = [
            status?.reason, status?.message, state?.exitCode == 0 ? nil : state?.reason, state?.message,
            state?.exitCode.flatMap { $0 == 0 ? nil : "exit code \($0)" },
        ]
        return words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", ")
    }
}

/// A Job, or a ConfigMap, as far as a run cares.
struct ProbeJob: ListedObject {
    var metadata: ObjectMeta
    var status: Status?

    struct Status: Decodable, Sendable { var conditions: [Condition]? }

    /// Why the Job controller gave it up; `nil` where it did not.
    var failure: String? {
        status?.conditions?.first { $0.type == "Failed" && $0.status == "True" }.map {
            "\($0.reason ?? "the Job failed"): \($0.message ?? "")"
        }
    }
}

extension Dictionary where Key == String, Value: ListedObject {
    /// Follows what a watch tells.
    fileprivate mutating func apply(_ event: WatchEvent<Value>) {
        switch event {
        case .all(let all): self = Dictionary(all.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
        case .added(let object), .modified(let object): self[object.metadata.name] = object
        case .deleted(let object): self[object.metadata.name] = nil
        }
    }
}
