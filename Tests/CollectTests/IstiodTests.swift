import Facts
import Foundation
import HTTP
import Kubernetes
import Mesh
import Peers
import Testing

@testable import Collect

/// What istiod is asked, and what becomes of its answers.
@Suite(.timeLimit(.minutes(2))) struct IstiodTests {
    static let token = "Sw0rdfish"
    static let identity = Identity.make(.server(), by: FakeCluster.authority)

    // MARK: Asking

    /// A real nginx in istiod's place, behind the stand-in for a kubelet.
    private func asked(
        clusterz: String = "[]", networkz: String = "null", syncz: String = "[]", locations: String = "",
        token: String = Self.token
    ) async throws -> (pods: [IstiodPod], paths: [String], forwards: Int) {
        func page(_ name: String, _ body: String) -> String {
            "location = /debug/\(name) { default_type application/json; return 200 '\(body)'; }\n"
        }
        let nginx = try await Nginx(
            locations: page("clusterz", clusterz) + page("networkz", networkz) + page("syncz", syncz) + locations)
        let kubelet = try await PortForwardStandIn(to: nginx.port, token: token, identity: Self.identity)
        let folder = try Folder()
        let file = try folder.write("k", Data(FakeCluster.kubeconfig(port: kubelet.port, token: Self.token).utf8))
        let client = KubernetesClient(
            access: try Kubeconfig.load(.file(file)).resolve(), http: HTTPClient(userAgent: "isthmus-test/1"),
            timeout: .seconds(10),
            plugins: ExecCache(trust: ExecTrust()))
        let pods = try await IstiodProbe(client: client).pods(try Self.evidence()).get()
        return (pods, nginx.log.map { $0.last ?? "" }, kubelet.log.count)
    }

    private static func evidence() throws -> ClusterEvidence {
        func pod(_ name: String, _ ready: String, _ labels: String = #""app":"istiod","istio.io/rev":"asm-1""#) throws -> Pod {
            try decoded(
                #"{"metadata":{"name":"\#(name)","namespace":"istio-system","labels":{\#(labels)}},"spec":{"containers":[]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"\#(ready)"}]}}"#
            )
        }
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.controlPlanes = .success([
            try decoded(
                #"{"metadata":{"name":"istiod","namespace":"istio-system"},"spec":{"selector":{"matchLabels":{"app":"istiod"}},"template":{"spec":{"containers":[]}}}}"#
            )
        ])
        evidence.controlPlanePods = .success([
            try pod("istiod-1", "True"), try pod("istiod-2", "False"), try pod("other", "True", #""app":"x""#),
        ])
        return evidence
    }

    /// Istio 1.24's own shapes, with fields that nobody needs here.
    @Test func readyPodsAreAskedThreePathsOverOneForward() async throws {
        let (pods, paths, forwards) = try await asked(
            clusterz:
                #"[{"id":"cn-a","secretName":"","syncStatus":"synced"},{"id":"cn-b","secretName":"istio-system/s","syncStatus":"timeout"}]"#,
            networkz:
                #"[{"Network":"net-b","Cluster":"cn-b","Addr":"203.0.113.2","Port":15443,"HBONEPort":0,"ServiceAccount":{"Namespace":"","Name":""}}]"#,
            syncz:
                #"[{"cluster_id":"cn-a","proxy":"gw.istio-system","proxy_type":"router","istio_version":"1.24.6","cluster_sent":"n1","cluster_acked":"n1","listener_sent":"n2","listener_acked":"n2"}]"#
        )
        #expect(pods.map(\.name) == ["istiod-1"] && pods[0].revision == "asm-1")
        #expect(paths == ["/debug/clusterz", "/debug/networkz", "/debug/syncz"] && forwards == 1)
        let clusters = try pods[0].clusters.get(), gateways = try pods[0].gateways.get(), proxies = try pods[0].proxies.get()
        #expect(clusters.map(\.id) == ["cn-a", "cn-b"] && clusters.map(\.status) == ["synced", "timeout"])
        #expect(gateways.map { "\($0.network) \($0.cluster) \($0.address) \($0.port)" } == ["net-b cn-b 203.0.113.2 15443"])
        #expect(proxies.map(\.proxy) == ["gw.istio-system"] && proxies[0].acknowledged == ["clusters", "listeners"])
    }

    /// What is under way is asked for again, and counts only when it stays so.
    @Test func whatIsUnderWayIsAskedForAgain() async throws {
        let (pods, paths, _) = try await asked(
            syncz:
                #"[{"proxy":"gw.istio-system","cluster_sent":"n1","cluster_acked":"n1","listener_sent":"n2","listener_acked":"n1","route_sent":"n3"}]"#
        )
        #expect(try pods[0].proxies.get()[0].unacknowledged == ["listeners", "routes"])
        #expect(paths.filter { $0 == "/debug/syncz" }.count == 6)
    }

    @Test func aPathThatIsNotThereCostsItsOwnTableAlone() async throws {
        let (pods, _, _) = try await asked(clusterz: #"{"id":1}"#, locations: "location = /none { return 404; }")
        #expect(
            pods[0].clusters.failure?.detail
                == "GET /debug/clusterz of pod istiod-1: the answer is not of the shape that Istio 1.24 gives it")
        #expect(pods[0].gateways.value?.isEmpty == true && pods[0].proxies.value?.isEmpty == true)
    }

    @Test func whereItIsNotAllowedTheReasonSaysWhoMayGrantIt() async throws {
        let (pods, paths, _) = try await asked(token: "another")
        let reason = try #require(pods[0].clusters.failure?.reason)
        #expect(reason.contains("port-forward to pod istiod-1") && reason.contains("pods/portforward"))
        #expect(reason.contains("isthmus rbac --level probe") && !reason.contains(Self.token))
        #expect(paths.isEmpty)
    }

    // MARK: Facts

    private func facts(_ answers: IstiodAnswers?, gatewayPods: [Pod] = [], remoteSecrets: [FactRow] = []) throws -> FactBatch {
        let unusable = KubeconfigError(.unreadable, "there is none")
        var results = ["a", "b"].map {
            ClusterResult(ClusterDeclaration(name: $0, kubeconfig: "k"), unusable: unusable, revision: "")
        }
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.gatewayPods = .success(gatewayPods)
        let folder = try Folder()
        let file = try folder.write("k", Data(FakeCluster.kubeconfig(port: 1, token: Self.token).utf8))
        results[0] = ClusterResult(
            results[0].declaration, access: try Kubeconfig.load(.file(file)).resolve(), contact: results[0].contact,
            evidence: evidence,
            revision: "")
        results[0].istiods = answers
        let marks = ["a", "b"].map {
            ClusterMark(cluster: $0, uid: nil, server: nil, remoteServer: nil, authorities: [], clusterIDs: ["cn-\($0)"])
        }
        let batch = IstiodFacts(results, marks: marks, remoteSecrets: remoteSecrets).batch
        try Snapshot.inMemory(schema: .embedded()).insert(batch)
        return batch
    }

    private func pod(
        _ name: String = "istiod-1", clusterz: String = "[]", networkz: String = "[]", syncz: String = "[]"
    ) throws -> IstiodPod {
        IstiodPod(
            name: name, revision: "asm-1", clusters: .success(try decoded(clusterz)), gateways: .success(try decoded(networkz)),
            proxies: .success(try decoded(syncz)))
    }

    private func rows(_ batch: FactBatch, _ table: String, _ columns: String...) -> [[FactValue]] {
        batch.rows.filter { $0.table == table }.map { row in columns.map { row[$0] } }
    }

    private func status(_ batch: FactBatch, _ fact: String, _ cluster: String = "a") -> LedgerEntry? {
        batch.ledger.first { $0.fact == fact && $0.cluster == cluster }
    }

    @Test func peersAndGatewaysByTheIdsOfTheRun() throws {
        let known = try pod(
            clusterz:
                #"[{"id":"cn-a"},{"id":"cn-b","secretName":"istio-system/s","syncStatus":"syncing"},{"id":"cn-z","secretName":"istio-system/z","syncStatus":"synced"}]"#,
            networkz:
                #"[{"Network":"n","Cluster":"cn-a","Addr":"1.1.1.1","Port":15443},{"Network":"n","Cluster":"cn-b","Addr":"2.2.2.2","Port":443},{"Network":"n","Cluster":"cn-b","Addr":"2.2.2.2","Port":443}]"#
        )
        let batch = try facts(IstiodAnswers(pods: .success([known, try pod("istiod-2")])))
        #expect(
            rows(batch, "istiod_peer", "source", "target", "pod", "peer_id", "secret", "status") == [
                ["a", "b", "istiod-1", "cn-b", "istio-system/s", "syncing"], ["a", "b", "istiod-2", "cn-b", "", "absent"],
            ])
        #expect(rows(batch, "istiod_gateway", "target", "pod", "address", "port") == [["b", "istiod-1", "2.2.2.2", 443]])
        #expect(status(batch, "istiod_peer")?.status == .collected)
        #expect(status(batch, "istiod_peer", "b")?.status == .notExamined)
    }

    /// A cluster has not taken itself in, whatever key its own id would be.
    @Test func aLabelledSecretsKeyIsTheId() throws {
        let secret = FactRow("remote_secret", ["cluster": "a", "target": "b", "key": "other", "labelled": 1])
        let known = try pod(clusterz: #"[{"id":"other","secretName":"istio-system/s","syncStatus":"synced"},{"id":"cn-b"}]"#)
        let batch = try facts(IstiodAnswers(pods: .success([known])), remoteSecrets: [secret])
        #expect(rows(batch, "istiod_peer", "peer_id", "status") == [["other", "synced"]])
        let own = try facts(IstiodAnswers(pods: .success([known])))
        #expect(rows(own, "istiod_peer", "peer_id", "status") == [["cn-b", "absent"]])
    }

    @Test func proxiesOfTheGatewayAlsoThoseThatNobodySpeaksOf() throws {
        let gateway = try ["gw-1", "gw-2", "gw-3"].map { name -> Pod in
            let ready = name == "gw-3" ? "False" : "True"
            return try decoded(
                #"{"metadata":{"name":"\#(name)","namespace":"istio-system"},"spec":{"containers":[{"name":"istio-proxy","image":"x"}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"\#(ready)"}]}}"#
            )
        }
        // gw-1 twice: an old connection of it lingers.
        let known = try pod(
            syncz:
                #"[{"proxy":"gw-1.istio-system","proxy_type":"router","cluster_sent":"1","cluster_acked":"1"},{"proxy":"gw-1.istio-system","proxy_type":"router","cluster_sent":"2"},{"proxy":"hello.sample","proxy_type":"sidecar","cluster_sent":"1","cluster_acked":"1"}]"#
        )
        let batch = try facts(IstiodAnswers(pods: .success([known])), gatewayPods: gateway)
        #expect(
            Set(rows(batch, "proxy_sync", "pod", "proxy", "of_gateway", "acknowledged", "unacknowledged")) == [
                ["istiod-1", "istio-system/gw-1", 1, "[]", #"["clusters"]"#],
                ["istiod-1", "hello.sample", 0, #"["clusters"]"#, "[]"],
                ["", "istio-system/gw-2", 1, "[]", "[]"],
            ])
    }

    /// One pod that cannot be asked may be the one that knows less.
    @Test func oneSilentPodMakesTheTableMissing() throws {
        var silent = try pod("istiod-2")
        silent.clusters = .failure(NoAnswer("port-forward to pod istiod-2: refused"))
        let batch = try facts(IstiodAnswers(pods: .success([try pod(), silent])))
        #expect(status(batch, "istiod_peer")?.status == .failed)
        #expect(status(batch, "istiod_peer")?.reason == "port-forward to pod istiod-2: refused")
        #expect(rows(batch, "istiod_peer", "pod").isEmpty && status(batch, "istiod_gateway")?.status == .collected)
    }

    @Test func atLevelReadNobodyIsAsked() throws {
        let batch = try facts(nil)
        #expect(["istiod_peer", "istiod_gateway", "proxy_sync"].allSatisfy { status(batch, $0)?.status == .notExamined })
    }
}
