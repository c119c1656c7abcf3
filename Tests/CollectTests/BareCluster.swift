import Foundation
import HTTP
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Collect

/// A real API server, and around it what every cluster has: a node whose kubelet serves logs, somebody who sees Jobs come and go, and
/// the end of namespaces. What becomes of a Job, whoever follows it plays.
final class BareCluster: Sendable {
    let server: KubeAPIServer
    let admin: KubernetesClient
    let http = HTTPClient(userAgent: "isthmus-test/1")
    /// The namespace in which pods run.
    let space: String
    private let kubelet: Nginx
    private let tasks = Mutex<[Task<Void, Never>]>([])
    private let endings = Mutex(0)
    /// What can stand in the namespace.
    private let kinds: [String]

    /// - Parameter more: collections of further kinds in the namespace, as `/api/v1/services`.
    init(space: String, more: [String] = []) async throws {
        self.space = space
        kinds = ["/apis/batch/v1/jobs", "/api/v1/pods", "/api/v1/configmaps"] + more
        server = try await KubeAPIServer()
        kubelet = try await Nginx(
            identity: Identity.make(.server()),
            locations: "location /containerLogs/ { rewrite ^/containerLogs/[^/]+/([^/]+)/probe$ /log-$1 break; expires -1; }")
        admin = try server.client(http: http)
        try await server.waitUntilReady(admin)
        let node: JSONValue = [
            "apiVersion": "v1", "kind": "Node", "metadata": ["name": "n1"],
            "status": [
                "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
                "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(kubelet.port))]],
            ],
        ]
        _ = try await admin.create("/api/v1/nodes", node, manager: "test", as: JSONValue.self)
        work { [self] in await followNamespaces() }
    }

    func stop() { tasks.withLock { $0.forEach { $0.cancel() } } }

    /// Works beside everything else until ``stop()``.
    func work(_ body: @escaping @Sendable () async -> Void) {
        let task = Task { await body() }
        tasks.withLock { $0.append(task) }
    }

    /// A collection in the namespace: `/api/v1/pods` becomes `/api/v1/namespaces/SPACE/pods`.
    func path(_ kind: String, _ name: String = "") -> String {
        let parts = kind.split(separator: "/")
        let group = parts.dropLast().joined(separator: "/")
        return "/\(group)/namespaces/\(space)/\(parts.last ?? "")" + (name.isEmpty ? "" : "/\(name)")
    }

    // MARK: Jobs

    enum JobChange: Sendable { case came(JSONValue), changed(JSONValue), went(JSONValue) }

    /// Tells what becomes of Jobs, one change after the other.
    func followJobs(_ tell: @escaping @Sendable (JobChange) async -> Void) {
        work { [self] in
            var known: [String: JSONValue] = [:]
            func key(_ job: JSONValue) -> String { job["metadata"]?["uid"]?.string ?? "" }
            while !Task.isCancelled {
                do {
                    for try await event in admin.watch("/apis/batch/v1/jobs", as: JSONValue.self, deadline: .seconds(600)) {
                        switch event {
                        case .all(let all):
                            let now = Dictionary(all.map { (key($0), $0) }, uniquingKeysWith: { $1 })
                            for (uid, job) in known where now[uid] == nil { await tell(.went(job)) }
                            for (uid, job) in now { await tell(known[uid] == nil ? .came(job) : .changed(job)) }
                            known = now
                        case .added(let job), .modified(let job):
                            await tell(known.updateValue(job, forKey: key(job)) == nil ? .came(job) : .changed(job))
                        case .deleted(let job):
                            known[key(job)] = nil
                            await tell(.went(job))
                        }
                    }
                } catch {}
            }
        }
    }

    // MARK: Pods

