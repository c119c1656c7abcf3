import Facts
import Foundation
import TLS
import Testing

@testable import Collect

@Suite struct RootTests {
    /// Two self-signed authorities of one name, and a leaf.
    private let first = Certificates.rootA
    private let second = Certificates.rootB

    private func copy(_ namespace: String, _ pem: String?) -> ConfigMap {
        ConfigMap(
            metadata: ObjectMeta(name: "istio-ca-root-cert", namespace: namespace), data: pem.map { ["root-cert.pem": $0] } ?? [:]
        )
    }

    @Test func roots() throws {
        let rows = Rows.rootCertificates("a", PEMBundle(first + second + first))
        #expect(rows.count == 2)
        #expect(rows.map { $0["name"] } == ["O=cluster.local", "O=cluster.local"])
        #expect(rows[0]["fingerprint"] != rows[1]["fingerprint"])
        #expect(rows.map { $0["is_ca"] } == [1, 1])
        #expect(rows.map { $0["self_signed"] } == [1, 1])
        #expect(rows[0]["fingerprint"].text?.count == 64)
        #expect(PEMBundle("").problem != "")
        #expect(PEMBundle(String(first.dropLast(40))).problem != "")
    }

    @Test func copiesByNamespace() throws {
        let namespaces = ["default", "istio-system", "kube-public", "kube-node-lease", "kube-system", "new"].map {
            ObjectMeta(name: $0)
        }
        var leaving = ObjectMeta(name: "leaving")
        leaving.deletionTimestamp = Timestamp(seconds: 0)
        let rows = Rows.rootBundles(
            "a", namespaces: namespaces + [leaving],
            copies: [
                copy("default", second + first), copy("istio-system", first + second), copy("kube-system", first),
                copy("broken", "x"),
                copy("keyless", nil),
            ], selectors: [])
        #expect(rows.map { $0["namespace"] } == ["broken", "default", "istio-system", "keyless", "kube-system", "new"])
        #expect(rows.map { $0["present"] } == [1, 1, 1, 1, 1, 0])
        #expect(rows.map { $0["certificates"] } == [0, 2, 2, 0, 1, 0])
        // The order of the certificates does not matter; which they are does.
        #expect(rows[1]["bundle"] == rows[2]["bundle"])
        #expect(rows[4]["bundle"] != rows[2]["bundle"])
        #expect((rows[0]["bundle"], rows[5]["bundle"]) == ("", ""))
        #expect(rows[0]["parse_error"] != "")
        #expect(rows[3]["parse_error"] == "there is no key root-cert.pem")
        #expect(rows[5]["parse_error"] == "")
    }

    @Test func onlyNamespacesThatIstiodLooksAtNeedACopy() {
        let namespaces = [
            ObjectMeta(name: "istio-system"), ObjectMeta(name: "in", labels: ["mesh": "on"]), ObjectMeta(name: "out"),
            ObjectMeta(name: "has"),
        ]
        let rows = Rows.rootBundles(
            "a", namespaces: namespaces, copies: [copy("has", first)], selectors: [LabelSelector(matchLabels: ["mesh": "on"])])
        #expect(rows.map { $0["namespace"] } == ["has", "in", "istio-system"])
    }

    @Test func webhookTrustsTheRoot() throws {
        func configuration(_ pem: String) throws -> WebhookConfiguration {
            try decoded(
                """
                {"metadata":{"name":"w","labels":{"app":"sidecar-injector"}},"webhooks":[{"name":"x",
                 "clientConfig":{"service":{"namespace":"n","name":"s"},"caBundle":"\(Data(pem.utf8).base64EncodedString())"}}]}
                """)
        }
        let roots = Set(PEMBundle(first).fingerprints)
        let rows = Rows.webhooks("a", [try configuration(first), try configuration(second)], roots: roots)
        #expect(rows.map { $0["ca_bundle_trusts_root"] } == [1, 0])
        #expect(rows.map { $0["ca_certificates"] } == [1, 1])
    }

    @Test func servedChainAndWhoTrustsIt() throws {
        let chain = PEMBundle(Certificates.leaf + first).certificates
        let rows = Rows.servedCertificates("b", address: "203.0.113.2", chain: chain)
        #expect(rows.map { $0["position"] } == [0, 1])
        #expect(rows[0]["spiffe_id"] == "spiffe://f.svc.id.goog/ns/sample/sa/hello")
        #expect(rows.map { $0["signs_certificates"] } == [0, 1])
        #expect(rows.map { $0["is_ca"] } == [0, 1])

        let now = chain[0].notBefore + 60
        let trusted = Certificate.verify(chain: chain, roots: PEMBundle(first).certificates, at: now)
        let row = Rows.chainTrust(source: "a", target: "b", address: "x", trusted)
        #expect((row["outcome"], row["detail"], row["position"]) == ("trusted", "", -1))
        let other = Certificate.verify(chain: chain, roots: PEMBundle(second).certificates, at: now)
        let stranger = Rows.chainTrust(source: "a", target: "b", address: "x", other)
        #expect(stranger["outcome"] == "unknown-authority" && stranger["detail"] != "")
        let late = Certificate.verify(chain: chain, roots: PEMBundle(first).certificates, at: chain[0].notAfter + 1)
        let expired = Rows.chainTrust(source: "a", target: "b", address: "x", late)
        #expect((expired["outcome"], expired["position"]) == ("expired", 0))
    }
}
