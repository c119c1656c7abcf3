import Facts
import Foundation
import Judge
import Kubernetes
import Mesh
import Peers
import Secrecy
import Testing

@testable import Setup

/// Plans for two clusters whose API is one real server: what each finds there, the other finds, too.
@Suite(.serialized, .setupWorld, .timeLimit(.minutes(5))) struct PlannerTests {
    let world: SetupWorld
    private static let secrets = "/api/v1/namespaces/istio-system/secrets"

    init() throws { world = try #require(SetupWorld.current) }

    private func planner(_ mesh: MeshDeclaration = SeenBuilder.mesh(), _ change: (inout SetupOptions) -> Void = { _ in })
        -> Planner
    {
        var options = SetupOptions()
        change(&options)
        let clients = Dictionary(uniqueKeysWithValues: mesh.clusters.map { ($0.name, world.admin) })
        return Planner(mesh: mesh, options: options, clients: clients, version: "1")
    }

    private func plan(
        _ seen: SeenBuilder? = nil, _ mesh: MeshDeclaration = SeenBuilder.mesh(),
        _ change: (inout SetupOptions) -> Void = { _ in }
    ) async throws -> SetupPlan {
        let snapshot = try (seen ?? SeenBuilder()).snapshot()
        return try await planner(mesh, change).plan(snapshot, SeenBuilder.judged(snapshot), now: 1_800_000_000)
    }

    /// Gives the server an Istio of its own kind, and takes it away again.
    private func withGatewayKind(_ body: () async throws -> Void) async throws {
        try await world.defineGateways()
        try await body()
    }

    private func apply(_ act: Act) async throws {
        _ = try await world.admin.apply(
            act.object.path, act.desired, manager: Ownership.manager, force: act.forces, as: JSONValue.self)
    }

    private func clear(_ plan: SetupPlan) async throws {
        for act in plan.acts where act.object.kind != "Namespace" { try await world.remove(act.object.path) }
        _ = try? await world.admin.merge(
            "/api/v1/namespaces/istio-system", ["metadata": ["labels": [MeshConstants.networkLabel: .null]]], manager: "test",
            as: JSONValue.self)
    }

    @Test func bareClustersThenAsWanted() async throws {
        try await withGatewayKind {
            let before = try await plan { $0.steps = [.network, .gateway, .expose] }
            let east = try #require(before.clusters.first)
            #expect(
                east.acts.map(\.line) == [
                    "change Namespace istio-system",
                    "create ServiceAccount istio-system/istio-eastwestgateway-service-account",
                    "create Role istio-system/istio-eastwestgateway-sds",
                    "create RoleBinding istio-system/istio-eastwestgateway-sds",
                    "create Deployment istio-system/istio-eastwestgateway",
                    "create Service istio-system/istio-eastwestgateway",
                    "create HorizontalPodAutoscaler istio-system/istio-eastwestgateway",
                    "create PodDisruptionBudget istio-system/istio-eastwestgateway",
                    "create Gateway istio-system/cross-network-gateway",
                ])
            #expect(
                east.acts.first?.fields == [
                    FieldChange(path: ".metadata.labels[topology.istio.io/network]", before: nil, after: "net-a")
                ])
            #expect(east.permissions.count > 20 && east.permissions.allSatisfy { $0.allowed == true })
            #expect(east.waits.map(\.condition) == [.podsReady, .addressAssigned, .portAnswers])
            // No injector runs in this server.
            let proof = try #require(east.gates.first { $0.check == InjectionProof.gate })
            #expect(proof.status == .fail && proof.message.contains("\"auto\""), "\(proof.message)")
            #expect(before.outcome == .stopped && before.outcome.exitCode == 3)

            for act in east.acts { try await apply(act) }
            let after = try await plan { $0.steps = [.network, .gateway, .expose] }
            #expect(after.clusters.first?.acts.allSatisfy { $0.verb == .leave } == true, "\(after.acts.map(\.line))")
            #expect(after.clusters.first?.permissions == [])
            #expect(before.whatMoved(after).contains { $0.words.contains("was made since the plan") })
            #expect(before.whatMoved(before) == [])
            try await clear(before)
        }
    }

    @Test func aServerWithoutIstiosKinds() async throws {
        try await world.remove("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.networking.istio.io")
        let end = ContinuousClock.now + .seconds(20)
        while try await world.admin.apiGroups().has("networking.istio.io"), ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
        }
        let plan = try await plan { $0.steps = [.expose] }
        #expect(plan.acts.map(\.verb) == [.refused, .refused])
        #expect(plan.acts.first?.reason.contains("CustomResourceDefinitions are not installed") == true)
    }

    @Test func aNetworkThatIsStatedIsNeverOverwritten() async throws {
        _ = try await world.admin.merge(
            "/api/v1/namespaces/istio-system", ["metadata": ["labels": [MeshConstants.networkLabel: "old"]]],
            // Even where nobody else owns the field.
            manager: Ownership.manager, as: JSONValue.self)
        let plan = try await plan(SeenBuilder(label: "old")) { $0.steps = [.network] }
        #expect(plan.acts.map(\.verb) == [.conflict, .conflict])
        let finding = try #require(plan.findings.first { $0.cluster == "a" })
        #expect(finding.severity == .error && finding.text.contains("old") && finding.text.contains("never overwritten"))
        try await clear(plan)
    }

    private func istioctls(network: String) async throws {
        let labels: [String: JSONValue] = [
            "operator.istio.io/managed": "Reconcile", "operator.istio.io/version": "1.24.6-asm.9",
            "app.kubernetes.io/managed-by": "Helm",
        ]
        let selector: JSONValue = [
            "app": "istio-eastwestgateway", "istio": "eastwestgateway", "topology.istio.io/network": .string(network),
        ]
        var pod = selector.object ?? [:]
        pod["istio.io/rev"] = "r"
        let proxy: JSONValue = [
            "name": "istio-proxy", "image": "auto",
            "env": [["name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": .string(network)]],
        ]
        try await world.make(
            .kubernetes(
                "apps/v1", "Deployment", "istio-eastwestgateway", labels: labels,
                [
                    "spec": [
                        "selector": ["matchLabels": selector],
                        "template": ["metadata": ["labels": .object(pod)], "spec": ["containers": [proxy]]],
                    ]
                ]), manager: "istio-operator")
        try await world.make(
            .kubernetes(
                "v1", "Service", "istio-eastwestgateway",
                labels: labels.merging([MeshConstants.networkLabel: .string(network)]) { $1 },
                [
                    "spec": [
                        "type": "LoadBalancer", "selector": selector,
                        "ports": .array(GatewayPort.all.map { $0.service(nodePort: nil) }),
                    ]
                ]), manager: "istio-operator")
    }

    @Test func whatIstioctlInstalledIsLeftOrNamed() async throws {
        try await istioctls(network: "net-a")
        let plan = try await plan { $0.steps = [.gateway] }
        let (good, bad) = (plan.clusters[0], plan.clusters[1])
        #expect(good.acts.allSatisfy { $0.verb == .leave && $0.reason.contains("istioctl 1.24.6-asm.9") })
        #expect(good.acts.count == 7 && !good.gates.contains { $0.check == InjectionProof.gate })
        // The same objects are of another network than cluster b is.
        #expect(bad.acts.allSatisfy { $0.verb == .conflict })
        let finding = try #require(plan.findings.first { $0.cluster == "b" && $0.text.contains("istioctl") })
        #expect(finding.severity == .error && finding.text.contains("env[name=ISTIO_META_REQUESTED_NETWORK_VIEW]"))

        let guides = try await self.plan { ($0.steps, $0.installer) = ([.gateway], .istioctl) }
        #expect(guides.acts.map(\.line) == ["leave IstioOperator eastwest", "change IstioOperator eastwest"])
        try await clear(plan)
        let anew = try await self.plan { ($0.steps, $0.installer) = ([.gateway], .istioctl) }
        #expect(anew.acts.map(\.line) == ["create IstioOperator eastwest", "create IstioOperator eastwest"])
    }

    private static let token = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.PLANTED"

    private static let authority = String(decoding: KubeAPIServer.authority.certificatePEM, as: UTF8.self)

    private func tokenSecret() async throws {
        let made = try await world.object("\(Self.secrets)/\(RemoteSecretManifest.tokenSecret)")
        if made != nil { return }
        try await world.makeIstiosReaderRole()
        try await world.make(.kubernetes("v1", "ServiceAccount", RemoteSecretManifest.serviceAccount))
        try await world.make(
            .kubernetes(
                "v1", "Secret", RemoteSecretManifest.tokenSecret,
                annotations: [RemoteSecretManifest.accountAnnotation: .string(RemoteSecretManifest.serviceAccount)],
                [
                    "type": .string(RemoteSecretManifest.tokenType),
                    "stringData": ["ca.crt": .string(Self.authority), "token": .string(Self.token)],
                ]))
    }

    private func remoteSecret(_ id: String, token: String, manager: String) async throws {
        let source = RemoteSecretSource(
            cluster: "b", clusterID: id, server: world.admin.access.server.url,
            serviceAccount: RemoteSecretManifest.serviceAccount)
        var secret = RemoteSecretManifest.secret(clusterID: id, meshID: "proj-1").object ?? [:]
        let text = RemoteSecretManifest.kubeconfig(source, authority: Data(Self.authority.utf8), token: .init(token)).revealed
        secret["stringData"] = .object([id: .string(text)])
        try await world.remove("\(Self.secrets)/istio-remote-secret-\(id)")
        try await world.make(.object(secret), manager: manager)
    }

    @Test func remoteSecrets() async throws {
        let (a, b) = ("cn-fleet-global-a", "cn-fleet-global-b")
        let nothing = try await plan { $0.steps = [.discovery] }
        #expect(
            nothing.clusters[0].acts.map(\.line) == [
                "create ServiceAccount istio-system/istio-reader-service-account",
                "create Secret istio-system/istio-reader-service-account-istio-remote-secret-token",
                "create ClusterRole isthmus-istio-reader", "create ClusterRoleBinding isthmus-istio-reader",
                "create Secret istio-system/istio-remote-secret-\(b)",
            ])
        #expect(nothing.clusters[0].waits.map(\.condition) == [.tokenIssued, .peersSynced])
        let source = try #require(nothing.clusters[0].acts.last?.secret)
        #expect(source.cluster == "b" && source.clusterID == b && source.server == world.admin.access.server.url)

        try await tokenSecret()
        try await remoteSecret(b, token: Self.token, manager: "kubectl")
        try await remoteSecret(a, token: "another.token.PLANTED", manager: "kubectl")
        let mixed = try await plan { $0.steps = [.discovery] }
        #expect(mixed.clusters[0].acts.map(\.line) == ["leave Secret istio-system/istio-remote-secret-\(b)"])
        #expect(mixed.clusters[1].acts.map(\.line) == ["conflict Secret istio-system/istio-remote-secret-\(a)"])
        let field = try #require(mixed.clusters[1].acts[0].fields.first { $0.path == ".data.\(a)" })
        #expect(field.owner == "kubectl")
        let taken = try await plan { ($0.steps, $0.takeOver) = ([.discovery], [".data.\(a)"]) }
        #expect(taken.clusters[1].acts.first?.verb == .change && taken.clusters[1].acts.first?.forces == true)

        // Our own is changed without asking.
        try await remoteSecret(a, token: "another.token.PLANTED", manager: Ownership.manager)
        let ours = try await plan { $0.steps = [.discovery] }
        #expect(ours.clusters[1].acts.map(\.verb) == [.change] && !ours.clusters[1].acts[0].forces)

        for made in [nothing, mixed, taken, ours] {
            let text = String(decoding: try PlanFile.encode(made), as: UTF8.self)
            #expect(!text.contains("PLANTED") && !text.contains("UExBTlRFR"))
        }
        for id in [a, b] { try await world.remove("\(Self.secrets)/istio-remote-secret-\(id)") }
    }

    /// One more cluster beside two that are joined already: only what is new is written.
    @Test func oneMoreCluster() async throws {
        try await tokenSecret()
        for name in ["a", "b"] { try await remoteSecret("cn-fleet-global-\(name)", token: Self.token, manager: "kubectl") }
        let names = ["a", "b", "c"]
        let plan = try await plan(SeenBuilder(names), SeenBuilder.mesh(names)) { $0.steps = [.discovery] }
        #expect(plan.acts.filter { $0.secret != nil }.count == 6)
        #expect(
            plan.acts.filter { $0.verb != .leave }.map(\.id).allSatisfy { $0.hasSuffix("istio-remote-secret-cn-fleet-global-c") })
        #expect(plan.acts.filter { $0.verb == .create }.map(\.object.cluster) == ["a", "b"])
        for name in ["a", "b"] { try await world.remove("\(Self.secrets)/istio-remote-secret-cn-fleet-global-\(name)") }
    }

    /// Tokens of every cluster would go to whoever stands in between.
    @Test func aKubeconfigThatDoesNotVerify() async throws {
        let insecure = "{server: https://127.0.0.1:\(world.server.port), insecure-skip-tls-verify: true}"
        let text = """
            apiVersion: v1
            kind: Config
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: \(insecure)}]
            users: [{name: u, user: {token: \(KubeAPIServer.adminToken)}}]
            """
        let access = try Kubeconfig.parse(Data(text.utf8), name: "config").resolve()
        let client = KubernetesClient(access: access, http: world.http, plugins: ExecCache(trust: ExecTrust()))
        var options = SetupOptions()
        options.steps = [.network]
        let snapshot = try SeenBuilder(["a"]).snapshot()
        let plan = try await Planner(mesh: SeenBuilder.mesh(["a"]), options: options, clients: ["a": client], version: "1")
            .plan(snapshot, SeenBuilder.judged(snapshot), now: 0)
        let finding = try #require(plan.findings.first)
        #expect(finding.severity == .error && finding.text.contains("insecure-skip-tls-verify"))
    }

    /// Secrets carry the address that is declared for others, and the plan says what is known of it.
    @Test func theAddressThatIsDeclaredForOthers() async throws {
        try await tokenSecret()
        var mesh = SeenBuilder.mesh()
        mesh.clusters[1].remoteServer = "https://10.20.0.5"
        var seen = try SeenBuilder()
        func reach(_ outcome: FactValue, at address: FactValue) {
            seen.batch.rows.removeAll { $0.table == "pod_reachability" }
            seen.add(
                "pod_reachability",
                ["source": "a", "target": "b", "kind": "control-plane", "address": address, "outcome": outcome])
        }
        func act() async throws -> Act {
            try #require(try await plan(seen, mesh) { $0.steps = [.discovery] }.clusters[0].acts.last)
        }

        #expect(try await act().secret?.server == "https://10.20.0.5")
        #expect(try await act().reason == "not proved: no pod of a tried it")
        reach("ok", at: "10.20.0.5:443")
        #expect(try await act().reason == "proved from a pod of a")
        reach("timed-out", at: "10.20.0.5:443")
        #expect(try await act().reason == "a pod of a did not reach it")
        // What was seen of another address proves nothing of this one.
        reach("ok", at: "b.test:6443")
        #expect(try await act().reason == "not proved: no pod of a tried it")
    }

    /// A Secret that leads elsewhere than is declared is not what is wanted, although it works.
    @Test func aSecretWithAnotherAddressThanIsDeclared() async throws {
        try await tokenSecret()
        let id = "cn-fleet-global-b"
        try await remoteSecret(id, token: Self.token, manager: Ownership.manager)
        var mesh = SeenBuilder.mesh()
        mesh.clusters[1].remoteServer = "https://10.20.0.5"
        let act = try #require(try await plan(nil, mesh) { $0.steps = [.discovery] }.clusters[0].acts.last)
        #expect(act.verb == .change && act.fields.first?.after == "a kubeconfig for https://10.20.0.5", "\(act)")
        try await world.remove("\(Self.secrets)/istio-remote-secret-\(id)")
    }

    @Test func aSecretThatWorksIsLeft() async throws {
        try await tokenSecret()
        let id = "cn-fleet-global-b"
        try await remoteSecret(id, token: "one.that.works", manager: "kubectl")
        var seen = try SeenBuilder()
        let (key, secret) = (FactValue.text(id), FactValue.text("istio-remote-secret-\(id)"))
        seen.add(
            "remote_secret",
            [
                "cluster": "a", "secret": secret, "key": key, "target": "b", "target_evidence": "kube-system UID", "labelled": 1,
                "refused": "",
            ])
        seen.add("remote_secret_probe", ["cluster": "a", "secret": secret, "key": key, "outcome": "answered"])
        let act = try #require(try await plan(seen) { $0.steps = [.discovery] }.clusters.first?.acts.first)
        #expect(act.verb == .leave && act.reason.contains("opens it already"), "\(act.line) \(act.reason)")
        try await world.remove("\(Self.secrets)/istio-remote-secret-\(id)")
    }
}
