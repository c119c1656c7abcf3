import Facts
import Foundation
import Peers
@testable import TLS
import Testing

@testable import Collect

/// Visitors at a real Envoy that stands for gateway and sidecar.
@Suite(.serialized) struct IdentityProofTests {
    static let domain = "f.svc.id.goog"
    static let root = Identity.make(.authority("O=cluster.local"))
    static let intermediate = Identity.make(.authority("CN=Intermediate a"), by: root)
    static let workload = Identity.make(
        .server("URI:spiffe://\(domain)/ns/sample/sa/hello").with { $0.subject = "x" },
        by: Identity.make(.authority("CN=Intermediate b"), by: root))

    static func authority(_ own: Identity = intermediate) throws -> SigningAuthority {
        try SigningAuthority(
            certificatePEM: own.certificatePEM, chainPEM: own.chainPEM + root.certificatePEM,
            keyPEM: SecretBytes(Array(own.keyPEM)))
    }

    private func proof(
        _ port: Int, authority: SigningAuthority? = nil, isHTTP: Bool = true, trusted: Identity = root
    ) throws -> IdentityProof {
        IdentityProof(
            source: "a", target: "b", authority: try authority ?? Self.authority(), trustDomain: Self.domain,
            roots: try Certificate.parse(pem: trusted.certificatePEM),
            service: ProbeService(namespace: "sample", name: "hello", port: 5000, isHTTP: isHTTP), address: "127.0.0.1",
            port: port,
            now: Int(Date().timeIntervalSince1970), connectTimeout: .seconds(5))
    }

    /// Outcomes by visitor, in the order of the visitors.
    private func outcomes(_ proof: IdentityProof) async throws -> [String] {
        let batch = FactBatch(
            rows: await proof.run(TLSProber()), ledger: [LedgerEntry(fact: "identity_proof", cluster: "a", status: .collected)])
        try Snapshot.inMemory(schema: .embedded()).insert(batch)
        #expect(batch.rows.map { $0["visitor"].text } == IdentityProof.Visitor.allCases.map(\.rawValue))
        return batch.rows.map { row in
            [row["outcome"].text, row["alert"].integer.map(String.init)].compactMap(\.self).joined(separator: " ")
        }
    }

    /// What BoringSSL says to each of them (51 where only the root's name is right); over TLS 1.3 it says so after the handshake, over 1.2 within it.
    @Test(arguments: ["TLSv1_2", "TLSv1_3"])
    func aSoundMesh(version: String) async throws {
        let envoy = try await MeshEnvoy(
            Self.workload, root: Self.root.certificatePEM,
            .init(trustDomain: Self.domain) { ($0.minimumVersion, $0.maximumVersion) = (version, version) })
        let seen = try await outcomes(try proof(envoy.port))
        let missing = version == "TLSv1_2" ? "refused 40" : "refused 116"
        #expect(seen == ["answered", missing, "refused 51", "refused 46", "refused 45", "cut"], "\(seen) \(envoy.log)")
    }

    /// A service of which nothing is known but TCP, and that says nothing: the handshake alone is the proof, and only in TLS 1.2.
    @Test func silence() {
        var conversation = Conversation(ladder: TLSLadder(host: "h", port: 1))
        conversation.ladder.tcp = Rung(outcome: .ok, milliseconds: 1)
        conversation.ladder.tls = Rung(outcome: .ok, milliseconds: 1)
        conversation.end = .timedOut
        for (version, outcome) in [("TLSv1.2", IdentityProof.Outcome.accepted), ("TLSv1.3", .timeout)] {
            conversation.ladder.version = version
            #expect(IdentityProof.outcome(.member, conversation).0 == outcome)
        }
        conversation.end = .closedWithoutAlert
        #expect(IdentityProof.outcome(.member, conversation).0 == .cut)
    }

    @Test func aMeshThatLetsImpostorsIn() async throws {
        let anyDomain = try await MeshEnvoy(
            Self.workload, root: Self.root.certificatePEM, .init { $0.acceptsExpired = true })
        let lax = try await outcomes(try proof(anyDomain.port))
        #expect(lax == ["answered", "refused 116", "refused 51", "answered", "answered", "cut"], "\(lax)")
        let anybody = try await MeshEnvoy(Self.workload, root: Self.root.certificatePEM, .init { $0.asksForCertificate = false })
        let open = try await outcomes(try proof(anybody.port))
        #expect(open == ["answered", "answered", "answered", "answered", "answered", "cut"], "\(open)")
    }

    @Test func aSourceThatTheTargetDoesNotTrust() async throws {
        let envoy = try await MeshEnvoy(Self.workload, root: Self.root.certificatePEM, .init(trustDomain: Self.domain))
        let other = Identity.make(.authority("CN=Other"), by: Identity.make(.authority("O=cluster.local")))
        #expect(try await outcomes(try proof(envoy.port, authority: Self.authority(other))).first == "refused 48")
        // And one that does not trust the target: nothing is sent to it.
        let stranger = Identity.make(.authority("O=cluster.local"))
        let seen = try await outcomes(try proof(envoy.port, trusted: stranger))
        #expect(seen.first == "untrusted-server", "\(seen)")
        let nobody = try await outcomes(try proof(try Listener.freePort()))
        #expect(nobody == Array(repeating: "unreachable", count: 6))
    }

