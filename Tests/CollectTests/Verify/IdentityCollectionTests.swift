import Facts
import Foundation
import Peers
import Testing

@testable import Collect

/// The identity proof as a whole: the key out of a cluster's API, visitors at the other cluster's gateway, rows without the key.
@Suite(.serialized) struct IdentityCollectionTests {
    private static let path = "/api/v1/namespaces/istio-system/secrets"
    private let intermediate = Identity.make(.authority("CN=Intermediate"), by: FakeCluster.meshRoot)

    private func secret(_ name: String, _ parts: [String: Data]) -> String {
        let data = parts.map { "\"\($0)\":\"\($1.base64EncodedString())\"" }.joined(separator: ",")
        return #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"istio-system"},"data":{\#(data)}}"#
    }

    private var cacerts: [String: Data] {
        [
            "ca-cert.pem": intermediate.certificatePEM, "ca-key.pem": intermediate.keyPEM,
            "cert-chain.pem": intermediate.certificatePEM + FakeCluster.meshRoot.certificatePEM,
            "root-cert.pem": FakeCluster.meshRoot.certificatePEM,
        ]
    }

    @Test func aKeyIsUsedAndKeptNowhere() async throws {
        let a = try await FakeCluster("a", answers: ["\(Self.path)/cacerts": secret("cacerts", cacerts)])
        let b = try await FakeCluster("b", extra: "location = \(Self.path)/cacerts { return 403; }")
        let batch = try await collect([a.declaration, b.declaration], withCAKey: true)
        let uses = batch.rows.filter { $0.table == "ca_key_use" }
        #expect(uses.map { $0["outcome"] } == ["used", "denied"], "\(uses)")
        #expect((uses[0]["issued"], uses[0]["lifetime_seconds"], uses[0]["secret"]) == (3, 600, "cacerts"))
        let visits = batch.rows.filter { $0.table == "identity_proof" }
        #expect(visits.allSatisfy { $0["source"] == "a" && $0["target"] == "b" } && visits.count == 6)
        let outcomes = Dictionary(uniqueKeysWithValues: visits.map { ($0["visitor"].text ?? "", $0["outcome"]) })
        // s_server verifies root and time, and lets every name in.
        #expect(outcomes["member"] == "answered" && outcomes["wrong-trust-domain"] == "answered", "\(visits)")
        #expect(
            outcomes["expired"] == "refused" && outcomes["foreign-root"] == "refused" && outcomes["no-certificate"] == "refused")
        #expect(visits[0]["identity"] == "spiffe://cluster.local/ns/isthmus/sa/probe")

        // Neither the facts nor the file that is written of them hold a line of the key.
        let folder = try Folder()
        let snapshot = try Snapshot.inMemory(schema: .embedded())
        try snapshot.insert(batch)
        try snapshot.save(to: folder.url.appending(path: "s.snapshot"))
        let file = try Data(contentsOf: folder.url.appending(path: "s.snapshot"))
        let lines = String(decoding: intermediate.keyPEM, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }
        let encoded = intermediate.keyPEM.base64EncodedString()
        #expect(!lines.isEmpty)
        for part in lines.map(String.init) + [String(encoded.prefix(40)), "PRIVATE KEY"] {
            #expect(!"\(batch)".contains(part))
            #expect(file.firstRange(of: Data(part.utf8)) == nil)
        }
    }

    @Test func withoutTheFlagNobodyAsksForIt() async throws {
        let a = try await FakeCluster("a", answers: ["\(Self.path)/cacerts": secret("cacerts", cacerts)])
        let b = try await FakeCluster("b")
        let batch = try await collect([a.declaration, b.declaration])
        #expect(!a.nginx.log.contains { $0.contains("\(Self.path)/cacerts") })
        for fact in ["ca_key_use", "identity_proof"] {
            #expect(batch.ledger.filter { $0.fact == fact }.allSatisfy { $0.status == .notExamined })
        }
    }

    @Test func whatCannotBeUsed() async throws {
        var broken = cacerts
        broken["ca-key.pem"] = Identity.make(.authority()).keyPEM
        let a = try await FakeCluster("a", answers: ["\(Self.path)/cacerts": secret("cacerts", broken)])
        let b = try await FakeCluster("b")
        let batch = try await collect([a.declaration, b.declaration], withCAKey: true)
        let uses = batch.rows.filter { $0.table == "ca_key_use" }
        #expect(uses.map { $0["outcome"] } == ["unreadable", "absent"])
        #expect(uses[0]["detail"].text?.hasSuffix("it is not a private key: it belongs to another certificate") == true)
        #expect(!batch.rows.contains { $0.table == "identity_proof" })
    }
}