    /// Makes a Job's pod, on the node.
    func makePod(_ job: JSONValue, _ name: String, annotations: [String: JSONValue] = [:]) async throws {
        let template = job["spec"]?["template"]
        var spec = template?["spec"]?.object ?? [:]
        spec["nodeName"] = "n1"
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string(name), "labels": template?["metadata"]?["labels"] ?? [:], "annotations": .object(annotations),
            ],
            "spec": .object(spec),
        ]
        _ = try await admin.create(path("/api/v1/pods"), pod, manager: "test", as: JSONValue.self)
    }

    func patch(_ pod: String, _ status: JSONValue) async throws {
        _ = try await admin.merge(
            path("/api/v1/pods", "\(pod)/status"), ["status": status], manager: "test", as: JSONValue.self)
    }

    /// What the pod's log holds from now on.
    func write(_ text: String, of pod: String) throws { try kubelet.folder.write("log-\(pod)", Data(text.utf8)) }

    /// At once.
    func remove(_ path: String, _ query: [(String, String)] = []) async {
        _ = try? await admin.send(.init("DELETE", path, query: [("gracePeriodSeconds", "0")] + query))
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

    private func end(_ object: JSONValue) async throws {
        guard object["metadata"]?["deletionTimestamp"]?.string != nil, object["metadata"]?["name"]?.string == space else {
            return
        }
        // One by one: there are kinds that cannot be deleted by the collection.
        for kind in kinds + ["/api/v1/events", "/api/v1/secrets"] {
            for object in try await admin.list(path(kind), as: JSONValue.self).items {
                await remove(path(kind, object["metadata"]?["name"]?.string ?? ""))
            }
        }
        endings.withLock { $0 += 1 }
        var members = object.object ?? [:]
        members["spec"] = ["finalizers": []]
        let body = try JSONValue.object(members).encoded()
        _ = try await admin.send(
            .init("PUT", "/api/v1/namespaces/\(space)/finalize", contentType: "application/json", body: body))
    }

    /// How often the namespace was removed.
    var ended: Int { endings.withLock { $0 } }

    // MARK: What is left

    /// Everything that is in the namespace and was not there from the beginning; empty once the namespace has gone.
    func left() async throws -> [String] {
        guard try await admin.find("/api/v1/namespaces/\(space)", as: JSONValue.self) != nil else { return [] }
        var names = ["Namespace"]
        for kind in kinds {
            names += try await admin.list(path(kind), as: JSONValue.self).items.compactMap { $0["metadata"]?["name"]?.string }
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
}

/// A pod's status while its container is in a state.
enum PodState {
    static func container(_ state: String, _ value: JSONValue) -> JSONValue {
        ["name": "probe", "image": "curl", "imageID": "", "ready": false, "restartCount": 0, "state": .object([state: value])]
    }

    static func running(ready: Bool = false) -> JSONValue {
        let condition: JSONValue = ["type": "Ready", "status": "True"]
        return [
            "phase": "Running", "podIP": "10.9.8.7", "containerStatuses": [container("running", [:])],
            "conditions": .array(ready ? [condition] : []),
        ]
    }

    static func waiting(_ reason: String, _ message: String) -> JSONValue {
        [
            "phase": "Pending",
            "containerStatuses": [container("waiting", ["reason": .string(reason), "message": .string(message)])],
        ]
    }

    static func terminated(_ exit: Int) -> JSONValue {
        [
            "phase": exit == 0 ? "Succeeded" : "Failed", "podIP": "10.9.8.7",
            "containerStatuses": [
                container("terminated", ["exitCode": .integer(Int64(exit)), "reason": exit == 137 ? "OOMKilled" : "Completed"])
            ],
        ]
    }
}

extension JSONValue {
    /// The variables of a Job's container.
    var variables: [String: String] {
        let all = self["spec"]?["template"]?["spec"]?["containers"]?[0]?["env"]?.array ?? []
        return Dictionary(
            all.map { ($0["name"]?.string ?? "", $0["value"]?.string ?? "") }, uniquingKeysWith: { $1 })
    }

    /// What a ConfigMap's files hold.
    var files: [String: Data] {
        var files = (self["data"]?.object ?? [:]).compactMapValues { $0.string.map { Data($0.utf8) } }
        for (file, data) in self["binaryData"]?.object ?? [:] { files[file] = Data(base64Encoded: data.string ?? "") }
        return files
    }
}
