import Foundation
import HTTP
import Kubernetes
import Mesh
import Peers
import Testing

@testable import Setup

/// What istiods of other clusters may read, as a real API server's authorizer says.
@Suite(.serialized, .setupWorld, .timeLimit(.minutes(5))) struct ReaderRightsTests {
    let world: SetupWorld
    private static let api = "/apis/rbac.authorization.k8s.io/v1"

    init() throws { world = try #require(SetupWorld.current) }

    private func look(_ client: KubernetesClient? = nil) async -> ReaderRights {
        await ReaderRights.look(DryRun(client: client ?? world.admin, cluster: "a", takeOver: []), meshID: "proj-1")
    }

    private func withIstiosRole(_ body: () async throws -> Void) async throws {
        try await world.makeIstiosReaderRole()
        try await untilHeard(allowed: true)
        try await body()
        for kind in ["clusterroles", "clusterrolebindings"] {
            try await world.remove("\(Self.api)/\(kind)/istio-reader-clusterrole-r-istio-system")
        }
        try await untilHeard(allowed: false)
    }

    /// The authorizer hears of a role a moment after it is stored.
    private func untilHeard(allowed: Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        let account = "system:serviceaccount:istio-system:istio-reader-service-account"
        while try await world.admin.may(account, groups: [], AccessQuestion("list", "pods")).allowed != allowed {
            try #require(ContinuousClock.now < end, "the authorizer did not hear of it")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func whereIstiosRoleIsThereNothingIsMade() async throws {
        try await withIstiosRole {
            let rights = await look()
            #expect(rights.acts == [] && rights.findings == [])
        }
    }

    @Test func whereNobodyGivesThemIsthmusDoes() async throws {
        let rights = await look()
        #expect(
            rights.acts.map(\.line) == [
                "create ClusterRole isthmus-istio-reader", "create ClusterRoleBinding isthmus-istio-reader",
            ]
        )
        #expect(
            rights.acts.first?.reason
                == "the reader may not list pods, services, endpoints and 7 more, watch pods, services, endpoints and 7 more")
        #expect(
            rights.findings.map(\.severity) == [.note]
                && rights.findings.first?.text.contains("Secrets of every namespace") == true)
        let labels = rights.acts.first?.desired["metadata"]?["labels"]
        #expect(labels?["app.kubernetes.io/managed-by"] == "isthmus" && labels?["isthmus.dev/mesh"] == "proj-1")

        for act in rights.acts {
            _ = try await world.admin.apply(act.object.path, act.desired, manager: Ownership.manager, as: JSONValue.self)
        }
        try await untilHeard(allowed: true)
        let again = await look()
        #expect(again.acts.map(\.verb) == [.leave, .leave] && again.findings == [], "\(again)")
        for act in rights.acts { try await world.remove(act.object.path) }
        try await untilHeard(allowed: false)
    }

    /// After an update of istiod: the role is there, and older than what istiod reads now.
    @Test func aRoleThatLacksOneResource() async throws {
        try await withIstiosRole {
            let path = "\(Self.api)/clusterroles/istio-reader-clusterrole-r-istio-system"
            let rule: JSONValue = [
                "apiGroups": ["", "apps", "gateway.networking.k8s.io", "apiextensions.k8s.io"],
                "resources": [
                    "pods", "services", "endpoints", "nodes", "namespaces", "secrets", "replicasets", "gateways",
                    "customresourcedefinitions",
                ], "verbs": ["get", "list", "watch"],
            ]
            _ = try await world.admin.merge(path, ["rules": [rule]], manager: "test", as: JSONValue.self)
            let end = ContinuousClock.now + .seconds(20)
            var rights = await look()
            while rights.acts.isEmpty, ContinuousClock.now < end { rights = await look() }
            #expect(
                rights.acts.first?.reason
                    == "the reader may not list endpointslices.discovery.k8s.io, watch endpointslices.discovery.k8s.io")
        }
    }

    @Test func whoMayNotAskLearnsNothing() async throws {
        let rights = await look(try world.server.client(token: KubeAPIServer.readerToken, http: world.http))
        #expect(rights.acts == [] && rights.findings.map(\.severity) == [.unknown])
        #expect(rights.findings.first?.text.contains("was not told") == true)
        #expect(rights.findings.first?.remedy.contains("subjectaccessreviews") == true)
    }

    /// Who gives a role must have its rights: all of them are asked for.
    @Test func permissionsOfItsAct() async throws {
        let acts = await look().acts
        let needed = Permissions.needed(for: acts, steps: [.discovery])
        for (group, names) in ReaderRole.resources {
            for name in names {
                for verb in ["get", "list", "watch"] {
                    #expect(needed.contains { ($0.verb, $0.group, $0.resource, $0.namespace) == (verb, group, name, "") })
                }
            }
        }
        #expect(needed.contains { $0.verb == "create" && $0.resource == "clusterrolebindings" })
    }
}
