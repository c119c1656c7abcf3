import Foundation
import HTTP
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Collect

/// Probes in a cluster with a real API server.
@Suite(.serialized, .probeHands, .timeLimit(.minutes(10))) struct ProbeRunnerTests {
    let hands: ProbeHands

    init() throws {
        hands = try #require(ProbeHands.current)
        hands.behave(.runs)
    }

    private var targets: [ProbeTarget] {
        [
            .own, ProbeTarget(kind: .void, cluster: "", host: "127.0.0.1", port: 1),
            ProbeTarget(
                kind: .controlPlane, cluster: "b", host: "127.0.0.1", port: hands.server.port,
                trust: .authority(KubeAPIServer.authority.certificatePEM)),
        ]
    }

    /// A holder on this machine whose process has ended.
    private static let dead = ProbeHolder.current.split(separator: ".").dropLast().joined(separator: ".") + ".1"

    private func runner(
        _ client: KubernetesClient? = nil, start: Duration = .seconds(30), holder: String = ProbeHolder.current,
        report: @escaping @Sendable (ProbeStep) -> Void = { _ in }
    ) -> ProbeRunner {
        ProbeRunner(
            client: client ?? hands.admin, options: ProbeOptions(image: "curl:1", start: start), run: ProbeRun(holder: holder),
            timeout: .seconds(2), connectTimeout: .seconds(1), report: report)
    }

    private func expectRun(_ result: ProbeResult, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect((result.outcome, result.detail, result.left) == (.ran, "", ""), sourceLocation: sourceLocation)
        let outcomes = targets.enumerated().map { index, target in
            result.transcripts[index].map { Reachability(target, $0).outcome }
        }
        #expect(outcomes == [.ok, .refused, .ok], "\(result.transcripts)", sourceLocation: sourceLocation)
    }

    @Test func aWholeRun() async throws {
        let steps = Mutex<[ProbeStep]>([])
        let result = await runner { step in steps.withLock { $0.append(step) } }.probe(targets)
        expectRun(result)
        #expect(result.podAddress == "10.9.8.7" && result.seconds != nil)
        #expect(result.permissions.count > 10 && result.permissions.allSatisfy { $0.isAllowed == true })
        let seen = steps.withLock { $0 }
        #expect(seen.starts(with: [.permissions, .namespace, .reaping, .configMap, .job]) && seen.last == .leaving)
        #expect(seen.contains(.results(3)))
        #expect(try await hands.leftAtLast() == [])
    }

    @Test func aLogThatIsWholeOnlyAfterTheEnd() async throws {
        hands.behave(.logsLate)
        expectRun(await runner().probe(targets))
    }

    @Test(arguments: ["namespace", "reaping", "configMap", "job", "waiting", "results", "leaving"])
    func killedAtAnyStepTheNextRunLeavesNothing(step wanted: String) async throws {
        let http = HTTPClient(userAgent: "victim")
        let client = try hands.server.client(token: KubeAPIServer.adminToken, http: http)
        let isReached = Mutex(false)
        // From this step on no request leaves any more, those of tidying up included: as if the process had been killed.
        let result = await runner(client, holder: Self.dead) { step in
            guard "\(step)".hasPrefix(wanted) else { return }
            isReached.withLock { $0 = true }
            http.shutdown()
        }.probe(targets)
        #expect(isReached.withLock { $0 })
        #expect(result.outcome != .ran || wanted == "leaving" || wanted == "results", "\(result.outcome) \(result.detail)")
        if wanted != "namespace" { #expect(result.left.contains("isthmus cleanup")) }
        expectRun(await runner().probe(targets))
        #expect(try await hands.leftAtLast() == [])
    }

    @Test func twoRunsAtOnce() async throws {
        async let one = runner().probe(targets)
        async let two = runner().probe(targets)
        let (first, second) = await (one, two)
        expectRun(first)
        expectRun(second)
        #expect(try await hands.leftAtLast() == [])
    }

    @Test func interruptedItTidiesUp() async throws {
        hands.behave(.never)
        let (reached, tell) = AsyncStream<Void>.makeStream()
        let targets = targets
        let runner = runner { step in if case .waiting = step { tell.finish() } }
        let task = Task { await runner.probe(targets) }
        for await _ in reached {}
        task.cancel()
        let result = await task.value
        #expect((result.outcome, result.detail, result.left) == (.failed, "broken off", ""))
        #expect(try await hands.leftAtLast() == [])
    }

    // MARK: Others

    private func othersObjects(expires: Date, holder: String) async throws -> ProbeRun {
        let run = ProbeRun(holder: holder)
        let space = ProbeNamespace(client: hands.admin)
        _ = try await space.enter(run, lifetime: .seconds(expires.timeIntervalSinceNow))
        try await space.create(ProbeObjects.configMap(run, ProbeFiles(targets, random: run.random), expires: expires))
        return run
    }

    @Test func aLiveRunOfAnotherMachineIsLeftAlone() async throws {
        let other = try await othersObjects(expires: Date() + 600, holder: "elsewhere.1.1")
        expectRun(await runner().probe(targets))
        #expect(try await hands.leftAtLast(expecting: ["Namespace", other.name]).sorted() == ["Namespace", other.name].sorted())
        let kept = await ProbeCleanup.clean("a", ProbeNamespace(client: hands.admin), force: false)
        #expect(kept.removed.isEmpty && kept.problem.isEmpty && kept.kept.count == 1)
        #expect(kept.kept.first?.contains(other.name) == true)
        let forced = await ProbeCleanup.clean("a", ProbeNamespace(client: hands.admin), force: true)
        #expect(forced.removed == ["ConfigMap isthmus-probe/\(other.name)", "Namespace isthmus-probe"])
        #expect(try await hands.leftAtLast() == [])
        let nothing = await ProbeCleanup.clean("a", ProbeNamespace(client: hands.admin), force: false)
        #expect(nothing.removed.isEmpty && nothing.kept.isEmpty && nothing.problem.isEmpty)
    }

    @Test func anExpiredRunIsReaped() async throws {
        _ = try await othersObjects(expires: Date() - 10, holder: "elsewhere.1.1")
        expectRun(await runner().probe(targets))
        #expect(try await hands.leftAtLast() == [])
    }

    @Test func somebodyElsesObjectKeepsTheNamespace() async throws {
        _ = try await othersObjects(expires: Date() - 10, holder: "elsewhere.1.1")
        let mine: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "mine"]]
        let path = "/api/v1/namespaces/\(ProbeHands.space)/configmaps"
        _ = try await hands.admin.create(path, mine, manager: "test", as: JSONValue.self)
        expectRun(await runner().probe(targets))
        #expect(try await hands.leftAtLast(expecting: ["Namespace", "mine"]) == ["Namespace", "mine"])
        try await hands.admin.delete("\(path)/mine")
        let outcome = await ProbeCleanup.clean("a", ProbeNamespace(client: hands.admin), force: false)
        #expect(outcome.removed == ["Namespace isthmus-probe"])
        #expect(try await hands.leftAtLast() == [])
    }

    // MARK: Permissions

    @Test func withoutPermissionsNothingIsMadeAndWithTheRolesItRuns() async throws {
        let reader = try hands.server.client(token: KubeAPIServer.readerToken, http: hands.http)
        let denied = await runner(reader).probe(targets)
        #expect(denied.outcome == .denied && denied.left.isEmpty)
        #expect(denied.detail.contains("create") && denied.detail.contains("isthmus rbac --level probe"))
        #expect(try await hands.left() == [])
        #expect(await reader.review(Permission.forwarding).0.map(\.isAllowed) == [false, false])

        let yaml = Roles.yaml(.probe, for: [.group("readers")])
        let istio: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "istio-system"]]
        _ = try await hands.admin.create("/api/v1/namespaces", istio, manager: "test", as: JSONValue.self)
        for document in yaml.split(separator: "---\n").map(String.init) {
            let object = try #require(try PositionedYAML.read(Data(document.utf8), file: "roles")).json
            let kind = object["kind"]?.string ?? "", space = object["metadata"]?["namespace"]?.string
            let group = kind == "Namespace" ? "/api/v1" : "/apis/rbac.authorization.k8s.io/v1"
            let path = group + (space.map { "/namespaces/\($0)" } ?? "") + "/\(kind.lowercased())s"
            _ = try await hands.admin.create(path, object, manager: "test", as: JSONValue.self)
        }
        // The authorizer learns of new roles a moment later.
        let question = AccessQuestion("delete", "jobs", group: "batch", namespace: ProbeHands.space)
        let end = ContinuousClock.now + .seconds(20)
        while try await !reader.mayI(question).allowed, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
        }
        expectRun(await runner(reader).probe(targets))
        #expect(await reader.review(Permission.forwarding).0.map(\.isAllowed) == [true, true])
        // Made by hand, it stays.
        #expect(try await hands.leftAtLast(expecting: ["Namespace"]) == ["Namespace"])
        try await hands.admin.delete("/api/v1/namespaces/\(ProbeHands.space)")
        #expect(try await hands.leftAtLast() == [])
    }

    // MARK: What does not run

    private func expectBroken(
        _ behaviour: ProbeHands.Behaviour, _ outcome: ProbeOutcome, _ words: String, start: Duration = .seconds(2),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        hands.behave(behaviour)
        let result = await runner(start: start).probe(targets)
        #expect(result.outcome == outcome, "\(result.detail)", sourceLocation: sourceLocation)
        #expect(result.detail.contains(words), "\(result.detail)", sourceLocation: sourceLocation)
        #expect(result.left.isEmpty, sourceLocation: sourceLocation)
        #expect(try await hands.leftAtLast() == [], sourceLocation: sourceLocation)
    }

    @Test func aClusterThatTakesTheJobAndNeverRunsIt() async throws {
        try await expectBroken(.never, .hung, "no pod was made")
    }

    @Test func whatKubernetesSaysIsNamed() async throws {
        func waiting(_ reason: String, _ message: String) -> JSONValue {
            [
                "phase": "Pending",
                "containerStatuses": [
                    [
                        "name": "probe", "image": "curl", "imageID": "", "ready": false, "restartCount": 0,
                        "state": ["waiting": ["reason": .string(reason), "message": .string(message)]],
                    ]
                ],
            ]
        }
        try await expectBroken(
            .stays(waiting("ErrImagePull", "pull access denied")), .imagePull, "access denied", start: .seconds(30))
        try await expectBroken(
            .refuses("pods is forbidden: exceeded quota: small, requested: cpu=1"), .quota, "exceeded quota", start: .seconds(30))
        try await expectBroken(
            .refuses("admission webhook \"policy\" denied the request: no"), .admission, "denied", start: .seconds(30))
        let unschedulable: JSONValue = [
            "phase": "Pending",
            "conditions": [
                [
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available",
                ]
            ],
        ]
        try await expectBroken(.stays(unschedulable), .unschedulable, "0/1 nodes")
        try await expectBroken(.stays(waiting("ContainerCreating", "")), .hung, "did not start on node n1")
    }

    @Test func logsThatAreNotWhole() async throws {
        let garbage = "\u{1b}[2J" + String(repeating: "x", count: 3 << 20) + "\nisthmus forged end 3 1\n"
        try await expectBroken(.writes(garbage), .lost, "does not hold the beginning", start: .seconds(30))
        try await expectBroken(
            .writes("isthmus NONCE begin 3\nisthmus NONCE result 0 0 4 AAAA\nisthmus NONCE res", exit: 137), .lost, "OOMKilled",
            start: .seconds(30))
    }

    @Test func anAPIServerThatGoesAway() async throws {
        let other = try await ProbeHands()
        defer { other.stop() }
        other.behave(.never)
        let client = try other.server.client(token: KubeAPIServer.adminToken, http: other.http, timeout: .seconds(3))
        let result = await runner(client) { step in if case .waiting = step { other.server.stop() } }.probe(targets)
        #expect(result.outcome == .lost, "\(result.detail)")
        #expect(result.left.contains("isthmus cleanup") && result.left.contains("ends by itself"))
    }
}
