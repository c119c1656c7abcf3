import Foundation
import Kubernetes
import Peers
import Testing

@testable import Setup

/// Manifests as files.
@Suite struct RenderTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "isthmus-render-\(UUID().uuidString)")
    }

    private static func plan(_ clusters: [String] = ["east", "west/2"]) -> SetupPlan {
        var plan = PlanFileTests.plan()
        plan.clusters = clusters.map { name in
            let wish = GatewayWish(meshID: "proj-1", network: "yes", revision: "asm-1246-9")
            let objects =
                [(SetupStep.network, NetworkManifest.namespace(network: "123"))]
                + GatewayManifests.objects(wish, GatewayAPIs(autoscaling: "v2", policy: "v1")).map { (.gateway, $0) }
                + [(.expose, ExposeManifest.gateway(version: "v1alpha3", hosts: ["*.local"], meshID: "proj-1"))]
                + [(.discovery, RemoteSecretManifest.token(meshID: "proj-1"))]
            var acts = objects.map {
                Act(step: $0, object: ObjectReference(cluster: name, $1), verb: .create, desired: $1)
            }
            let secret = RemoteSecretManifest.secret(clusterID: "cn-other", meshID: "proj-1")
            acts.append(
                Act(
                    step: .discovery, object: ObjectReference(cluster: name, secret), verb: .create, desired: secret,
                    secret: RemoteSecretSource(cluster: "other", clusterID: "cn-other", server: "https://o", serviceAccount: "a"))
            )
            return ClusterPlan(name: name, uid: "u", server: "https://s", acts: acts)
        }
        return plan
    }

    /// Whoever reads a file gets the object, texts that look like numbers and words included.
    @Test func filesAreTheObjects() throws {
        let plan = Self.plan(["east"])
        let rendering = try Rendering(plan)
        let manifests = rendering.files.filter { $0.path.hasSuffix(".yaml") }
        #expect(manifests.count == plan.acts.count - 1)
        let read = try manifests.map { try #require(try PositionedYAML.read(Data($0.text.utf8), file: $0.path)).json }
        #expect(read == plan.acts.filter { $0.secret == nil }.map(\.desired), "in the order of applying")
        #expect(manifests.allSatisfy { $0.text.hasPrefix("apiVersion: ") })
        #expect(manifests.first?.text.contains("topology.istio.io/network: '123'") == true)
    }

    @Test func namesAreStableAndSorted() throws {
        let paths = try Rendering(Self.plan()).files.map(\.path)
        let again = try Rendering(Self.plan()).files.map(\.path)
        #expect(paths == paths.sorted() && paths == again)
        #expect(paths.contains("east/10-network-00-namespace-istio-system.yaml"))
        #expect(paths.contains("west_2/20-gateway-05-service-istio-eastwestgateway.yaml"), "\(paths)")
        #expect(paths.contains("east/40-discovery-remote-secrets.txt") && paths.contains("README.txt"))
        #expect(!paths.contains { $0.contains("cn-other") })
    }

    @Test func remoteSecretsAreNamedAndNotMade() throws {
        let rendering = try Rendering(Self.plan(["east"]))
        let note = try #require(rendering.files.first { $0.path.hasSuffix("remote-secrets.txt") })
        #expect(note.text.contains("istio-remote-secret-cn-other") && note.text.contains("hold tokens"))
        #expect(rendering.notes == ["east: 1 remote secrets are not rendered: they hold tokens"])
    }

    @Test func whatOthersKeepIsNotRendered() throws {
        var plan = Self.plan(["east"])
        plan.clusters[0].acts[4].verb = .leave
        plan.clusters[0].acts[4].reason = "as wanted, installed by istioctl"
        let rendering = try Rendering(plan)
        #expect(!rendering.files.contains { $0.path.contains("deployment") })
        #expect(rendering.notes.contains { $0.contains("Deployment") && $0.contains("istioctl") })
    }

    @Test func secondTimeWritesNothing() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let rendering = try Rendering(Self.plan())
        #expect(try RenderFolder(folder).write(rendering) == rendering.files.count)
        #expect(try RenderFolder(folder).write(rendering) == 0)
        // A cluster that is no longer declared goes.
        #expect(try RenderFolder(folder).write(Rendering(Self.plan(["east"]))) == 0)
        #expect(
            !FileManager.default.fileExists(
                atPath: folder.appending(path: "west_2/10-network-00-namespace-istio-system.yaml").path))
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "none"
        } catch { return "\(error)" }
    }

    @Test func whatOthersWroteIsNeverOverwritten() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "east/30-expose-08-gateway-cross-network-gateway.yaml")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: file)
        let rendering = try Rendering(Self.plan(["east"]))
        #expect(refusal { _ = try RenderFolder(folder).write(rendering) }.contains("isthmus did not write it"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["east"], "nothing was written")
        try FileManager.default.removeItem(at: file)
        _ = try RenderFolder(folder).write(rendering)
        try Data("changed".utf8).write(to: file)
        #expect(refusal { _ = try RenderFolder(folder).write(rendering) }.contains("somebody changed it"))
        // Also where it would only be removed.
        #expect(
            refusal { _ = try RenderFolder(folder).write(try Rendering(Self.plan(["west"]))) }.contains("somebody changed it"))
        #expect(try Data(contentsOf: file) == Data("changed".utf8))
    }

    @Test func linksAreNotFollowed() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "east"), withDestinationURL: FileManager.default.temporaryDirectory)
        #expect(refusal { _ = try RenderFolder(folder).write(try Rendering(Self.plan(["east"]))) }.contains("symbolic link"))
    }

    @Test func aListThatSomebodyForged() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("{\"../../etc/passwd\": \"x\"}".utf8).write(to: folder.appending(path: ".isthmus-render.json"))
        #expect(refusal { _ = try RenderFolder(folder).write(try Rendering(Self.plan(["east"]))) }.contains("not the list"))
    }
}
