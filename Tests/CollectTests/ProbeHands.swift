import Foundation
import HTTP
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Collect

/// What a cluster around a bare API server does for probes: it makes a Job's pod and runs its script, here, serves the log as a
/// kubelet does, removes what a removed Job owns, and ends namespaces.
final class ProbeHands: Sendable {
    enum Behaviour: Sendable {
        case runs
        /// As ``runs``; what it wrote reaches the log some time after the pod's end is known.
        case logsLate
        /// The pod writes this, with `NONCE` replaced, and ends so.
        case writes(String, exit: Int = 0)
        /// The Job stays as it is.
        case never
        /// A pod with this status, and no more.
        case stays(JSONValue)
        /// The Job gets an event that no pod can be made.
        case refuses(String)
    }

    private let cluster: BareCluster
    private let behaviour = Mutex<Behaviour>(.runs)

    static let space = ProbeObjects.namespace

    var server: KubeAPIServer { cluster.server }
    var admin: KubernetesClient { cluster.admin }
    var http: HTTPClient { cluster.http }

    init() async throws {
        cluster = try await BareCluster(space: Self.space)
        cluster.followJobs { [self] change in
            switch change {
            case .came(let job): start(job)
            case .changed: break
            case .went(let job): await collect(job)
            }
        }
    }

    func stop() { cluster.stop() }

    func behave(_ new: Behaviour) { behaviour.withLock { $0 = new } }

    // MARK: Jobs

    /// What the Job controller and the kubelet do, beside everything else.
    private func start(_ job: JSONValue) {
        let behaviour = behaviour.withLock { $0 }
        cluster.work { [self] in
            do { try await run(job, behaviour) } catch {
                // The Job, or its namespace, has gone meanwhile.
            }
        }
    }

    private func run(_ job: JSONValue, _ behaviour: Behaviour) async throws {
        let name = job["metadata"]?["name"]?.string ?? "", pod = "\(name)-x1"
        switch behaviour {
        case .never: return
        case .refuses(let message):
            try await tell(job, reason: "FailedCreate", message)
        case .stays(let status):
            try await cluster.makePod(job, pod)
            try await cluster.patch(pod, status)
        case .writes(let text, let exit):
            try await cluster.makePod(job, pod)
            try cluster.write(text.replacing("NONCE", with: job.variables["ISTHMUS_NONCE"] ?? ""), of: pod)
            try await cluster.patch(pod, PodState.terminated(exit))
        case .runs, .logsLate:
            try await cluster.makePod(job, pod)
            let map = try await admin.get(cluster.path("/api/v1/configmaps", name), as: JSONValue.self)
            try cluster.write("", of: pod)
            try await cluster.patch(pod, PodState.running())
            let output = try await ProbeBox.run(map.files, own: server.port, job.variables.map { "\($0)=\($1)" })
            if case .logsLate = behaviour {
                try await cluster.patch(pod, PodState.terminated(0))
                try await Task.sleep(for: .milliseconds(700))
                try cluster.write(String(decoding: output, as: UTF8.self), of: pod)
            } else {
                try cluster.write(String(decoding: output, as: UTF8.self), of: pod)
                try await cluster.patch(pod, PodState.terminated(0))
            }
        }
    }

    private func tell(_ job: JSONValue, reason: String, _ message: String) async throws {
        let name = job["metadata"]?["name"]?.string ?? ""
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string("\(name).1")],
            "involvedObject": ["kind": "Job", "namespace": .string(Self.space), "name": .string(name)],
            "reason": .string(reason), "message": .string(message), "type": "Warning",
        ]
        _ = try await admin.create(cluster.path("/api/v1/events"), event, manager: "test", as: JSONValue.self)
    }

    /// What the garbage collector does.
    private func collect(_ job: JSONValue) async {
        let name = job["metadata"]?["name"]?.string ?? ""
        await cluster.remove(cluster.path("/api/v1/pods", "\(name)-x1"))
        if let uid = job["metadata"]?["uid"]?.string {
            let path = cluster.path("/api/v1/configmaps", name)
            let map = try? await admin.get(path, as: JSONValue.self)
            if map?["metadata"]?["ownerReferences"]?[0]?["uid"]?.string == uid { await cluster.remove(path) }
        }
    }

    // MARK: What is left

    /// Everything that is in the namespace and was not there from the beginning; empty once the namespace has gone.
    func left() async throws -> [String] { try await cluster.left() }

    /// What is left once controllers had their time.
    func leftAtLast(expecting expected: [String] = []) async throws -> [String] {
        try await cluster.leftAtLast(expecting: expected)
    }

    @TaskLocal static var current: ProbeHands?
}

struct ProbeHandsTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let hands = try await ProbeHands()
        defer { hands.stop() }
        try await ProbeHands.$current.withValue(hands) { try await function() }
    }
}

extension Trait where Self == ProbeHandsTrait {
    static var probeHands: Self { ProbeHandsTrait() }
}
