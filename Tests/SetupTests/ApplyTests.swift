import Foundation
import HTTP
import Judge
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Setup

/// Apply and undo, in two clusters with real API servers.
@Suite(.serialized, .setupMesh, .timeLimit(.minutes(15))) struct ApplyTests {
    let mesh: SetupMesh
    let folder: Folder
    let place: JournalPlace

    init() throws {
        mesh = try #require(SetupMesh.current)
        folder = try Folder()
        place = JournalPlace(mesh: "proj-1", environment: ["XDG_STATE_HOME": folder.path("state")], home: "/nowhere")
    }

    // MARK: One run

    private struct Result {
        var outcome: ApplyOutcome?
        var failure: String
        var events: [String]
        var journal: URL
    }

    /// What `isthmus setup apply` does once somebody has agreed.
    private func apply(
        _ plan: SetupPlan? = nil, wait: Duration = .seconds(20), settling: Duration = .zero, http: HTTPClient? = nil,
        gates: @escaping @Sendable () async throws -> [Gate] = { [] }, dies: Journal.Death? = nil
    ) async throws -> Result {
        let targets = try mesh.targets(http: http)
        let events = Mutex<[String]>([])
        let report = { @Sendable (event: SetupEvent) in events.withLock { $0.append("\(event)") } }
        let run = try await SetupRun.open(
            try JournalChoice(place).file, place: place, mesh: "proj-1", clusters: mesh.clusters, version: "test")
        defer { run.journal.close() }
        var result = Result(outcome: nil, failure: "", events: [], journal: run.journal.url)
        if let dies { run.journal.die(when: dies) }
        do {
            let leases = try await run.acquire(targets, place: place, report)
            do {
                try await run.settle(targets)
                let plan = if let plan { plan } else { try await mesh.plan() }
                var options = Applier.Options(wait: wait)
                (options.settling, options.pause) = (settling, .milliseconds(10))
                let outcome = await Applier(
                    plan: plan, targets: targets, run: run, leases: leases, options: options, gates: gates, report: report
                ).apply()
                result.outcome = outcome
                if outcome.isComplete { try await run.journal.append(.end(.complete)) }
            } catch { result.failure = "\(error)" }
            await SetupRun.release(leases.values)
        } catch { result.failure = "\(error)" }
        result.events = events.withLock { $0 }
        return result
    }

    /// What `isthmus setup undo` does once somebody has agreed.
    private func undo(_ journal: URL) async throws -> (plan: UndoPlan, failures: [SetupFailure]) {
        let targets = try mesh.targets()
        let run = try await SetupRun.open(journal, place: place, mesh: "proj-1", clusters: mesh.clusters, version: "test")
        defer { run.journal.close() }
        let leases = try await run.acquire(targets, place: place) { _ in }
        try await run.settle(targets)
        let plan = try await UndoPlan.make(try JournalContents(journal), targets)
        let failures = await Undoer(plan: plan, targets: targets, run: run, leases: leases) { _ in }.undo()
        if failures.isEmpty, plan.refused.isEmpty { try await run.journal.append(.end(.undone)) }
        await SetupRun.release(leases.values)
        return (plan, failures)
    }

    private func expectUndone(_ journal: URL, to before: [String: JSONValue], sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let (plan, failures) = try await undo(journal)
        #expect(failures.isEmpty && plan.refused.isEmpty, "\(failures) \(plan.refused)", sourceLocation: sourceLocation)
        let after = try await mesh.state()
        for key in Set(before.keys).union(after.keys) where before[key] != after[key] {
            Issue.record(
                "\(key): \(String(describing: before[key])) → \(String(describing: after[key]))", sourceLocation: sourceLocation)
        }
    }

    private func expectComplete(_ result: Result, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(
            result.outcome?.isComplete == true, "\(result.failure) \(String(describing: result.outcome)) \(result.events)",
            sourceLocation: sourceLocation)
    }

    // MARK: Whole runs

    @Test func appliedTwiceAndUndone() async throws {
        let before = try await mesh.state()
        let first = try await apply()
        expectComplete(first)
        let made = try await mesh.state()
        #expect(made["a /api/v1/namespaces/istio-system"]?["metadata"]?["labels"]?["topology.istio.io/network"] == "network-a")
        #expect(made["b /api/v1/namespaces/istio-system/secrets/istio-remote-secret-cn-a"] != nil)
        #expect(!made.keys.contains { $0.contains("/leases/") })
        let secret = try await mesh.world("b").object("/api/v1/namespaces/istio-system/secrets/istio-remote-secret-cn-a")
        let text = String(decoding: Data(base64Encoded: secret?["data"]?["cn-a"]?.string ?? "") ?? Data(), as: UTF8.self)
        #expect(text.contains("token: \(SetupHands.token)\n") && text.contains("server: https://a.example:6443\n"))
        let again = try await mesh.plan()
        #expect(again.count(.leave) == again.acts.count, "\(again.acts.filter { $0.verb != .leave })")
        #expect(try JournalChoice(place).file == nil)
        try await expectUndone(first.journal, to: before)
        #expect(try JournalContents(first.journal).ending == .undone)
    }

    @Test func aSecondApplyMakesNoWriteRequest() async throws {
        let before = try await mesh.state()
        let first = try await apply()
        expectComplete(first)
        let requests = try mesh.writes()
        #expect(requests.values.allSatisfy { !$0.isEmpty })
        let plan = try await mesh.plan()
        // The command does not even open a run then; the applier is asked here all the same.
        expectComplete(try await apply(plan))
        let later = try mesh.writes()
        for name in SetupMesh.names {
            let more = (later[name] ?? []).dropFirst(requests[name]?.count ?? 0)
            #expect(more.allSatisfy { $0.contains("/leases") }, "\(more)")
        }
        try await expectUndone(first.journal, to: before)
    }

    // MARK: Crashes

    /// A run that meets what others left: a stale remote secret in `a`, whose kubeconfig kubectl owns.
    private static let takeOver = [".data.cn-b"]

    private func leaveStaleSecret() async throws {
        try await mesh.world("a").make(
            [
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": [
                    "name": "istio-remote-secret-cn-b", "namespace": "istio-system", "labels": ["istio/multiCluster": "true"],
                    "annotations": ["networking.istio.io/cluster": "cn-b"],
                ], "data": ["cn-b": .string(Data("apiVersion: v1\nkind: Config\n".utf8).base64EncodedString())],
            ], manager: "kubectl")
    }

    @Test func killedAtAnyLineTheNextRunConvergesAndUndoRestores() async throws {
        try await leaveStaleSecret()
        let before = try await mesh.state()
        let undisturbed = try await apply(try await mesh.plan(takeOver: Self.takeOver))
        expectComplete(undisturbed)
        let wanted = try await mesh.settled()
        let lines = try JournalContents(undisturbed.journal).lines.count
        #expect(lines > 40)
        try await expectUndone(undisturbed.journal, to: before)
        for line in 2...lines {
            for isWritten in [false, true] {
                let http = HTTPClient(userAgent: "isthmus-victim/1")
                let death: Journal.Death = { now, nowWritten in
                    guard now == line, nowWritten == isWritten else { return false }
                    // From here on no request leaves any more, as if the process had been killed.
                    http.shutdown()
                    return true
                }
                let killed = try await apply(try await mesh.plan(takeOver: Self.takeOver), http: http, dies: death)
                let moment = "line \(line), \(isWritten ? "written" : "not written")"
                if line < lines || !isWritten { #expect(killed.outcome?.isComplete != true || line == lines, "\(moment)") }
                let resumed = try await apply(try await mesh.plan(takeOver: Self.takeOver))
                #expect(resumed.outcome?.isComplete == true, "\(moment): \(resumed)")
                let reached = try await mesh.settled()
                #expect(reached.keys.sorted() == wanted.keys.sorted(), "\(moment)")
                for (key, value) in wanted where reached[key] != value {
                    Issue.record("\(moment): \(key): \(value) → \(String(describing: reached[key]))")
                }
                #expect(resumed.journal == killed.journal || (line == lines && isWritten), "\(moment)")
                try await expectUndone(killed.journal, to: before)
            }
        }
        try await mesh.world("a").remove("/api/v1/namespaces/istio-system/secrets/istio-remote-secret-cn-b")
    }

    // MARK: What stops it

    private func remoteSecrets() async throws -> [String] {
        try await mesh.state().keys.filter { $0.contains("/istio-remote-secret-") }.sorted()
    }

    @Test func noRemoteSecretBeforeEveryGateIsGood() async throws {
        let before = try await mesh.state()
        let gate = Gate(step: .discovery, check: "gateway-reachable", subject: "b", status: .fail, message: "refused")
        let stopped = try await apply(gates: { [gate] })
        #expect(stopped.outcome?.gates == [gate] && stopped.outcome?.isComplete == false)
        #expect(try await remoteSecrets() == [])
        #expect(try await mesh.state().keys.contains { $0.contains("gateways/cross-network-gateway") })
        // What only needs its time is looked at again.
        let looks = Mutex(0)
        let resumed = try await apply(
            settling: .seconds(10),
            gates: {
                looks.withLock {
                    $0 += 1; return $0 < 3 ? [gate] : []
                }
            })
        expectComplete(resumed)
        #expect(looks.withLock(\.self) == 3)
        #expect(resumed.events.count { $0.contains("not yet: refused (gateway-reachable)") } == 2)
        #expect(resumed.journal == stopped.journal)
        #expect(try await remoteSecrets().count == 2)
        try await expectUndone(resumed.journal, to: before)
    }

    @Test func anAddressThatDoesNotComeStopsItsClusterAndAllSecrets() async throws {
        let before = try await mesh.state()
        let message = WaitCauseTests.cases[0].message
        mesh.hands["b"]?.behave(.withholdsAddress(reason: "SyncLoadBalancerFailed", message: message))
        let stopped = try await apply(wait: .seconds(4))
        mesh.hands["b"]?.behave(.works)
        let failures = stopped.outcome?.clusters.map(\.failure) ?? []
        #expect(failures.count == 2 && failures.first == .some(nil), "\(failures)")
        let failure = try #require(failures.last ?? nil)
        #expect(failure.object == "Service istio-system/istio-eastwestgateway" && failure.cluster == "b")
        #expect(failure.problem.contains("an organization policy forbids this load balancer"), "\(failure)")
        #expect(failure.remedy.contains("--project=my-project"))
        #expect(try await remoteSecrets() == [])
        let made = try await mesh.state().keys.filter { $0.contains("gateways/cross-network-gateway") }
        #expect(made.allSatisfy { $0.hasPrefix("a ") } && made.count == 1)
        try await expectUndone(stopped.journal, to: before)
    }

    @Test func whatSomebodyMadeMeanwhileIsNotTouched() async throws {
        let before = try await mesh.state()
        let plan = try await mesh.plan()
        let account = "/api/v1/namespaces/istio-system/serviceaccounts/istio-eastwestgateway-service-account"
        try await mesh.world("a").make(
            [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": [
                    "name": "istio-eastwestgateway-service-account", "namespace": "istio-system", "labels": ["own": "er"],
                ],
            ], manager: "kubectl")
        let theirs = try await mesh.world("a").object(account)
        let stopped = try await apply(plan)
        let failure = stopped.outcome?.clusters.first?.failure
        #expect(
            failure?.problem.contains("it was made by somebody else since the plan was made") == true,
            "\(String(describing: failure))")
        #expect(try await mesh.world("a").object(account) == theirs)
        #expect(try await remoteSecrets() == [])
        try await mesh.world("a").remove(account)
        try await expectUndone(stopped.journal, to: before)
    }

    @Test func undoLeavesWhatSomebodyChangedSince() async throws {
        let before = try await mesh.state()
        let applied = try await apply()
        expectComplete(applied)
        let service = "/api/v1/namespaces/istio-system/services/istio-eastwestgateway"
        func label(_ value: String) async throws {
            _ = try await mesh.world("a").admin.merge(
                service, ["metadata": ["labels": ["topology.istio.io/network": .string(value)]]], manager: "kubectl",
                as: JSONValue.self)
        }
        try await label("another")
        let (plan, failures) = try await undo(applied.journal)
        #expect(failures.isEmpty)
        #expect(plan.refused.map(\.object.words) == ["Service istio-system/istio-eastwestgateway"])
        guard case .refuse(let why) = plan.refused.first?.action else {
            Issue.record("nothing is refused")
            return
        }
        #expect(why.contains("topology.istio.io/network"), "\(why)")
        let left = try await mesh.state().keys.filter { before[$0] == nil }
        #expect(left == ["a \(service)"])
        try await label("network-a")
        try await expectUndone(applied.journal, to: before)
    }

    @Test func anAPIServerThatCannotBeReachedIsNamedAndNothingIsLost() async throws {
        let before = try await mesh.state()
        let http = HTTPClient(userAgent: "isthmus-victim/1")
        let plan = try await mesh.plan()
        // Half-way through the wires are cut, while isthmus itself lives on.
        let broken = try await apply(plan, http: http) {
            http.shutdown()
            return []
        }
        #expect(broken.outcome?.isComplete == false)
        let failure = broken.outcome?.clusters.compactMap(\.failure).first
        #expect(failure?.problem.contains("the API server is not heard any more") == true, "\(broken)")
        #expect(failure?.remedy.contains("goes on where it stopped") == true)
        let resumed = try await apply()
        expectComplete(resumed)
        try await expectUndone(resumed.journal, to: before)
    }

    @Test func noSecretIsInTheJournal() async throws {
        let before = try await mesh.state()
        let result = try await apply()
        expectComplete(result)
        let text = try String(contentsOf: result.journal, encoding: .utf8)
        for secret in [SetupHands.token, Data(SetupHands.token.utf8).base64EncodedString(), "token: "] {
            #expect(!text.contains(secret) && !result.events.joined().contains(secret))
        }
        #expect(text.contains("sha256:"))
        try await expectUndone(result.journal, to: before)
    }
}

extension SetupMesh {
    /// The requests that wrote something, by cluster, as the API server's audit log has them: method and path.
    func writes() throws -> [String: [String]] {
        try worlds.mapValues { world in
            try world.server.audit.split(separator: "\n").compactMap { line in
                let event = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
                guard let verb = event["verb"]?.string,
                    ["create", "update", "patch", "delete", "deletecollection"].contains(verb),
                    event["userAgent"]?.string?.hasPrefix("isthmus-") == true, event["stage"] == "ResponseComplete",
                    let uri = event["requestURI"]?.string, !uri.contains("dryRun=All"),
                    // A review stores nothing.
                    !uri.contains("/apis/authorization.k8s.io/"),
                    !uri.contains("fieldManager=kube-controller-manager"), !uri.contains("fieldManager=test")
                else { return nil }
                return "\(verb) \(uri)"
            }
        }
    }
}
