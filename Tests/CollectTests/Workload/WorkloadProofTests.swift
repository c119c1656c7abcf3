import Foundation
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Collect

/// The workload proof in two clusters with real API servers. What nodes, controllers and sidecars do, hands do; the pods' programs run.
@Suite(.serialized, .workloadMesh, .timeLimit(.minutes(10))) struct WorkloadProofTests {
    let mesh: WorkloadMesh

    init() throws {
        mesh = try #require(WorkloadMesh.current)
        for one in mesh.clusters { one.behave() }
    }

    private static let identity = "spiffe://td/ns/isthmus-verify/sa/default"

    private func proof(
        _ clients: [KubernetesClient]? = nil, configurations: [String] = [], failover: Bool = false,
        start: Duration = .seconds(30),
        report: @escaping @Sendable (CollectEvent) -> Void = { _ in }
    ) -> WorkloadProof {
        WorkloadProof(
            mesh.results(clients, configurations: configurations),
            CollectOptions(
                level: .mutate, timeout: .seconds(2), connectTimeout: .seconds(1),
                probe: ProbeOptions(image: "curl:1", start: start),
                failover: failover, toolVersion: "test", command: "verify"), report: report)
    }

    private func expectNothingLeft(_ proofs: [WorkloadProofResult], sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        #expect(proofs.map(\.result.left) == ["", ""], sourceLocation: sourceLocation)
        #expect(try await mesh.leftAtLast() == [[], []], sourceLocation: sourceLocation)
    }

    /// Everybody answered everybody, by mutual TLS, and nobody without it.
    private func expectSound(_ proofs: [WorkloadProofResult], sourceLocation: SourceLocation = #_sourceLocation) {
        for proof in proofs {
            let result = proof.result
            #expect((result.outcome, result.detail) == (.ran, ""), sourceLocation: sourceLocation)
            #expect(result.sidecar == WorkloadMesh.revision && proof.hasServer, sourceLocation: sourceLocation)
            for place in [0, 1] {
                let answer = result.answers[place]
                #expect(answer?.outcome(from: place, of: proof.run).0 == .answered, "\(place)", sourceLocation: sourceLocation)
                let ends = answer?.identities(of: proof.run)
                #expect(ends?.client == Self.identity && ends?.server == Self.identity, sourceLocation: sourceLocation)
            }
            // Of each instance its sidecar knows the one address, and nothing that belongs to another name.
            let known = result.sidecarEvidence?.endpoints ?? [:]
            #expect(Set(known.keys) == [0, 1], sourceLocation: sourceLocation)
            #expect(
                known.values.allSatisfy { $0.count == 1 && $0[0].health == "healthy" && $0[0].connections == 2 },
                "\(known)", sourceLocation: sourceLocation)
            #expect(result.sidecarEvidence?.certificates?.rootSerials == ["0a"], sourceLocation: sourceLocation)
            #expect(Set(result.shared?.heard.keys ?? [:].keys) == [0, 1], sourceLocation: sourceLocation)
            #expect(result.shared?.failed == 0, sourceLocation: sourceLocation)
            let plain = result.plain?.outcome(from: -1, of: proof.run).0
            #expect(plain == .cut && result.plain?.attempt.isConnected == true, sourceLocation: sourceLocation)
            #expect(
                result.permissions.count > 10 && result.permissions.allSatisfy { $0.isAllowed == true },
                sourceLocation: sourceLocation)
        }
    }

    // MARK: The course

    @Test func theWholeCourse() async throws {
        let notes = Mutex<[String]>([])
        let proofs = await proof(failover: true) { event in
            if event.cluster == "a", case .probing(let note, _, _) = event.kind { notes.withLock { $0.append(note) } }
        }.prove()
        expectSound(proofs)
        // While one server was away the others answered under the shared name, and all of them came back.
        for proof in proofs {
            #expect(proof.result.without.mapValues { Set($0.heard.keys) } == [0: [1], 1: [0]])
            #expect(proof.result.without.values.allSatisfy { $0.failed == 0 && $0.requests >= 4 })
            #expect(proof.result.isRestored == true)
        }
        try await expectNothingLeft(proofs)
        let seen = notes.withLock { $0 }
        let course = ["may workloads be deployed?", "deploying a server", "waiting until the server is ready", "client asks"]
        #expect(course.compactMap { seen.firstIndex(of: $0) } == course.compactMap { seen.firstIndex(of: $0) }.sorted())
        #expect(Set(seen).isSuperset(of: course + ["plain asks", "failover asks"]), "\(seen)")
    }

    /// Each istiod looks at what its own cluster's configuration chooses, in all clusters: the proof's namespace is to be one of them.
    @Test(
        arguments: [
            ([], [:]),
            (["", "discoverySelectors: []"], [:]),
            // What the namespace bears anyway.
            (["discoverySelectors: [{matchLabels: {istio.io/rev: asm-1246-9}}]"], [:]),
            (["discoverySelectors: [{matchLabels: {a: x}}, {matchLabels: {b: y}}]"], ["a": "x"]),
            (
                [
                    "discoverySelectors: [{matchLabels: {a: x}}]",
                    "discoverySelectors: [{matchExpressions: [{key: b, operator: Exists}]}]",
                ],
                ["a": "x", "b": ""]
            ),
            // One that cannot be met stands beside one that can.
            (["discoverySelectors: [{matchLabels: {istio.io/rev: other}}, {matchLabels: {b: y}}]"], ["b": "y"]),
            (["discoverySelectors: [{matchLabels: {a: x}}]", "discoverySelectors: [{matchLabels: {a: z}}]"], ["a": "x"]),
        ] as [([String], [String: String])]) func discoverySelectors(configurations: [String], wanted: [String: String])
    {
        let selectors = DiscoverySelectors(mesh.results(configurations: configurations).compactMap(\.discoverySelectors.value))
        let own = ProbePlace.workloads(revision: WorkloadMesh.revision).labels
        #expect(selectors.labels(besides: own) == wanted)
        #expect(ProbePlace.workloads(revision: WorkloadMesh.revision, chosenBy: selectors).labels == own.merging(wanted) { $1 })
    }

    /// A namespace that is there already is not changed; what it lacks is said.
    @Test func aNamespaceThatIstiodDoesNotLookAt() async throws {
        let admin = try #require(mesh.clusters.first).cluster.admin
        let made: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "isthmus-verify", "labels": ["b": "y"]],
        ]
        _ = try await admin.create(Resource.namespaces.path(), made, manager: "test", as: MetadataObject.self)
        let proofs = await proof(configurations: [
            "discoverySelectors: [{matchLabels: {a: x}}]", "discoverySelectors: [{matchLabels: {b: y}}, {matchLabels: {c: z}}]",
        ]).prove()
        let first = try #require(proofs.first)
        #expect(
            (first.result.part, first.result.outcome, first.result.detail) == ("namespace", .failed, "a=x") && !first.hasServer)
        // The other cluster's was made for this run, with all that is wanted.
        #expect(proofs[1].result.part != "namespace" && proofs[1].hasServer)
        #expect(proofs.map(\.result.left) == ["", ""])
        try await admin.delete(Resource.namespaces.path(name: "isthmus-verify"))
        try await expectNothingLeft(proofs)
    }

    /// What the proof makes is as it should be, as the server has it.
    @Test func theObjects() async throws {
        let seen = Mutex<[String: JSONValue]>([:])
        let cluster = try #require(mesh.clusters.first).cluster
        let kinds = [
            "/apis/batch/v1/jobs", "/api/v1/configmaps", "/api/v1/services",
            "/apis/security.istio.io/v1beta1/peerauthentications",
        ]
        // Once the clients ask, everything stands.
        let (reached, tell) = AsyncStream<Void>.makeStream()
        mesh.clusters[0].behave { $0.stuck[.client] = PodState.waiting("ContainerCreating", "") }
        let proof = proof(start: .seconds(5)) { event in
            if event.cluster == "a", case .probing("client: starting the pod", _, _) = event.kind { tell.yield() }
        }
        async let pending = proof.prove()
        for await _ in reached { break }
        for kind in kinds {
            for object in try await cluster.admin.list(cluster.path(kind), as: JSONValue.self).items {
                seen.withLock { $0["\(kind.split(separator: "/").last ?? "") \(object.name)"] = object }
            }
        }
        let proofs = await pending
        let run = proofs[0].run.id, all = seen.withLock { $0 }.filter { !$0.key.hasSuffix("kube-root-ca.crt") }
        #expect(
            Set(all.keys) == [
                "jobs isthmus-\(run)-server", "jobs isthmus-\(run)-client", "jobs isthmus-\(run)-plain",
                "configmaps isthmus-\(run)",
                "services isthmus-\(run)", "services isthmus-\(run)-0-a", "services isthmus-\(run)-1-b",
                "peerauthentications isthmus-\(run)",
            ])
        let server = try #require(all["jobs isthmus-\(run)-server"])
        for (key, object) in all {
            let metadata = object["metadata"]
            #expect(metadata?["labels"]?["isthmus.dev/run"]?.string == run, "\(key)")
            #expect(metadata?["annotations"]?["isthmus.dev/expires"]?.string != nil, "\(key)")
            // With the server goes everything.
            guard key != "jobs isthmus-\(run)-server" else { continue }
            #expect(metadata?["ownerReferences"]?[0]?["uid"]?.string == server.uid, "\(key)")
        }
        try await expectNothingLeft(proofs)
    }

    @Test func twoRunsAtOnceDoNotDisturbEachOther() async throws {
        async let one = proof().prove()
        async let two = proof().prove()
        let (first, second) = await (one, two)
        #expect(first[0].run.id != second[0].run.id)
        expectSound(first)
        expectSound(second)
        try await expectNothingLeft(first)
        try await expectNothingLeft(second)
    }

    @Test(arguments: ["deploying a server", "waiting until the server is ready", "client asks", "failover asks"])
    func brokenOffInTheMiddleItLeavesNothing(note wanted: String) async throws {
        let (reached, tell) = AsyncStream<Void>.makeStream()
        let proof = proof(failover: true) { event in
            if case .probing(wanted, _, _) = event.kind { tell.finish() }
        }
        let task = Task { await proof.prove() }
        for await _ in reached {}
        task.cancel()
        let proofs = await task.value
        #expect(proofs.contains { $0.result.detail == "broken off" }, "\(proofs.map(\.result.detail))")
        try await expectNothingLeft(proofs)
    }

    // MARK: What does not run

    @Test func whoMayNotMakesNothing() async throws {
        let cluster = mesh.clusters[1].cluster
        let reader = try cluster.server.client(token: KubeAPIServer.readerToken, http: cluster.http)
        let ended = cluster.ended
        let proofs = await proof([mesh.clusters[0].cluster.admin, reader]).prove()
        let denied = proofs[1].result
        #expect((denied.outcome, denied.part) == (.denied, "server") && !proofs[1].hasServer)
        #expect(denied.detail.contains("create") && denied.detail.contains("isthmus rbac --level mutate"), "\(denied.detail)")
        #expect(denied.answers.isEmpty && denied.sidecar == nil && denied.left.isEmpty)
        // Not even for a moment: a namespace goes only when it was ended here.
        #expect(try await cluster.admin.find("/api/v1/namespaces/\(cluster.space)", as: JSONValue.self) == nil)
        #expect(cluster.ended == ended)
        // The other cluster has only its own server to ask, and asks that.
        #expect(proofs[0].result.outcome == .ran && Set(proofs[0].result.answers.keys) == [0])
        try await expectNothingLeft(proofs)
    }

    private func expectBroken(
        _ part: String, _ outcome: ProbeOutcome, _ words: String, start: Duration = .seconds(30),
        sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout WorkloadHands.Behaviour) -> Void
    ) async throws -> [WorkloadProofResult] {
        mesh.clusters[0].behave(change)
        let proofs = await proof(start: start).prove()
        let result = proofs[0].result
        #expect((result.outcome, result.part) == (outcome, part), "\(result.detail)", sourceLocation: sourceLocation)
        #expect(result.detail.contains(words), "\(result.detail)", sourceLocation: sourceLocation)
        #expect(proofs[1].result.outcome == .ran, "\(proofs[1].result.detail)", sourceLocation: sourceLocation)
        try await expectNothingLeft(proofs, sourceLocation: sourceLocation)
        return proofs
    }

    @Test func anImageThatCannotBePulled() async throws {
        let proofs = try await expectBroken("server", .imagePull, "access denied") {
            $0.stuck[.server] = PodState.waiting("ErrImagePull", "pull access denied")
        }
        #expect(!proofs[0].hasServer && proofs[0].result.answers.isEmpty)
        // Nobody is asked who is not there.
        #expect(Set(proofs[1].result.answers.keys) == [1])
    }

    @Test func aServerThatNeverBecomesReady() async throws {
        let proofs = try await expectBroken("server", .hung, "did not become ready", start: .seconds(4)) {
            $0.makesReady = false
        }
        #expect(!proofs[0].hasServer && proofs[0].result.answers.isEmpty && Set(proofs[1].result.answers.keys) == [1])
        #expect(proofs[0].result.sidecar == WorkloadMesh.revision)
    }

    @Test func aClientThatNeverStarts() async throws {
        let proofs = try await expectBroken("client", .hung, "did not start on node n1", start: .seconds(4)) {
            $0.stuck[.client] = PodState.waiting("ContainerCreating", "")
        }
        #expect(proofs[0].hasServer && proofs[0].result.answers.isEmpty && proofs[0].result.shared == nil)
        // Its server serves the other cluster all the same.
        #expect(Set(proofs[1].result.answers.keys) == [0, 1])
    }

    @Test func aClientWhoseLogIsCut() async throws {
        let proofs = try await expectBroken("client", .lost, "OOMKilled") { $0.cutsLogs = [.client] }
        #expect(proofs[0].result.answers.isEmpty && proofs[0].result.shared == nil)
        #expect(proofs[0].result.plain != nil)
    }

    /// Pods that the injector passed over run and answer, and prove no mutual TLS; the rule for it does not hold for them either.
    @Test func aClusterWithoutInjection() async throws {
        mesh.clusters[0].behave { $0.injects = false }
        let proofs = await proof().prove()
        let (bare, other) = (proofs[0], proofs[1])
        #expect((bare.result.outcome, bare.result.sidecar) == (.ran, ""))
        #expect(other.result.sidecar == WorkloadMesh.revision)
        let own = bare.result.answers[0]
        #expect(own?.outcome(from: 0, of: bare.run).0 == .answered)
        let ends = own?.identities(of: bare.run)
        #expect(ends?.client == "" && ends?.server == "")
        #expect(bare.result.plain?.outcome(from: 0, of: bare.run).0 == .answered)
        try await expectNothingLeft(proofs)
    }
}
