import Facts
import Foundation
import Mesh
import Peers
import Synchronization
import Testing

@testable import Collect

@Suite(.serialized) struct CollectorTests {
    private func failed(_ batch: FactBatch, _ cluster: String = "a") -> Set<String> {
        Set(batch.ledger.filter { $0.status == .failed && $0.cluster == cluster }.map(\.fact))
    }

    private func row(_ table: String, _ batch: FactBatch, _ cluster: String = "a") throws -> FactRow {
        try #require(batch.rows.first { $0.table == table && $0["cluster"] == .text(cluster) }, "no \(table) of \(cluster)")
    }

    @Test func twoSoundClusters() async throws {
        let b = try await FakeCluster("b")
        let a = try await FakeCluster("a", peer: b)
        let events = Mutex([CollectEvent]())
        let batch = try await collect([a.declaration, b.declaration]) { event in events.withLock { $0.append(event) } }
        #expect(failed(batch) == [] && failed(batch, "b") == [])

        let server = try row("api_server", batch)
        #expect((server["outcome"], server["kubernetes_version"], server["http_status"]) == ("answered", 1030, 200))
        #expect(abs(server["clock_offset_seconds"].integer ?? 99) <= 1)
        let secret = try row("remote_secret", batch)
        #expect((secret["target"], secret["target_evidence"]) == ("b", "kube-system UID"))
        let probe = try row("remote_secret_probe", batch)
        #expect((probe["outcome"], probe["kube_system_uid"]) == ("answered", "uid-b"))

        let gateway = try row("gateway_probe", batch)
        #expect((gateway["tcp"], gateway["tls"]) == ("connected", "served"))
        #expect(gateway["sni"] == "outbound_.5000_._.hello.sample.svc.cluster.local")
        #expect(gateway["asks_client_certificate"] == 1)
        // s_server opens TLS for whoever comes.
        #expect((gateway["baseline"], gateway["control_sni"]) == ("served", .null))
        let asked = try row("asked_service", batch)
        #expect((asked["sni"], asked["speaks_http"]) == (gateway["sni"], 0))
        #expect((asked["ready_endpoints"], asked["mesh_endpoints"]) == (2, 1))
        let trust = batch.rows.filter { $0.table == "chain_trust" }
        #expect(trust.count == 4 && trust.allSatisfy { $0["outcome"] == "trusted" })
        #expect(try row("served_certificate", batch)["spiffe_id"] == "spiffe://f.svc.id.goog/ns/sample/sa/hello")

        // One connection for all questions, no question twice, and the peer's credential tried on one that stands.
        let questions = a.nginx.log.map { $0.suffix(2).joined(separator: " ") }.filter {
            !$0.contains("selfsubjectaccessreviews")
        }
        #expect(Set(questions).count == questions.count, "\(questions)")
        #expect(a.nginx.log.count <= 45, "\(a.nginx.log.count) requests")
        #expect(a.nginx.connections == 1)
        #expect(b.nginx.connections == 1)

        let all = events.withLock { $0 }
        for cluster in ["a", "b"] {
            let kinds = all.filter { $0.cluster == cluster }.map(\.kind)
            #expect(kinds.first == .started && kinds.last == .finished)
            let total = Question.allCases.count
            #expect(kinds.contains(.progress(done: total, of: total)), "\(kinds.suffix(3))")
        }
    }

    /// Level read changes nothing: what is sent either reads, or asks what one may do.
    @Test func readingOnlyAsks() async throws {
        let b = try await FakeCluster("b")
        let a = try await FakeCluster("a", peer: b)
        _ = try await collect([a.declaration, b.declaration])
        for line in a.nginx.log + b.nginx.log {
            let (method, path) = (line[line.count - 2], line[line.count - 1])
            let isReview = path.hasPrefix("/apis/authorization.k8s.io/v1/selfsubject")
            #expect(method == "GET" || (method == "POST" && isReview), "\(method) \(path)")
            // Of the signing certificate's Secret nothing but the metadata is asked for, in the list of all Secrets' metadata.
            #expect(!path.contains("/secrets/cacerts") && !path.contains("/secrets/istio-ca-secret"), "\(path)")
        }
        #expect(a.nginx.log.count > 10)
    }

