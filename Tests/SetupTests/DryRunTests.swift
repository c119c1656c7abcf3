import HTTP
import Kubernetes
import Peers
import Testing

@testable import Setup

/// What a real API server says to dry runs, and what is made of it.
@Suite(.serialized, .setupWorld, .timeLimit(.minutes(5))) struct DryRunTests {
    let world: SetupWorld

    init() throws { world = try #require(SetupWorld.current) }

    private func dryRun(takeOver: Set<String> = [], _ client: KubernetesClient? = nil) -> DryRun {
        DryRun(client: client ?? world.admin, cluster: "a", takeOver: takeOver)
    }

    private func map(_ name: String, _ data: JSONValue, namespace: String = "default") -> JSONValue {
        .kubernetes("v1", "ConfigMap", name, namespace: namespace, ["data": data])
    }

    private func apply(_ object: JSONValue, manager: String, force: Bool = false) async throws {
        let path = ObjectReference(cluster: "a", object).path
        _ = try await world.admin.apply(path, object, manager: manager, force: force, as: JSONValue.self)
    }

    @Test func createChangeLeave() async throws {
        let wanted = map("life", ["k": "1"])
        let create = await dryRun().act(.expose, wanted)
        #expect(create.verb == .create && create.uid == "" && create.fields.isEmpty)
        #expect(try await world.object(create.object.path) == nil, "a dry run stores nothing")
        try await apply(wanted, manager: Ownership.manager)
        let leave = await dryRun().act(.expose, wanted)
        #expect(leave.verb == .leave && leave.uid != "" && leave.resourceVersion != "")
        let change = await dryRun().act(.expose, map("life", ["k": "2", "odd.key": "3"]))
        #expect(change.verb == .change && !change.forces)
        #expect(
            change.fields == [
                FieldChange(path: ".data.k", before: "1", after: "2"),
                FieldChange(path: ".data[odd.key]", before: nil, after: "3"),
            ])
    }

    @Test func whatOthersSetIsKept() async throws {
        let service: JSONValue = .kubernetes(
            "v1", "Service", "kept", namespace: "default",
            [
                "spec": [
                    "type": "LoadBalancer", "selector": ["a": "b"],
                    "ports": .array(GatewayPort.all.map { $0.service(nodePort: nil) }),
                ]
            ])
        try await apply(service, manager: Ownership.manager)
        _ = try await world.admin.merge(
            "/api/v1/namespaces/default/services/kept",
            ["metadata": ["annotations": ["x": "y"]], "spec": ["loadBalancerSourceRanges": ["192.0.2.0/24"]]], manager: "admin",
            as: JSONValue.self)
        let act = await dryRun().act(.gateway, service)
        #expect(act.verb == .leave, "\(act.fields)")
        #expect(act.reason == "owner: admin")
    }

    @Test func aConflictNamesFieldAndOwner() async throws {
        try await apply(map("theirs", ["k": "1", "free": "x"]), manager: "argocd")
        let wanted = map("theirs", ["k": "2", "new": "n"])
        let conflict = await dryRun().act(.expose, wanted)
        #expect(conflict.verb == .conflict)
        #expect(conflict.fields == [FieldChange(path: ".data.k", before: "1", after: "2", owner: "argocd")])
        #expect(conflict.reason.contains("argocd"))
        let other = await dryRun(takeOver: [".data.other"]).act(.expose, wanted)
        #expect(other.verb == .conflict)
        let taken = await dryRun(takeOver: [".data.k"]).act(.expose, wanted)
        #expect(taken.verb == .change && taken.forces)
        #expect(taken.fields.map(\.path) == [".data.k", ".data.new"])
    }

    @Test func aListsElementHasItsOwner() async throws {
        func service(_ target: Int64) -> JSONValue {
            .kubernetes(
                "v1", "Service", "ports", namespace: "default",
                [
                    "spec": [
                        "ports": [
                            ["name": "status-port", "port": 15021, "targetPort": 15021, "protocol": "TCP"],
                            ["name": "tls", "port": 15443, "targetPort": .integer(target), "protocol": "TCP"],
                        ]
                    ]
                ])
        }
        try await apply(service(15443), manager: "helm")
        let act = await dryRun().act(.gateway, service(8443))
        #expect(act.fields == [FieldChange(path: ".spec.ports[name=tls].targetPort", before: 15443, after: 8443, owner: "helm")])
    }

    @Test func whatIsImmutableIsSaid() async throws {
        func deployment(_ label: String) -> JSONValue {
            .kubernetes(
                "apps/v1", "Deployment", "fixed", namespace: "default",
                [
                    "spec": [
                        "selector": ["matchLabels": ["a": .string(label)]],
                        "template": [
                            "metadata": ["labels": ["a": .string(label)]],
                            "spec": ["containers": [["name": "c", "image": "i"]]],
                        ],
                    ]
                ])
        }
        try await apply(deployment("x"), manager: Ownership.manager)
        let act = await dryRun().act(.gateway, deployment("y"))
        #expect(act.verb == .refused)
        #expect(act.reason.contains("deleted and made anew"), "\(act.reason)")
    }

    @Test func whoMayNotIsTold() async throws {
        let reader = try world.server.client(token: KubeAPIServer.readerToken, http: world.http)
        let act = await dryRun(reader).act(.expose, map("secret-less", [:]))
        #expect(act.verb == .refused)
        #expect(act.reason.contains("not allowed") && act.reason.contains("reader"), "\(act.reason)")
        let permissions = await Permissions.ask(reader, Permissions.needed(for: [act], steps: SetupStep.allCases))
        #expect(permissions.map(\.verb).sorted() == ["create", "get", "patch"] && permissions.allSatisfy { $0.allowed == false })
        let granted = await Permissions.ask(world.admin, permissions)
        #expect(granted.allSatisfy { $0.allowed == true })
    }

    /// Who is no administrator is asked for the role's rights, and the role is not there yet.
    @Test func aBindingWhoseRoleIsMadeBeforeIt() async throws {
        try await world.make(
            .kubernetes(
                "rbac.authorization.k8s.io/v1", "ClusterRole", "installer", namespace: nil,
                [
                    "rules": [
                        [
                            "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"],
                            "verbs": ["get", "create", "patch"],
                        ],
                        ["apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]],
                    ]
                ]))
        try await world.make(
            .kubernetes(
                "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "installer", namespace: nil,
                [
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "installer"],
                    "subjects": [["kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "readers"]],
                ]))
        let reader = try world.server.client(token: KubeAPIServer.readerToken, http: world.http)
        let objects = GatewayManifests.objects(
            GatewayWish(meshID: "m", network: "n", revision: ""), GatewayAPIs(autoscaling: nil, policy: nil))
        let binding = try #require(objects.first { $0["kind"] == "RoleBinding" })
        // The authorizer learns of the new rights by a watch.
        var act = await dryRun(reader).act(.gateway, binding)
        let end = ContinuousClock.now + .seconds(20)
        while act.verb != .create, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            act = await dryRun(reader).act(.gateway, binding)
        }
        #expect(act.verb == .create && act.reason == "after its Role", "\(act.reason)")
    }

    @Test func aNamespaceThatGoes() async throws {
        try await world.make(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "going"]])
        // No controller runs: it stays in this state.
        try await world.admin.delete("/api/v1/namespaces/going")
        let act = await dryRun().act(.expose, map("late", [:], namespace: "going"))
        #expect(act.verb == .refused)
        #expect(act.reason.contains("being deleted"), "\(act.reason)")
        let missing = await dryRun().act(.expose, map("late", [:], namespace: "never"))
        #expect(missing.verb == .refused && missing.reason.contains("does not know the namespace"), "\(missing.reason)")
    }

    @Test func anObjectThatGoes() async throws {
        var object = map("hanging", [:]).object ?? [:]
        object["metadata"] = ["name": "hanging", "namespace": "default", "finalizers": ["example.com/never"]]
        try await world.make(.object(object))
        try await world.admin.delete("/api/v1/namespaces/default/configmaps/hanging")
        let act = await dryRun().act(.expose, map("hanging", ["k": "v"]))
        #expect(act.verb == .refused && act.reason.contains("finalizers"), "\(act.reason)")
    }

    @Test func aQuotaThatIsUsedUp() async throws {
        try await world.make(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "full"]])
        let quota = try await world.make(
            .kubernetes("v1", "ResourceQuota", "q", namespace: "full", ["spec": ["hard": ["configmaps": "0"]]]))
        var counted = quota.object ?? [:]
        counted["status"] = ["hard": ["configmaps": "0"], "used": ["configmaps": "0"]]
        _ = try await world.admin.send(
            .init(
                "PUT", "/api/v1/namespaces/full/resourcequotas/q/status", contentType: "application/json",
                body: try JSONValue.object(counted).encoded()))
        // The server's quota cache learns of it by a watch.
        var act = await dryRun().act(.expose, map("one-more", [:], namespace: "full"))
        let end = ContinuousClock.now + .seconds(20)
        while act.verb == .create, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            act = await dryRun().act(.expose, map("one-more", [:], namespace: "full"))
        }
        #expect(act.verb == .refused && act.reason.contains("ResourceQuota"), "\(act.reason)")
    }

    private func webhook(_ name: String, version: String, sideEffects: String) async throws {
        try await world.make([
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name), "labels": ["hook": .string(name)]],
        ])
        try await world.make(
            .kubernetes(
                "admissionregistration.k8s.io/\(version)", "ValidatingWebhookConfiguration", name, namespace: nil,
                [
                    "webhooks": [
                        [
                            "name": .string("\(name).example.com"), "clientConfig": ["url": "https://127.0.0.1:1/x"],
                            "rules": [
                                ["operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]]
                            ],
                            "sideEffects": .string(sideEffects), "admissionReviewVersions": ["v1", "v1beta1"],
                            "failurePolicy": "Fail", "timeoutSeconds": 2,
                            "namespaceSelector": ["matchLabels": ["hook": .string(name)]],
                        ]
                    ]
                ]))
    }

    private func refused(in namespace: String) async throws -> Act {
        var act = await dryRun().act(.expose, map("m", [:], namespace: namespace))
        let end = ContinuousClock.now + .seconds(20)
        while act.verb == .create, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            act = await dryRun().act(.expose, map("m", [:], namespace: namespace))
        }
        return act
    }

    @Test func aWebhookThatIsDown() async throws {
        try await webhook("down", version: "v1", sideEffects: "None")
        let act = try await refused(in: "down")
        #expect(
            act.verb == .refused && act.reason.contains("does not answer") && act.reason.contains("down.example.com"),
            "\(act.reason)")
    }

    @Test func aWebhookThatTakesNoPartInDryRuns() async throws {
        try await webhook("blind", version: "v1beta1", sideEffects: "Some")
        let act = try await refused(in: "blind")
        #expect(act.verb == .unknown && act.reason.contains("cannot be told beforehand"), "\(act.reason)")
    }

    /// Every kind that Setup writes has the URL that the server's discovery gives it.
    @Test func urlsAreTheServers() async throws {
        let groups = try await world.admin.apiGroups()
        let objects =
            GatewayManifests.objects(GatewayWish(meshID: "m", network: "n", revision: ""), GatewayAPIs(groups))
            + [NetworkManifest.namespace(network: "n"), RemoteSecretManifest.token(meshID: "m")]
        #expect(objects.count == 9)
        for object in objects {
            let reference = ObjectReference(cluster: "a", object)
            let resource = reference.resource
            let path = resource.group.isEmpty ? "/api/\(resource.version)" : "/apis/\(resource.group)/\(resource.version)"
            let known = try await world.admin.get(path, as: JSONValue.self)["resources"]?.array ?? []
            #expect(
                known.contains { $0["name"]?.string == resource.name && $0["kind"]?.string == reference.kind },
                "\(reference.kind) as \(resource.name)")
        }
    }
}
