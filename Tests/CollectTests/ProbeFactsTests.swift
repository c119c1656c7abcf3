import Facts
import Foundation
import Kubernetes
import Mesh
import Peers
import Synchronization
import Testing

@testable import Collect

@Suite struct ProbeFactsTests {
    private func row(_ batch: FactBatch, _ table: String, _ kind: String = "") -> FactRow? {
        batch.rows.first { $0.table == table && (kind.isEmpty || $0["kind"] == .text(kind)) }
    }

    private let server = ProbeTarget(
        kind: .controlPlane, cluster: "b", host: "10.0.0.2", port: 6443, trust: .authority(Data("x".utf8)))

    private func transcript(_ text: String) -> ProbeTranscript { ProbeTranscript(Data(text.utf8)) }

    private let ok = "try full\nx 0\nw 200 0.001 0.002 0.003 0.004 10.0.0.2\n* Connected to x\n"

    private func facts(_ targets: [ProbeTarget], _ transcripts: [Int: ProbeTranscript], _ outcome: ProbeOutcome = .ran) throws
        -> FactBatch
    {
        let unusable = KubeconfigError(.unreadable, "there is none")
        var results = ["a", "b"].map {
            ClusterResult(ClusterDeclaration(name: $0, kubeconfig: "k"), unusable: unusable, revision: "")
        }
        var probe = ProbeResult(outcome: outcome, detail: outcome == .ran ? "" : "why")
        probe.transcripts = transcripts
        results[0].probe = ClusterProbe(targets: targets, result: probe, image: "curl:1")
        let batch = ProbeFacts(results, now: 0).batch
        try Snapshot.inMemory(schema: .embedded()).insert(batch)
        return batch
    }

