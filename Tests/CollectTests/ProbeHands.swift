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

    let server: KubeAPIServer
    let admin: KubernetesClient
    private let kubelet: Nginx
    private let behaviour = Mutex<Behaviour>(.runs)
    private let tasks = Mutex<[Task<Void, Never>]>([])

    static let space = ProbeObjects.namespace

    init() async throws {
        server = try await KubeAPIServer()
        kubelet = try await Nginx(
            identity: Identity.make(.server()),
            locations:
                "location /containerLogs/ { rewrite ^/containerLogs/isthmus-probe/([^/]+)/probe$ /log-$1 break; expires -1; }")
        admin = try Self.client(server, token: KubeAPIServer.adminToken, http: http)
        let end = ContinuousClock.now + .seconds(90)
        while (try? await admin.get("/api/v1/namespaces/default", as: JSONValue.self)) == nil {
            guard ContinuousClock.now < end else { throw PeerError(description: "no API server: \(server.output.suffix(1000))") }
            try await Task.sleep(for: .milliseconds(100))
        }
        let node: JSONValue = [
            "apiVersion": "v1", "kind": "Node", "metadata": ["name": "n1"],
            "status": [
                "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(kubelet.port))]],
            ],
        ]
        _ = try await admin.create("/api/v1/nodes", node, manager: "test", as: JSONValue.self)
        let jobs = Task { await followJobs() }
        let spaces = Task { await followNamespaces() }
        tasks.withLock { $0 = [jobs, spaces] }
    }

    func stop() { tasks.withLock { $0.forEach { $0.cancel() } } }

    func behave(_ new: Behaviour) { behaviour.withLock { $0 = new } }

    let http = HTTPClient(userAgent: "isthmus-test/1")

    static func client(
        _ server: KubeAPIServer, token: String, http: HTTPClient, timeout: Duration = .seconds(20)
    ) throws -> KubernetesClient {
        let folder = try Folder()
        let file = try folder.write(
            "config",
            Data(
                """
                apiVersion: v1
                kind: Config
                current-context: x
                contexts: [{name: x, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {\(server.cluster)}}]
                users: [{name: u, user: {token: \(token)}}]
                """.utf8))
        return KubernetesClient(
            access: try Kubeconfig.load(.file(file)).resolve(), http: http, timeout: timeout,
            plugins: ExecCache(trust: ExecTrust()))
    }

    // MARK: Jobs

    private func followJobs() async {
        var known: [String: JSONValue] = [:]
        func key(_ job: JSONValue) -> String { job["metadata"]?["uid"]?.string ?? "" }
        while !Task.isCancelled {
            do {
                for try await event in admin.watch("/apis/batch/v1/jobs", as: JSONValue.self, deadline: .seconds(600)) {
                    switch event {
                    case .all(let all):
                        let now = Dictionary(all.map { (key($0), $0) }, uniquingKeysWith: { $1 })
                        for (uid, job) in known where now[uid] == nil { await collect(job) }
                        for (uid, job) in now where known[uid] == nil { start(job) }
                        known = now
                    case .added(let job):
                        if known.updateValue(job, forKey: key(job)) == nil { start(job) }
                    case .modified: break
                    case .deleted(let job):
                        known[key(job)] = nil
                        await collect(job)
                    }
                }
            } catch {}
        }
    }

    /// What the Job controller and the kubelet do, beside everything else.
    private func start(_ job: JSONValue) {
        let behaviour = behaviour.withLock { $0 }
        let task = Task { [self] in
            do { try await run(job, behaviour) } catch {
                // The Job, or its namespace, has gone meanwhile.
            }
        }
        tasks.withLock { $0.append(task) }
    }

    private func run(_ job: JSONValue, _ behaviour: Behaviour) async throws {
        let name = job["metadata"]?["name"]?.string ?? "", pod = "\(name)-x1"
        switch behaviour {
        case .never: return
        case .refuses(let message):
            try await tell(job, reason: "FailedCreate", message)
        case .stays(let status):
            try await makePod(job, pod)
            try await patch(pod, status)
        case .writes(let text, let exit):
            try await makePod(job, pod)
            try await write(text.replacing("NONCE", with: nonce(job)), of: pod)
            try await patch(pod, Self.terminated(exit))
        case .runs, .logsLate:
            try await makePod(job, pod)
            let map = try await admin.get("/api/v1/namespaces/\(Self.space)/configmaps/\(name)", as: JSONValue.self)
            var files = (map["data"]?.object ?? [:]).compactMapValues { $0.string.map { Data($0.utf8) } }
            for (file, data) in map["binaryData"]?.object ?? [:] { files[file] = Data(base64Encoded: data.string ?? "") }
            let variables = (container(job)["env"]?.array ?? []).map {
                "\($0["name"]?.string ?? "")=\($0["value"]?.string ?? "")"
            }
            try await write("", of: pod)
            try await patch(pod, ["phase": "Running", "podIP": "10.9.8.7", "containerStatuses": [Self.status("running", [:])]])
            let output = try await ProbeBox.run(files, own: server.port, variables)
            if case .logsLate = behaviour {
                try await patch(pod, Self.terminated(0))
                try await Task.sleep(for: .milliseconds(700))
                try await write(String(decoding: output, as: UTF8.self), of: pod)
            } else {
                try await write(String(decoding: output, as: UTF8.self), of: pod)
                try await patch(pod, Self.terminated(0))
            }
        }
    }

    private func container(_ job: JSONValue) -> JSONValue {
        job["spec"]?["template"]?["spec"]?["containers"]?[0] ?? .null
    }

    private func nonce(_ job: JSONValue) -> String {
        container(job)["env"]?.array?.first { $0["name"]?.string == "ISTHMUS_NONCE" }?["value"]?.string ?? ""
    }

    private static func status(_ state: String, _ value: JSONValue) -> JSONValue {
        ["name": "probe", "image": "curl", "imageID": "", "ready": false, "restartCount": 0, "state": .object([state: value])]
    }

    private static func terminated(_ exit: Int) -> JSONValue {
        [
            "phase": exit == 0 ? "Succeeded" : "Failed", "podIP": "10.9.8.7",
            "containerStatuses": [
                status("terminated", ["exitCode": .integer(Int64(exit)), "reason": exit == 137 ? "OOMKilled" : "Completed"])
            ],
        ]
    }

    private func makePod(_ job: JSONValue, _ name: String) async throws {
        var spec = job["spec"]?["template"]?["spec"]?.object ?? [:]
        spec["nodeName"] = "n1"
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "labels": job["spec"]?["template"]?["metadata"]?["labels"] ?? [:]],
            "spec": .object(spec),
        ]
        _ = try await admin.create("/api/v1/namespaces/\(Self.space)/pods", pod, manager: "test", as: JSONValue.self)
    }

    private func patch(_ pod: String, _ status: JSONValue) async throws {
        let path = "/api/v1/namespaces/\(Self.space)/pods/\(pod)/status"
        _ = try await admin.merge(path, ["status": status], manager: "test", as: JSONValue.self)
    }

    private func write(_ text: String, of pod: String) async throws {
        try kubelet.folder.write("log-\(pod)", Data(text.utf8))
    }

    private func tell(_ job: JSONValue, reason: String, _ message: String) async throws {
        let name = job["metadata"]?["name"]?.string ?? ""
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string("\(name).1")],
            "involvedObject": ["kind": "Job", "namespace": .string(Self.space), "name": .string(name)],
            "reason": .string(reason), "message": .string(message), "type": "Warning",
        ]
        _ = try await admin.create("/api/v1/namespaces/\(Self.space)/events", event, manager: "test", as: JSONValue.self)
    }

    /// What the garbage collector does.
    private func collect(_ job: JSONValue) async {
        let name = job["metadata"]?["name"]?.string ?? ""
        await remove("/api/v1/namespaces/\(Self.space)/pods/\(name)-x1")
        if let uid = job["metadata"]?["uid"]?.string {
            let path = "/api/v1/namespaces/\(Self.space)/configmaps/\(name)"
            let map = try? await admin.get(path, as: JSONValue.self)
            if map?["metadata"]?["ownerReferences"]?[0]?["uid"]?.string == uid { await remove(path) }
        }
    }

    private func remove(_ path: String) async {
        _ = try? await admin.send(.init("DELETE", path, query: [("gracePeriodSeconds", "0")]))
    }

    // MARK: Namespaces

    private func followNamespaces() async {
        while !Task.isCancelled {
            do {
                for try await event in admin.watch("/api/v1/namespaces", as: JSONValue.self, deadline: .seconds(600)) {
                    switch event {
                    case .all(let all): for space in all { try await end(space) }
                    case .added(let space), .modified(let space): try await end(space)
                    case .deleted: break
                    }
                }
            } catch {}
        }
    }

    private func end(_ space: JSONValue) async throws {
        guard space["metadata"]?["deletionTimestamp"]?.string != nil, let name = space["metadata"]?["name"]?.string else {
            return
        }
        for kind in ["/apis/batch/v1/namespaces/\(name)/jobs", "/api/v1/namespaces/\(name)/pods"]
            + ["configmaps", "events", "secrets"].map({ "/api/v1/namespaces/\(name)/\($0)" })
        {
            _ = try await admin.send(.init("DELETE", kind, query: [("gracePeriodSeconds", "0")]))
        }
        var members = space.object ?? [:]
        members["spec"] = ["finalizers": []]
        let body = try JSONValue.object(members).encoded()
        _ = try await admin.send(
            .init("PUT", "/api/v1/namespaces/\(name)/finalize", contentType: "application/json", body: body))
    }

    // MARK: What is left

    /// Everything that is in the namespace and was not there from the beginning; empty once the namespace has gone.
    func left() async throws -> [String] {
        guard try await admin.find("/api/v1/namespaces/\(Self.space)", as: JSONValue.self) != nil else { return [] }
        var names = ["Namespace"]
        for kind in ["/apis/batch/v1/namespaces/\(Self.space)/jobs", "/api/v1/namespaces/\(Self.space)/pods"]
            + ["/api/v1/namespaces/\(Self.space)/configmaps"]
        {
            names += try await admin.list(kind, as: JSONValue.self).items.compactMap { $0["metadata"]?["name"]?.string }
        }
        return names.filter { $0 != "kube-root-ca.crt" }
    }

    /// What is left once controllers had their time.
    func leftAtLast(expecting expected: [String] = []) async throws -> [String] {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            if try await left().sorted() == expected.sorted() { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try await left()
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