    /// A broken answer costs the tables that are made of it, and nothing else.
    @Test(arguments: [
        #"{"kind":"List","metadata":{},"items":[{"metadata":{"na"#, "<html><body>Welcome</body></html>", "[]", "42",
        #"{"kind":"Pod","metadata":{"name":"x"},"spec":{}}"#, #"{"metadata":{},"items":[{"metadata":{}}]}"#,
        #"{"metadata":{},"items":"many"}"#, #"{"metadata":{},"items":[{"metadata":{"name":"n"}},{"metadata":{"name":"n"}}]}"#,
        "\u{0}\u{1}\u{2}", "",
    ])
    func oneBrokenAnswer(body: String) async throws {
        let a = try await FakeCluster("a", answers: ["/api/v1/nodes": body])
        let batch = try await collect([a.declaration])
        #expect(failed(batch) == ["node"])
        let reason = try #require(batch.ledger.first { $0.fact == "node" }).reason
        #expect(reason.hasPrefix("GET /api/v1/nodes: ") && reason.utf8.count <= 2048)
        #expect(!batch.rows.contains { $0.table == "node" })
    }

    @Test func refusedInEveryWay() async throws {
        let refusal = """
            location = /api/v1/namespaces/istio-system/secrets { default_type application/json;
             return 403 '{"kind":"Status","code":403,"reason":"Forbidden","message":"secrets is forbidden: User reader cannot list it"}'; }
            """
        let a = try await FakeCluster("a", extra: refusal, without: ["/api/v1/namespaces/istio-system/secrets"])
        let batch = try await collect([a.declaration])
        // The two names are asked for one by one, and do not exist.
        #expect(failed(batch) == ["remote_secret", "remote_secret_probe"])
        let reason = try #require(batch.ledger.first { $0.fact == "remote_secret" }).reason
        #expect(reason.contains("403") && reason.contains("secrets is forbidden"))
        #expect(batch.rows.filter { $0.table == "ca_secret" }.map { $0["present"] } == [0, 0])
    }

    @Test func listsOverAllNamespacesRefused() async throws {
        let copy = FakeCluster.rootCopy
        let a = try await FakeCluster(
            "a",
            answers: [
                "/api/v1/configmaps": "", "/api/v1/namespaces": "",
                "/api/v1/namespaces/istio-system": #"{"metadata":{"name":"istio-system","uid":"s"}}"#,
            ])
        let withoutNames = try await collect([a.declaration])
        #expect(failed(withoutNames) == ["root_bundle", "mesh_namespace"])
        #expect(try row("cluster_identity", withoutNames)["kube_system_uid"] == "uid-a")

        let b = try await FakeCluster(
            "b",
            answers: [
                "/api/v1/configmaps": "", "/api/v1/namespaces/istio-system/configmaps/istio-ca-root-cert": copy,
            ])
        let named = try await collect([b.declaration])
        #expect(failed(named, "b") == [])
        #expect(named.rows.filter { $0.table == "root_bundle" }.map { $0["present"] } == [1, 0])
    }

    @Test(arguments: [
        ("<html>login</html>", "not-kubernetes"), ("", "not-kubernetes"), ("{}", "not-kubernetes"),
        ("{\"gitVersion\":", "not-kubernetes"),
    ])
    func aServerThatIsNone(version: String, outcome: String) async throws {
        let a = try await FakeCluster("a", answers: ["/version": version])
        let b = try await FakeCluster("b")
        let batch = try await collect([a.declaration, b.declaration])
        #expect(try row("api_server", batch)["outcome"] == .text(outcome))
        #expect(failed(batch, "b") == [])
        // One cause: every table that needed the server has the same reason.
        let reasons = Set(batch.ledger.filter { $0.status == .failed && $0.cluster == "a" }.map(\.reason))
        #expect(reasons.count == 1 && failed(batch).count > 20)
    }

