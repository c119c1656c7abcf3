import Foundation
import Kubernetes
import Mesh
import Peers
import Synchronization
import Testing

@testable import Collect

/// Two clusters with real API servers whose workloads reach each other.
final class WorkloadMesh: Sendable {
    static let names = ["a", "b"]
    static let revision = "asm-1246-9"
    private let all = Mutex<[WorkloadHands]>([])
    /// As a sidecar that wants mutual TLS does, it takes a connection and ends it.
    private let closed: Listener

    init() async throws {
        closed = try Listener { connection in
            connection.readSome()
            connection.resetOnClose()
        }
        async let a = WorkloadHands(self)
        async let b = WorkloadHands(self)
        let hands = [try await a, try await b]
        all.withLock { $0 = hands }
    }

    func stop() {
        let hands = all.withLock { all in
            defer { all = [] }
            return all
        }
        for one in hands { one.cluster.stop() }
    }

    var clusters: [WorkloadHands] { all.withLock { $0 } }

    /// What every name of a cluster leads to, in all clusters.
    func endpoints(from here: WorkloadHands, isPlain: Bool) async throws -> [(name: String, port: Int)] {
        let known = try await here.names()
        var found: [(name: String, port: Int)] = []
        for one in clusters { found += try await one.endpoints(isPlain: isPlain, closed.port) }
        return found.filter { known.contains($0.name) }
    }

    /// The clusters as a collection has them before the proof.
    /// - Parameter configurations: of each cluster's mesh; none where they were not seen.
    func results(_ clients: [KubernetesClient]? = nil, configurations: [String] = []) -> [ClusterResult] {
        zip(Self.names, clients ?? clusters.map(\.cluster.admin)).enumerated().map { place, one in
            let (name, client) = one
            var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
            if configurations.indices.contains(place) {
                evidence.configMaps = .success([
                    ControlPlaneTests.configMap("istio-\(Self.revision)", ["mesh": configurations[place]])
                ])
            }
            var result = ClusterResult(
                ClusterDeclaration(name: name, kubeconfig: "k"), access: client.access, contact: APIContact(outcome: .answered),
                evidence: evidence, revision: Self.revision)
            result.client = client
            return result
        }
    }

    /// What is left in each cluster once controllers had their time.
    func leftAtLast() async throws -> [[String]] {
        var left: [[String]] = []
        for one in clusters { left.append(try await one.cluster.leftAtLast()) }
        return left
    }

    @TaskLocal static var current: WorkloadMesh?
}

struct WorkloadMeshTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let mesh = try await WorkloadMesh()
        defer { mesh.stop() }
        try await WorkloadMesh.$current.withValue(mesh) { try await function() }
    }
}

extension Trait where Self == WorkloadMeshTrait {
    static var workloadMesh: Self { WorkloadMeshTrait() }
}

extension JSONValue {
    var name: String { self["metadata"]?["name"]?.string ?? "" }
    var uid: String { self["metadata"]?["uid"]?.string ?? "" }
    /// Of a Job's pods.
    var podLabels: [String: String] {
        (self["spec"]?["template"]?["metadata"]?["labels"]?.object ?? [:]).compactMapValues(\.string)
    }
}

extension [String: String] {
    /// Whether labels are as a selector wants them.
    func has(_ selector: JSONValue?) -> Bool {
        guard let wanted = selector?.object, !wanted.isEmpty else { return false }
        return wanted.allSatisfy { self[$0.key] == $0.value.string }
    }
}
