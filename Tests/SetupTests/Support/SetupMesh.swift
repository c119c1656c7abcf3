import Foundation
import HTTP
import Kubernetes
import Peers
import Testing

@testable import Setup

/// Two clusters with real API servers, and plans for them that the servers' dry runs made.
final class SetupMesh: Sendable {
    let worlds: [String: SetupWorld]
    let hands: [String: SetupHands]
    static let names = ["a", "b"]

    init() async throws {
        async let a = SetupWorld()
        async let b = SetupWorld()
        worlds = ["a": try await a, "b": try await b]
        hands = worlds.mapValues { SetupHands($0) }
        for world in worlds.values {
            try await world.defineGateways()
            try await world.make([
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": ["name": "istio-reader-service-account", "namespace": "istio-system"],
            ])
            if world === worlds["b"] { try await world.makeIstiosReaderRole() }
        }
    }

    func stop() { hands.values.forEach { $0.stop() } }

    func world(_ name: String) throws -> SetupWorld { try #require(worlds[name]) }

    /// - Parameter token: of the user who does it; by default the one who may do everything.
    func targets(http: HTTPClient? = nil, token: String = KubeAPIServer.adminToken) throws -> [SetupTarget] {
        try Self.names.map { name in
            let world = try world(name)
            let client = try world.server.client(token: token, http: http ?? world.http)
            return SetupTarget(name: name, client: client, kubeconfig: "/none", context: "x")
        }
    }

    var clusters: [JournalBeginning.Cluster] {
        Self.names.map { JournalBeginning.Cluster(name: $0, uid: "uid-\($0)", server: "https://\($0)") }
    }

    // MARK: Plan

    /// As the planner makes it, without what only a snapshot tells.
    func plan(
        takeOver: [String] = [], hosts: [String] = ["*.local"], token: String = KubeAPIServer.adminToken
    ) async throws -> SetupPlan {
        var options = SetupOptions()
        options.takeOver = takeOver
        var plans: [ClusterPlan] = []
        var readers: [String: ReaderToken] = [:]
        for name in Self.names { readers[name] = await ReaderToken.look(try dryRun(name, takeOver, token), meshID: "proj-1") }
        for name in Self.names {
            let dryRun = try dryRun(name, takeOver, token), other = name == "a" ? "b" : "a"
            var acts = [await dryRun.act(.network, NetworkManifest.namespace(network: "network-\(name)"))]
            let wish = GatewayWish(meshID: "proj-1", network: "network-\(name)", revision: "asm-1246-9")
            for object in GatewayManifests.objects(wish, GatewayAPIs(try await dryRun.client.apiGroups())) {
                acts.append(await dryRun.act(.gateway, object))
            }
            acts.append(await dryRun.act(.expose, ExposeManifest.gateway(version: "v1alpha3", hosts: hosts, meshID: "proj-1")))
            let reader = try #require(readers[name])
            acts += reader.acts + (await ReaderRights.look(dryRun, meshID: "proj-1")).acts
            let source = RemoteSecretSource(
                cluster: other, clusterID: "cn-\(other)", server: "https://\(other).example:6443",
                serviceAccount: RemoteSecretManifest.serviceAccount)
            acts.append(
                await HeldSecrets.look(dryRun.client).act(
                    for: source, token: try #require(readers[other]), working: nil, meshID: "proj-1", dryRun))
            func object(_ apiVersion: String, _ kind: String, _ object: String) -> ObjectReference {
                ObjectReference(cluster: name, apiVersion: apiVersion, kind: kind, namespace: "istio-system", name: object)
            }
            let permissions = await Permissions.ask(dryRun.client, Permissions.needed(for: acts, steps: SetupStep.allCases))
            plans.append(
                ClusterPlan(
                    name: name, uid: "uid-\(name)", server: "https://\(name)", acts: acts, permissions: permissions,
                    waits: [
                        Wait(
                            step: .gateway, object: object("apps/v1", "Deployment", "istio-eastwestgateway"),
                            condition: .podsReady),
                        Wait(
                            step: .gateway, object: object("v1", "Service", "istio-eastwestgateway"), condition: .addressAssigned),
                    ]
                        + reader.acts.filter { $0.object.kind == "Secret" }.map {
                            Wait(step: .discovery, object: $0.object, condition: .tokenIssued)
                        } + [Wait(step: .discovery, object: object("apps/v1", "Deployment", "istiod"), condition: .peersSynced)]))
        }
        return SetupPlan(
            madeAt: 0, isthmusVersion: "test", mesh: MeshIdentity(id: "proj-1", fleetProject: "p", revision: "asm-1246-9"),
            options: options, clusters: plans, findings: [])
    }

    private func dryRun(_ cluster: String, _ takeOver: [String], _ token: String) throws -> DryRun {
        let world = try world(cluster)
        return DryRun(
            client: try world.server.client(token: token, http: world.http), cluster: cluster,
            takeOver: Set(takeOver))
    }

    // MARK: What stands there

    private static let kinds = [
        "/api/v1/namespaces", "/api/v1/namespaces/istio-system/secrets", "/api/v1/namespaces/istio-system/services",
        "/api/v1/namespaces/istio-system/serviceaccounts", "/apis/apps/v1/namespaces/istio-system/deployments",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/roles",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/rolebindings",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "/apis/autoscaling/v1/namespaces/istio-system/horizontalpodautoscalers",
        "/apis/policy/v1beta1/namespaces/istio-system/poddisruptionbudgets",
        "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/gateways",
        "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases",
    ]

    /// Every object that setup could touch, with spec, labels and annotations.
    func state() async throws -> [String: JSONValue] {
        var state: [String: JSONValue] = [:]
        for name in Self.names {
            for path in Self.kinds {
                for object in try await world(name).admin.list(path, as: JSONValue.self).items where !object.isKubernetesOwn {
                    state["\(name) \(path)/\(object["metadata"]?["name"]?.string ?? "")"] = ObjectState(object).fields
                }
            }
        }
        return state
    }

    /// The same, without what differs from one run to the next: the run's mark, and what the server chose.
    func settled() async throws -> [String: JSONValue] {
        let state = try await state().map { key, value in
            // A copy of a Secret is named by its run.
            (
                key.replacing(/isthmus-[0-9]{8}-[0-9]{6}-[a-z0-9]{6}-/, with: "isthmus-RUN-"),
                value.without(["isthmus.dev/run", "clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"])
            )
        }
        return Dictionary(uniqueKeysWithValues: state)
    }

    @TaskLocal static var current: SetupMesh?
}

extension JSONValue {
    /// A role that every API server has.
    fileprivate var isKubernetesOwn: Bool { self["metadata"]?["labels"]?["kubernetes.io/bootstrapping"] != nil }

    fileprivate func without(_ keys: Set<String>) -> JSONValue {
        switch self {
        case .object(let members): .object(members.filter { !keys.contains($0.key) }.mapValues { $0.without(keys) })
        case .array(let elements): .array(elements.map { $0.without(keys) })
        default: self
        }
    }
}

struct SetupMeshTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let mesh = try await SetupMesh()
        defer { mesh.stop() }
        try await SetupMesh.$current.withValue(mesh) { try await function() }
    }
}

extension Trait where Self == SetupMeshTrait {
    /// Starts two clusters for a suite and ends them afterwards.
    static var setupMesh: Self { SetupMeshTrait() }
}