    @Test func aServerWithoutTLS() async throws {
        let open = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
        }
        let seen = try await outcomes(try proof(open.port))
        #expect(seen.last == "answered", "\(seen)")
        let wantsTLS = try Listener { connection in
            connection.readSome()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        }
        #expect(try await outcomes(try proof(wantsTLS.port)).last == "refused")
    }
}

@Suite struct SigningTests {
    private let now = Int(Date().timeIntervalSince1970)

    @Test func aLeafAsIstiodMakesIt() throws {
        let authority = try IdentityProofTests.authority()
        let leaf = try authority.issue("spiffe://f.svc.id.goog/ns/isthmus/sa/probe", at: now)
        let certificate = leaf.chain[0]
        #expect(certificate.uriNames == ["spiffe://f.svc.id.goog/ns/isthmus/sa/probe"])
        #expect((certificate.subject, certificate.isCA) == ("", false))
        #expect(certificate.keyUsages == ["digitalSignature", "keyEncipherment"])
        #expect(Set(certificate.extendedKeyUsages) == ["clientAuth", "serverAuth"])
        #expect(certificate.notAfter - certificate.notBefore == 600 && certificate.notAfter <= now + 600)
        // The root stays at home, the intermediate comes along.
        #expect(leaf.chain.map(\.subject) == ["", "CN=Intermediate a"])
        let roots = try Certificate.parse(pem: IdentityProofTests.root.certificatePEM)
        #expect(Certificate.verify(chain: leaf.chain, roots: roots, at: now).isTrusted)
        let over = try authority.issue("spiffe://f.svc.id.goog/ns/isthmus/sa/probe", at: now, expired: true)
        #expect(Certificate.verify(chain: over.chain, roots: roots, at: now).outcome == .expired(position: 0))
        let stranger = try SigningAuthority.stranger(named: roots[0], at: now).issue("spiffe://f/ns/a/sa/b", at: now)
        #expect(!Certificate.verify(chain: stranger.chain, roots: roots, at: now).isTrusted)
        #expect(stranger.chain[0].issuer == roots[0].subject)
    }

    @Test(arguments: [
        "spiffe://f,DNS:evil.example/ns/a/sa/b", "spiffe://f/ns/a/sa/b\nx", "https://f/", "", "spiffe://f/@section",
        "spiffe://f;x",
    ])
    func noOtherNamesGetIn(name: String) throws {
        #expect(throws: CertificateError.self) { try IdentityProofTests.authority().issue(name, at: now) }
    }

    @Test func whatDoesNotBelongTogether() throws {
        let own = IdentityProofTests.intermediate, other = Identity.make(.authority())
        #expect(throws: CertificateError.notAKey(detail: "it belongs to another certificate")) {
            try SigningAuthority(certificatePEM: own.certificatePEM, chainPEM: nil, keyPEM: SecretBytes(Array(other.keyPEM)))
        }
        #expect(throws: CertificateError.encryptedKey) {
            try SigningAuthority(
                certificatePEM: own.certificatePEM, chainPEM: nil,
                keyPEM: SecretBytes(Array(own.encryptedKeyPEM(password: "x"))))
        }
        let rsa = Identity.make(.authority().with { $0.rsaBits = 2048 })
        let authority = try SigningAuthority(
            certificatePEM: rsa.certificatePEM, chainPEM: nil, keyPEM: SecretBytes(Array(rsa.keyPEM)))
        let leaf = try authority.issue("spiffe://cluster.local/ns/a/sa/b", at: now)
        // An authority that signed itself is the root: the leaf comes alone.
        #expect(leaf.chain.count == 1)
        #expect(
            Certificate.verify(chain: leaf.chain, roots: try Certificate.parse(pem: rsa.certificatePEM), at: now).isTrusted)
    }

    @Test func aSecretsValueAmongItsLookalikes() {
        let object = Data(
            #"{"metadata":{"annotations":{"last":"{\"data\":{\"ca-key.pem\":\"d3Jvbmc=\"}}"},"managedFields":[{"f:ca-key.pem":{}}]},"data":{"ca-cert.pem":"Y2VydA==","ca-key.pem":"a2V5"}}"#
                .utf8)
        #expect(SigningKey.value("ca-key.pem", object) == Data("key".utf8))
        #expect(SigningKey.value("ca-cert.pem", object) == Data("cert".utf8))
        #expect(SigningKey.value("root-cert.pem", object) == nil)
        #expect(SigningKey.value("ca-key.pem", Data(#"{"data":{"ca-key.pem":"no base64"}}"#.utf8)) == nil)
    }

    @Test func secretsAreNotPrinted() {
        let bytes = SecretBytes(Array("PLANTED".utf8))
        #expect("\(bytes) \(String(reflecting: bytes))".contains("REDACTED"))
        var text = ""
        dump(bytes, to: &text)
        #expect(!text.contains("PLANTED") && !text.contains("80"))
    }
}
