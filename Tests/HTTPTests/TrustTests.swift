import Foundation
import HTTP
import Peers
import Testing

/// What makes a TLS connection good or bad.
@Suite(.timeLimit(.minutes(2))) struct TrustTests {
    static let other = Identity.make(.authority())

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var identity: Identity
        var endpoint: HTTPEndpoint
        var kind: TLSFailureKind
    }

    static let cases = [
        Case(
            testDescription: "another root of the same name", identity: serverIdentity,
            endpoint: HTTPEndpoint(certificateAuthorityPEM: other.certificatePEM), kind: .unknownAuthority),
        Case(
            testDescription: "the system's trust does not hold a private root", identity: serverIdentity,
            endpoint: HTTPEndpoint(),
            kind: .unknownAuthority),
        Case(
            testDescription: "expired", identity: .make(.server().with { $0.notAfter = -60 }, by: root), endpoint: trusting,
            kind: .expired),
        Case(
            testDescription: "not yet valid", identity: .make(.server().with { $0.notBefore = 3600 }, by: root),
            endpoint: trusting,
            kind: .notYetValid),
        Case(
            testDescription: "another name", identity: .make(.server("DNS:elsewhere.example"), by: root), endpoint: trusting,
            kind: .nameMismatch),
        Case(
            testDescription: "trust that is not PEM", identity: serverIdentity,
            endpoint: HTTPEndpoint(certificateAuthorityPEM: Data("nonsense".utf8)), kind: .authorityData),
        Case(
            testDescription: "a client certificate with another's key", identity: serverIdentity,
            endpoint: HTTPEndpoint(
                certificateAuthorityPEM: root.certificatePEM, clientCertificatePEM: root.certificatePEM,
                clientKeyPEM: other.keyPEM),
            kind: .clientCertificate),
        Case(
            testDescription: "an encrypted key, whose password nobody is asked for", identity: serverIdentity,
            endpoint: HTTPEndpoint(
                certificateAuthorityPEM: root.certificatePEM, clientCertificatePEM: root.certificatePEM,
                clientKeyPEM: root.encryptedKeyPEM(password: "tell nobody")),
            kind: .clientCertificate),
        Case(
            testDescription: "a certificate without its key", identity: serverIdentity,
            endpoint: HTTPEndpoint(certificateAuthorityPEM: root.certificatePEM, clientCertificatePEM: root.certificatePEM),
            kind: .clientCertificate),
    ]

    @Test(arguments: cases) func fails(_ example: Case) async throws {
        let nginx = try await Nginx(identity: example.identity, locations: "location / { return 200 ok; }")
        let url = "https://127.0.0.1:\(nginx.port)/"
        let problem = try #require(await failure(get(url, example.endpoint)))
        #expect(kind(problem) == example.kind, "\(problem)")
        #expect(nginx.log.isEmpty)
        guard example.endpoint.clientCertificatePEM == nil, example.kind != .authorityData else { return }
        var careless = example.endpoint
        careless.insecureSkipVerify = true
        #expect(try await client.send(get(url, careless)).status == 200)
        // The careless connection is there to be used, but not for those who care.
        #expect(kind(await failure(get(url, example.endpoint))) == example.kind)
    }

    @Test func anIntermediateIsFollowed() async throws {
        let middle = Identity.make(.authority("Intermediate"), by: root)
        let leaf = Identity.make(.server(), by: middle)
        let nginx = try await Nginx(identity: leaf, locations: "location / { return 200 ok; }")
        #expect(try await client.send(get("https://127.0.0.1:\(nginx.port)/")).status == 200)
        // The intermediate alone is trust enough, as for client-go.
        let partial = HTTPEndpoint(certificateAuthorityPEM: middle.certificatePEM)
        #expect(try await client.send(get("https://127.0.0.1:\(nginx.port)/", partial)).status == 200)
    }

    @Test(arguments: ["-tls1_3", "-tls1_2"]) func aMissingClientCertificateIsAnAlert(_ version: String) async throws {
        let server = try await OpenSSLServer(serverIdentity, options: [version], clientAuthority: root.certificatePEM)
        let problem = try #require(await failure(get("https://127.0.0.1:\(server.port)/")))
        #expect(kind(problem) == .alert(version == "-tls1_3" ? 116 : 40), "\(problem)")
    }

    @Test func anOldServerIsAVersionMismatch() async throws {
        let server = try await OpenSSLServer(serverIdentity, options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        let problem = try #require(await failure(get("https://127.0.0.1:\(server.port)/")))
        #expect(kind(problem) == .versionMismatch, "\(problem)")
    }

    // MARK: Connections of different endpoints

    @Test func differentClientCertificatesNeverShareAConnection() async throws {
        let nginx = try await Nginx(
            identity: serverIdentity, clientAuthority: root.certificatePEM,
            locations: "location / { return 200 $ssl_client_s_dn; }")
        let names = ["alice", "bob", "carol"]
        let endpoints = names.map { name in
            let identity = Identity.make(.server().with { $0.subject = name }, by: root)
            return HTTPEndpoint(
                certificateAuthorityPEM: root.certificatePEM, clientCertificatePEM: identity.certificatePEM,
                clientKeyPEM: identity.keyPEM)
        }
        try await withThrowingTaskGroup { group in
            for round in 0..<60 {
                let index = round % names.count
                group.addTask {
                    (names[index], try await client.send(get("https://127.0.0.1:\(nginx.port)/", endpoints[index])).text)
                }
            }
            for try await (name, text) in group { #expect(text == "CN=\(name)") }
        }
        #expect(nginx.connections == names.count)
        // Without a certificate, nginx answers 400; it must not get in on another's connection.
        #expect(try await client.send(get("https://127.0.0.1:\(nginx.port)/")).status == 400)
    }

    /// libcurl does not compare keys when it looks for a connection.
    @Test func aWrongKeyDoesNotTravelOnTheRightOnesConnection() async throws {
        let nginx = try await Nginx(
            identity: serverIdentity, clientAuthority: root.certificatePEM,
            locations: "location / { return 200 $ssl_client_s_dn; }")
        let alice = Identity.make(.server().with { $0.subject = "alice" }, by: root)
        var endpoint = HTTPEndpoint(
            certificateAuthorityPEM: root.certificatePEM, clientCertificatePEM: alice.certificatePEM, clientKeyPEM: alice.keyPEM)
        #expect(try await client.send(get("https://127.0.0.1:\(nginx.port)/", endpoint)).text == "CN=alice")
        endpoint.clientKeyPEM = serverIdentity.keyPEM
        #expect(kind(await failure(get("https://127.0.0.1:\(nginx.port)/", endpoint))) == .clientCertificate)
    }

    @Test func differentTrustNeverSharesAConnection() async throws {
        let nginx = try await Nginx(identity: serverIdentity, locations: "location / { return 200 ok; }")
        let url = "https://127.0.0.1:\(nginx.port)/"
        #expect(try await client.send(get(url)).status == 200)
        #expect(
            kind(await failure(get(url, HTTPEndpoint(certificateAuthorityPEM: Self.other.certificatePEM)))) == .unknownAuthority)
        var named = trusting
        named.tlsServerName = "wrong.example"
        #expect(kind(await failure(get(url, named))) == .nameMismatch)
    }
}
