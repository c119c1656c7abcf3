import Foundation
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Setup

/// What a cluster around a bare API server does for setup: it fills token Secrets, calls Deployments ready, and gives Services
/// addresses.
final class SetupHands: Sendable {
    enum Behaviour: Sendable {
        case works
        /// The Service gets no address, and this event.
        case withholdsAddress(reason: String, message: String)
        case makesNoToken
    }

    private let world: SetupWorld
    private let tasks = Mutex<[Task<Void, Never>]>([])
    private let behaviour = Mutex(Behaviour.works)
    /// What the token controller would sign; in no journal, plan or output may it be found.
    static let token = "eyJhbGciOiJub25lIn0.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"

    init(_ world: SetupWorld) {
        self.world = world
        let space = "/api/v1/namespaces/istio-system"
        tasks.withLock {
            $0 = [
                follow("\(space)/secrets") { try await self.fill($0) },
                follow("/apis/apps/v1/namespaces/istio-system/deployments") { try await self.ready($0) },
                follow("\(space)/services") { try await self.assign($0) },
            ]
        }
    }

    func stop() { tasks.withLock { $0.forEach { $0.cancel() } } }

    func behave(_ new: Behaviour) { behaviour.withLock { $0 = new } }

    private func follow(_ path: String, _ work: @escaping @Sendable (JSONValue) async throws -> Void) -> Task<Void, Never> {
        Task { [admin = world.admin] in
            while !Task.isCancelled {
                do {
                    for try await event in admin.watch(path, as: JSONValue.self, deadline: .seconds(600)) {
                        switch event {
                        case .all(let all): for object in all { try? await work(object) }
                        case .added(let object), .modified(let object): try? await work(object)
                        case .deleted: break
                        }
                    }
                } catch {}
            }
        }
    }

    private func patch(_ object: JSONValue, _ resource: String, _ change: JSONValue) async throws {
        let name = object["metadata"]?["name"]?.string ?? ""
        _ = try await world.admin.merge("\(resource)/\(name)", change, manager: "kube-controller-manager", as: JSONValue.self)
    }

    private func fill(_ secret: JSONValue) async throws {
        if case .makesNoToken = behaviour.withLock({ $0 }) { return }
        guard secret["type"]?.string == "kubernetes.io/service-account-token", secret["data"]?["token"] == nil else { return }
        let data: JSONValue = [
            "token": .string(Data(Self.token.utf8).base64EncodedString()),
            "ca.crt": .string(KubeAPIServer.authority.certificatePEM.base64EncodedString()),
        ]
        try await patch(secret, "/api/v1/namespaces/istio-system/secrets", ["data": data])
    }

    private func ready(_ deployment: JSONValue) async throws {
        let generation = deployment["metadata"]?["generation"] ?? 1
        guard deployment["status"]?["observedGeneration"] != generation else { return }
        let name = deployment["metadata"]?["name"]?.string ?? "", one: JSONValue = 1
        let status: JSONValue = [
            "observedGeneration": generation, "replicas": one, "updatedReplicas": one, "availableReplicas": one,
            "readyReplicas": one,
        ]
        _ = try await world.admin.merge(
            "/apis/apps/v1/namespaces/istio-system/deployments/\(name)/status", ["status": status],
            manager: "kube-controller-manager",
            as: JSONValue.self)
    }

    private func assign(_ service: JSONValue) async throws {
        guard service["spec"]?["type"]?.string == "LoadBalancer", service["status"]?["loadBalancer"]?["ingress"] == nil,
            let name = service["metadata"]?["name"]?.string
        else { return }
        if case .withholdsAddress(let reason, let message) = behaviour.withLock({ $0 }) {
            let event: JSONValue = [
                "apiVersion": "v1", "kind": "Event", "metadata": ["namespace": "istio-system", "name": .string("\(name).1")],
                "involvedObject": [
                    "kind": "Service", "namespace": "istio-system", "name": .string(name),
                    "uid": service["metadata"]?["uid"] ?? "",
                ], "reason": .string(reason), "message": .string(message), "type": "Warning",
                "lastTimestamp": "2026-11-23T05:00:00Z",
            ]
            _ = try? await world.make(event)
            return
        }
        _ = try await world.admin.merge(
            "/api/v1/namespaces/istio-system/services/\(name)/status",
            ["status": ["loadBalancer": ["ingress": [["ip": "127.0.0.1"]]]]], manager: "kube-controller-manager",
            as: JSONValue.self)
    }
}
