internal import Facts
internal import Foundation
internal import Kubernetes
internal import Mesh
internal import TLS

/// A cluster's signing authority, or why it is not to be had; in memory alone, for the time of the identity proof.
struct SigningKey: Sendable {
    /// In the words of column `ca_key_use.outcome`.
    enum Outcome: String, Sendable, CaseIterable { case used, absent, denied, unreadable }

    var outcome: Outcome
    var detail = ""
    /// The Secret that held it; empty where there is none.
    var secret = ""
    var authority: SigningAuthority?

    /// Reads the authority with which istiod signs: `cacerts`, else the one that it made itself.
    static func read(_ client: KubernetesClient) async -> SigningKey {
        for (name, parts) in [
            ("cacerts", ("ca-cert.pem", "cert-chain.pem", "ca-key.pem")), ("istio-ca-secret", ("ca-cert.pem", "", "ca-key.pem")),
        ] {
            let path = Resource.secrets.path(namespace: MeshConstants.systemNamespace, name: name)
            do throws(KubernetesError) {
                // Not decoded as JSON: that would leave copies of the key that nobody can wipe.
                var body = try await client.send(KubernetesClient.Request("GET", path, bodyLimit: 1 << 20)).body
                defer { body.resetBytes(in: body.startIndex..<body.endIndex) }
                return key(of: name, parts, body)
            } catch {
                guard !error.isNotFound else { continue }
                let outcome: Outcome = error.isForbidden ? .denied : .unreadable
                return SigningKey(outcome: outcome, detail: "\(error.method) \(path): \(error.cause)", secret: name)
            }
        }
        return SigningKey(
            outcome: .absent, detail: "neither cacerts nor istio-ca-secret is there: istiod signs with a key that no Secret holds"
        )
    }

    private static func key(of name: String, _ parts: (own: String, chain: String, key: String), _ body: Data) -> SigningKey {
        func unreadable(_ words: String) -> SigningKey {
            SigningKey(outcome: .unreadable, detail: "Secret \(MeshConstants.systemNamespace)/\(name): \(words)", secret: name)
        }
        guard let own = value(parts.own, body), var key = value(parts.key, body) else {
            return unreadable("\(parts.own) or \(parts.key) is missing")
        }
        defer { key.resetBytes(in: key.startIndex..<key.endIndex) }
        do throws(CertificateError) {
            let authority = try SigningAuthority(
                certificatePEM: own, chainPEM: parts.chain.isEmpty ? nil : value(parts.chain, body),
                keyPEM: SecretBytes([UInt8](key)))
            return SigningKey(outcome: .used, secret: name, authority: authority)
        } catch {
            return unreadable("\(error)")
        }
    }

    /// The bytes of one key of a Secret's `data`, out of the object as the API server writes it: `"NAME":"BASE64"`.
    ///
    /// Where the same words stand in an annotation (`last-applied-configuration`), their quotes are escaped and do not match.
    static func value(_ name: String, _ object: Data) -> Data? {
        guard let begin = object.firstRange(of: Data("\"\(name)\":\"".utf8))?.upperBound,
            let end = object[begin...].firstIndex(of: UInt8(ascii: "\""))
        else { return nil }
        return Data(base64Encoded: object[begin..<end])
    }

    /// Table `ca_key_use`.
    func row(_ cluster: String, issued: Int) -> FactRow {
        FactRow(
            "ca_key_use",
            [
                "cluster": .text(cluster), "outcome": .text(outcome.rawValue), "detail": .text(detail.capped),
                "secret": .text(secret), "authority": .text(authority?.certificate.sha256 ?? ""), "issued": .integer(issued),
                "lifetime_seconds": .integer(SigningAuthority.lifetime),
            ])
    }
}
