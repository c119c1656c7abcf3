import Foundation
import Kubernetes
import Peers
import Testing

@testable import Setup

/// What `isthmus rbac --setup` prints, given to somebody who may do nothing else, in two real API servers.
@Suite(.serialized, .setupMesh, .timeLimit(.minutes(10))) struct RolesTests {
    let mesh: SetupMesh
    let folder: Folder
    let place: JournalPlace
    private static let api = "/apis/rbac.authorization.k8s.io/v1"
    private static let system = "\(api)/namespaces/istio-system"

    init() throws {
        mesh = try #require(SetupMesh.current)
        folder = try Folder()
        place = JournalPlace(mesh: "proj-1", environment: ["XDG_STATE_HOME": folder.path("state")], home: "/nowhere")
    }

    // MARK: Roles

    /// Applies the text as it is printed, to every cluster, and waits until the authorizers have heard of it.
    private func grant() async throws {
        for text in SetupRoles.yaml(for: [.group("readers")]).split(separator: "---\n").map(String.init) {
            guard text.contains("kind: ") else { continue }
            let name = try #require(text.firstMatch(of: /metadata:\n  name: (.*)\n/)).1
            let kind = try #require(text.firstMatch(of: /kind: (\w+)\n/)).1.lowercased()
            let folder = text.contains("\n  namespace: istio-system") ? Self.system : Self.api
            for world in mesh.worlds.values {
                _ = try await world.admin.send(
                    .init(
                        "PATCH", "\(folder)/\(kind)s/\(name)", query: [("fieldManager", "test"), ("force", "true")],
                        contentType: "application/apply-patch+yaml", body: Data(text.utf8)))
            }
        }
        try await untilHeard(AccessQuestion("list", "customresourcedefinitions", group: "apiextensions.k8s.io"), allowed: true)
        try await untilHeard(
            AccessQuestion("delete", "leases", group: "coordination.k8s.io", namespace: "istio-system"), allowed: true)
    }

    private static let meshConfig = "/api/v1/namespaces/istio-system/configmaps/istio-asm-1246-9"

    /// A mesh configuration that somebody else keeps.
    private func meshConfig() async throws -> JSONValue {
        try await mesh.world("a").make(
            .kubernetes("v1", "ConfigMap", "istio-asm-1246-9", ["data": ["mesh": "trustDomain: one.example\n"]]),
            manager: "kubectl")
    }

    private func revoke() async throws {
        for world in mesh.worlds.values {
            for kind in ["clusterroles", "clusterrolebindings"] {
                for name in ["isthmus-setup", "isthmus-setup-reader"] { try await world.remove("\(Self.api)/\(kind)/\(name)") }
            }
            for kind in ["roles", "rolebindings"] { try await world.remove("\(Self.system)/\(kind)/isthmus-setup") }
        }
    }

    private func untilHeard(_ question: AccessQuestion, allowed: Bool) async throws {
        for target in try mesh.targets(token: KubeAPIServer.readerToken) {
            let end = ContinuousClock.now + .seconds(20)
            while try await target.client.mayI(question).allowed != allowed {
                try #require(ContinuousClock.now < end, "\(target.name) does not say \(allowed) of \(question)")
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Takes one verb on one resource out of the Role in istio-system.
    private func take(_ verb: String, _ group: String, _ resource: String) async throws {
        for world in mesh.worlds.values {
            let role = try #require(try await world.object("\(Self.system)/roles/isthmus-setup"))
            let rules = (role["rules"]?.array ?? []).flatMap { rule -> [JSONValue] in
                guard rule["apiGroups"] == [.string(group)], rule["resources"]?.array?.contains(.string(resource)) == true else {
                    return [rule]
                }
                func with(_ resources: [JSONValue], _ verbs: [JSONValue]) -> JSONValue {
                    ["apiGroups": [.string(group)], "resources": .array(resources), "verbs": .array(verbs)]
                }
                let (resources, verbs) = (rule["resources"]?.array ?? [], rule["verbs"]?.array ?? [])
                return [
                    with([.string(resource)], verbs.filter { $0 != .string(verb) }),
                    with(resources.filter { $0 != .string(resource) }, verbs),
                ].filter { $0["resources"] != [] }
            }
            _ = try await world.admin.merge(
                "\(Self.system)/roles/isthmus-setup", ["rules": .array(rules)], manager: "test", as: JSONValue.self)
        }
        try await untilHeard(AccessQuestion(verb, resource, group: group, namespace: "istio-system"), allowed: false)
    }

    // MARK: Runs

    /// Does something as the user, in a run that holds the Leases.
    private func run<Result>(
        _ file: URL? = nil, _ body: (SetupRun, [SetupTarget], [String: SetupLease]) async throws -> Result
    ) async throws -> Result {
        let targets = try mesh.targets(token: KubeAPIServer.readerToken)
        let run = try await SetupRun.open(file, place: place, mesh: "proj-1", clusters: mesh.clusters, version: "test")
        defer { run.journal.close() }
        let leases = try await run.acquire(targets, place: place) { _ in }
        do {
            let result = try await body(run, targets, leases)
            await SetupRun.release(leases.values)
            return result
        } catch {
            await SetupRun.release(leases.values)
            throw error
        }
    }

    private func apply(_ plan: SetupPlan) async throws -> (outcome: ApplyOutcome, journal: URL) {
        try await run { run, targets, leases in
            let outcome = await Applier(
                plan: plan, targets: targets, run: run, leases: leases, options: .init(wait: .seconds(20)), gates: { [] }
            ) { _ in }.apply()
            return (outcome, run.journal.url)
        }
    }

    private func undo(_ journal: URL) async throws -> [SetupFailure] {
        try await run(journal) { run, targets, leases in
            let plan = try await UndoPlan.make(try JournalContents(journal), targets)
            #expect(plan.refused.isEmpty, "\(plan.refused)")
            return await Undoer(plan: plan, targets: targets, run: run, leases: leases) { _ in }.undo()
        }
    }

    private func expectUndone(_ before: [String: JSONValue]) async throws {
        let after = try await mesh.state()
        for key in Set(before.keys).union(after.keys) where before[key] != after[key] {
            Issue.record("\(key): \(String(describing: before[key])) → \(String(describing: after[key]))")
        }
    }

    @Test func theyAreEnoughForPlanApplyAndUndo() async throws {
        try await grant()
        let before = try await mesh.state()
        var plan = try await mesh.plan(takeOver: [".data.mesh"], token: KubeAPIServer.readerToken)
        let config = try await meshConfig()
        let target = try #require(try mesh.targets(token: KubeAPIServer.readerToken).first)
        let dryRun = DryRun(client: target.client, cluster: target.name, takeOver: [".data.mesh"])
        let aliases = await TrustAliases.look(dryRun, revision: "asm-1246-9", missing: ["two.example"])
        plan.clusters[0].acts.insert(try #require(aliases.act, "\(aliases)"), at: 0)
        #expect(plan.acts.allSatisfy { $0.verb.writes }, "\(plan.acts.filter { !$0.verb.writes })")
        let denied = plan.clusters.flatMap(\.permissions).filter { $0.allowed != true }
        #expect(denied.isEmpty && plan.clusters.allSatisfy { $0.permissions.count > 20 }, "\(denied)")
        let applied = try await apply(plan)
        #expect(applied.outcome.isComplete, "\(applied.outcome)")
        let changed = try await mesh.world("a").object(Self.meshConfig)
        #expect(changed?["data"]?["mesh"] == "trustDomain: one.example\ntrustDomainAliases:\n- two.example\n")
        let failures = try await undo(applied.journal)
        #expect(failures.isEmpty, "\(failures)")
        try await expectUndone(before)
        let undone = try await mesh.world("a").object(Self.meshConfig)
        #expect(undone?["data"] == config["data"] && undone?["metadata"]?["uid"] == config["metadata"]?["uid"])
        let owners = undone?["metadata"]?["managedFields"]?.array?.map { $0["manager"]?.string ?? "" }
        #expect(owners == ["kubectl"])
        try await mesh.world("a").remove(Self.meshConfig)
        try expectNoMoreThanIsUsed()
        try await revoke()
    }

    /// Nothing is in them that a whole run does not use.
    private func expectNoMoreThanIsUsed() throws {
        var used: Set<String> = []
        for world in mesh.worlds.values {
            for line in world.server.audit.split(separator: "\n") {
                let event = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
                guard event["user"]?["username"] == "reader", let object = event["objectRef"] else { continue }
                func text(_ key: String) -> String { object[key]?.string ?? "" }
                let resource = text("subresource").isEmpty ? text("resource") : "\(text("resource"))/\(text("subresource"))"
                used.insert("\(event["verb"]?.string ?? "") \(text("apiGroup")) \(resource)")
                // One request of server-side apply asks for both.
                if event["verb"] == "patch", event["responseStatus"]?["code"] == 201 {
                    used.insert("create \(text("apiGroup")) \(resource)")
                }
            }
        }
        let unused = Set(SetupRoles.rights.map { "\($0.verb) \($0.group) \($0.resource)" }).subtracting(used)
        // Undo looks at the change of what exists only where there is one, and watches only what does not go at once; another run's
        // Lease is watched; this server has no istiod and no injector.
        let seldom = ["update ", "list ", "watch "]
        let rest = unused.filter { right in
            !seldom.contains { right.hasPrefix($0) }
                && !["create  pods", "get  pods/proxy", "update  namespaces"].contains(right)
        }
        #expect(rest.isEmpty && used.count > 30, "\(rest.sorted()), used: \(used.sorted())")
    }

    @Test(arguments: [("patch", "", "services"), ("create", "apps", "deployments"), ("get", "", "serviceaccounts")])
    func aPlanNamesWhatIsTakenAway(verb: String, group: String, resource: String) async throws {
        try await grant()
        try await take(verb, group, resource)
        let plan = try await mesh.plan(token: KubeAPIServer.readerToken)
        #expect(plan.outcome == .stopped || plan.outcome == .open)
        let denied = plan.clusters.flatMap(\.permissions).filter { $0.allowed != true }
        let isNamed = denied.contains { ($0.verb, $0.group, $0.resource) == (verb, group, resource) }
        let isTold = plan.acts.contains { $0.reason.contains("cannot \(verb) resource \"\(resource)\"") }
        #expect(isNamed || isTold, "\(denied) \(plan.acts.map(\.reason))")
        try await revoke()
    }

    /// The rights end half-way: the failure says which, and with them back the rest is done.
    @Test func aFailureNamesWhatIsTakenAway() async throws {
        try await grant()
        let before = try await mesh.state()
        let plan = try await mesh.plan(token: KubeAPIServer.readerToken)
        try await take("patch", "", "services")
        let stopped = try await apply(plan)
        let failure = try #require(stopped.outcome.clusters.compactMap(\.failure).first)
        #expect(failure.problem.contains("cannot patch resource \"services\""), "\(failure)")
        #expect(failure.remedy.contains("isthmus rbac --setup"))
        try await grant()
        try await take("delete", "", "serviceaccounts")
        let failures = try await undo(stopped.journal)
        #expect(failures.first?.problem.contains("cannot delete resource \"serviceaccounts\"") == true, "\(failures)")
        try await grant()
        let rest = try await undo(stopped.journal)
        #expect(rest.isEmpty, "\(rest)")
        try await expectUndone(before)
        try await revoke()
    }
}