    @Test func theServerTakesTheCallerForNobody() async throws {
        let refusal = """
            location = /apis/authorization.k8s.io/v1/selfsubjectaccessreviews { default_type application/json;
             return 403 '{"kind":"Status","code":403,"message":"selfsubjectaccessreviews is forbidden: User \\"system:anonymous\\" cannot create"}'; }
            """
        let a = try await FakeCluster("a", extra: refusal, without: [FakeCluster.reviews])
        let batch = try await collect([a.declaration])
        let server = try row("api_server", batch)
        #expect((server["outcome"], server["kubernetes_version"]) == ("unauthorized", 1030))
        #expect(server["detail"].text?.contains("system:anonymous") == true)
        #expect(failed(batch).contains("istiod"))
    }

    @Test func aClusterThatHangsDelaysNoOther() async throws {
        let hanging = try Listener { $0.hang() }
        let folder = try Folder()
        let config = FakeCluster.kubeconfig(port: hanging.port, token: "PLANTED-CALLER")
        let silent = ClusterDeclaration(name: "silent", kubeconfig: try folder.write("silent.kubeconfig", Data(config.utf8)))
        let a = try await FakeCluster("a")
        let ended = Mutex([String]())
        let batch = try await collect([silent, a.declaration], timeout: .seconds(3)) { event in
            switch event.kind {
            case .finished, .failed: ended.withLock { $0.append(event.cluster) }
            default: break
            }
        }
        #expect(ended.withLock { $0 } == ["a", "silent"])
        #expect(try row("api_server", batch, "silent")["outcome"] == "timeout")
        #expect(failed(batch) == [])
    }

    @Test(arguments: [
        ("", "kubeconfig"), ("a: [", "kubeconfig"), ("apiVersion: v1\nkind: Config\n", "kubeconfig"),
    ])
    func unusableKubeconfig(text: String, outcome: String) async throws {
        let folder = try Folder()
        let broken = ClusterDeclaration(name: "a", kubeconfig: try folder.write("a.kubeconfig", Data(text.utf8)))
        let batch = try await collect([broken, ClusterDeclaration(name: "b", kubeconfig: folder.path("none"))])
        for cluster in ["a", "b"] {
            #expect(try row("api_server", batch, cluster)["outcome"] == .text(outcome))
            #expect(try row("cluster", batch, cluster)["server_kind"] == "none")
            #expect(failed(batch, cluster).contains("kubeconfig_use"))
        }
    }

    @Test func noProgramRunsThatNobodyTrusts() async throws {
        let folder = try Folder()
        let config = FakeCluster.kubeconfig(port: 1, token: "x").replacing(
            "{token: x}",
            with:
                "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: /usr/bin/touch, args: [\(folder.path("ran"))]}}"
        )
        let declaration = ClusterDeclaration(name: "a", kubeconfig: try folder.write("a.kubeconfig", Data(config.utf8)))
        let batch = try await collect([declaration])
        let server = try row("api_server", batch)
        #expect(server["outcome"] == "credential")
        #expect(server["detail"].text?.contains("touch") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path("ran")))
    }

    @Test func brokenOff() async throws {
        let hanging = try Listener { $0.hang() }
        let folder = try Folder()
        let config = FakeCluster.kubeconfig(port: hanging.port, token: "PLANTED-CALLER")
        let silent = ClusterDeclaration(name: "a", kubeconfig: try folder.write("a.kubeconfig", Data(config.utf8)))
        let (connected, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await collect([silent], timeout: .seconds(60)) { if $0.kind == .started { continuation.finish() } }
        }
        for await _ in connected {}
        let begin = ContinuousClock.now
        task.cancel()
        let batch = try await task.value
        #expect(ContinuousClock.now < begin + .seconds(30))
        #expect(failed(batch).contains("istiod"))
    }
}