    @Test func aCompleteLog() async throws {
        let void = "try tcp\nx 7\nw 000 0.001 0 0 0.002 \n* connect to 192.0.2.1 port 443 failed: Connection refused\n"
        let batch = try facts([.own, .void, server], [0: transcript(ok), 1: transcript(void), 2: transcript(ok)])
        let run = try #require(row(batch, "probe_run"))
        #expect(run["own_api_ok"] == 1 && run["void_silent"] == 1 && run["targets"] == 1 && run["answered"] == 1)
        let cell = try #require(row(batch, "pod_reachability"))
        #expect(
            cell["outcome"] == "ok" && cell["rung"] == "answer" && cell["address"] == "10.0.0.2:6443" && cell["target"] == "b")
        #expect(batch.rows.filter { $0.table == "pod_reachability" }.count == 1)
        let entry = batch.ledger.first { $0.fact == "pod_reachability" && $0.cluster == "a" }
        #expect(entry?.status == .collected)
        #expect(batch.ledger.first { $0.fact == "pod_reachability" && $0.cluster == "b" }?.status == .notExamined)
    }

    @Test func somethingThatSwallowsEveryConnection() async throws {
        let batch = try facts(
            [.own, .void], [0: transcript("try full\nx 7\nw 000 0 0 0 0 \n"), 1: transcript(ok.replacing("full", with: "tcp"))])
        let run = try #require(row(batch, "probe_run"))
        #expect(run["own_api_ok"] == 0 && run["void_silent"] == 0)
    }

    @Test func whatWasNotTriedIsNotObserved() async throws {
        let batch = try facts([.own, .void, server], [1: transcript("try tcp\nx 127\n")], .lost)
        let run = try #require(row(batch, "probe_run"))
        #expect(run["own_api_ok"] == .null && run["void_silent"] == .null && run["answered"] == 0 && run["outcome"] == "lost")
        #expect(row(batch, "pod_reachability") == nil)
        let entry = batch.ledger.first { $0.fact == "pod_reachability" && $0.cluster == "a" }
        #expect(entry?.status == .failed && entry?.reason.contains("lost: why") == true)
    }

    @Test func oneIssuerForSeveralClustersStandsInBetween() async throws {
        let stranger =
            "try full\nx 60\nw 000 0.001 0.002 0 0.004 10.0.0.2\nm (60) SSL certificate problem: unable to get local issuer certificate\n"
            + "try unverified\nx 0\nw 200 0.001 0.002 0.003 0.004 10.0.0.2\n*  subject: CN=x\n*  issuer: CN=Corporate Proxy\n"
        var third = server
        (third.cluster, third.host) = ("c", "10.0.0.3")
        let alone = try facts([server], [0: transcript(stranger)])
        #expect(row(alone, "pod_reachability")?["outcome"] == "wrong-certificate")
        #expect(row(alone, "pod_reachability")?["certificate_issuer"] == "CN=Corporate Proxy")
        let both = try facts([server, third], [0: transcript(stranger), 1: transcript(stranger)])
        #expect(both.rows.filter { $0.table == "pod_reachability" }.allSatisfy { $0["outcome"] == "intercepted" })
    }

    @Test func ofTwoResultsForOneAddressTheWorseCounts() async throws {
        var other = server
        other.trust = .system
        let refused = "try full\nx 7\nw 000 0.001 0 0 0.002 \n* connect to 10.0.0.2 port 6443 failed: Connection refused\n"
        for (first, second) in [(ok, refused), (refused, ok)] {
            let batch = try facts([server, other], [0: transcript(first), 1: transcript(second)])
            #expect(batch.rows.filter { $0.table == "pod_reachability" }.map { $0["outcome"] } == ["refused"])
        }
    }

    /// A proxy that opens TLS on the way answers with a certificate, too.
    @Test func aGatewaysCertificateIsNobodysWhereTheRootsAreNotKnown() async throws {
        let flight = ServerFlight.records(of: Identity.make(.server())).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        let gateway = ProbeTarget(
            kind: .gateway, cluster: "b", host: "10.0.0.2", port: 15443, serverName: "outbound_.1_._.a.b.svc.cluster.local")
        let text = ok.replacing("full", with: "tcp") + "hello full 3 800\nh \(flight.joined())\n"
        let cell = try #require(row(try facts([gateway], [0: transcript(text)]), "pod_reachability"))
        #expect(cell["rung"] == "certificate" && cell["outcome"] == "not-tried", "\(cell)")
        #expect("\(cell["detail"])".contains("roots of b are not known"))
    }

    @Test func anAddressThatIsNone() async throws {
        var odd = server
        odd.host = "a b"
        let batch = try facts([odd], [:])
        #expect(row(batch, "pod_reachability")?["outcome"] == "not-tried")
    }

    /// The canned clusters know no Jobs: every cluster's probe fails, is named, and nothing becomes green.
    @Test func aWholeCollectionAtLevelProbe() async throws {
        let b = try await FakeCluster("b")
        let a = try await FakeCluster("a", peer: b)
        let events = Mutex<[CollectEvent]>([])
        let batch = try await collect([a.declaration, b.declaration], level: .probe) { event in
            events.withLock { $0.append(event) }
        }
        for cluster in ["a", "b"] {
            let run = batch.rows.first { $0.table == "probe_run" && $0["cluster"] == .text(cluster) }
            #expect(run?["outcome"] == "failed" && run?["answered"] == 0, "\(String(describing: run))")
            #expect(run?["targets"] == 2)
            #expect(batch.ledger.first { $0.fact == "pod_reachability" && $0.cluster == cluster }?.status == .failed)
        }
        #expect(batch.rows.contains { $0.table == "permission" && $0["level"] == "probe" })
        #expect(events.withLock { $0 }.contains { if case .probing = $0.kind { true } else { false } })
    }

    /// Beside the one that a remote secret names already, and in place of the kubeconfig's where there is no secret.
    @Test func theAddressThatIsDeclaredForOthersIsTried() async throws {
        let b = try await FakeCluster("b")
        let a = try await FakeCluster("a", peer: b)
        func targets(_ change: (inout ClusterDeclaration) -> Void) async throws -> [FactValue?] {
            var declarations = [a.declaration, b.declaration]
            for index in declarations.indices { change(&declarations[index]) }
            let batch = try await collect(declarations, level: .probe) { _ in }
            return ["a", "b"].map { name in
                batch.rows.first { $0.table == "probe_run" && $0["cluster"] == .text(name) }?["targets"]
            }
        }
        #expect(try await targets { $0.remoteServer = "https://203.0.113.5:6443" } == [3, 2])
        let same = b.declaration.name
        let address = try Kubeconfig.load(.file(b.declaration.kubeconfig)).resolve().server.url
        #expect(try await targets { if $0.name == same { $0.remoteServer = address } } == [2, 2])
    }
}
