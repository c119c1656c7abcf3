internal import Facts
internal import Foundation
internal import Mesh
internal import TLS

/// A PEM text, read: all of its certificates, or the problem with it.
struct PEMBundle: Sendable {
    var certificates: [Certificate] = []
    /// Why the text cannot be read; empty where it can.
    var problem = ""

    init() {}

    init(_ pem: String) {
        do {
            certificates = try Certificate.parse(pem: Data(pem.utf8))
        } catch {
            problem = error.description
        }
    }

    var fingerprints: [String] { certificates.map(\.sha256) }
}

extension Rows {
    /// Table `root_certificate`: what the proxies of this cluster trust.
    static func rootCertificates(_ cluster: String, _ bundle: PEMBundle) -> [FactRow] {
        var seen: Set<String> = []
        return bundle.certificates.filter { seen.insert($0.sha256).inserted }.map { certificate in
            FactRow(
                "root_certificate",
                [
                    "cluster": .text(cluster), "fingerprint": .text(certificate.sha256),
                    "key_fingerprint": .text(certificate.spkiSHA256), "name": .text(certificate.subject),
                    "not_before": .integer(certificate.notBefore), "not_after": .integer(certificate.notAfter),
                    "is_ca": FactValue(certificate.isCA), "signs_certificates": FactValue(certificate.keyUsageCertSign),
                    "self_signed": FactValue(certificate.selfSigned), "key_kind": .text(certificate.keyKind),
                ])
        }
    }

    /// Table `root_bundle`: every namespace that has a copy of the root bundle, or should have one.
    ///
    /// - Parameters:
    ///   - selectors: `discoverySelectors` of the mesh: istiod writes copies into namespaces that any of them matches.
    static func rootBundles(
        _ cluster: String, namespaces: [ObjectMeta], copies: [ConfigMap], selectors: [LabelSelector]
    ) -> [FactRow] {
        let copies = Dictionary(copies.map { ($0.metadata.namespace ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        let chosen = DiscoverySelectors([selectors])
        let wanted = namespaces.filter { namespace in
            guard namespace.deletionTimestamp == nil, !withoutRoot.contains(namespace.name) else { return false }
            return chosen.choose(namespace.labels ?? [:]) || namespace.name == MeshConstants.systemNamespace
        }
        // Copies are equal nearly everywhere; each distinct text is read once.
        var known: [String: PEMBundle] = [:]
        return Set(wanted.map(\.name)).union(copies.keys).sorted().map { namespace in
            let copy = copies[namespace]
            let text = copy?.data?[MeshConstants.rootConfigMapKey] ?? ""
            let bundle = known[text] ?? PEMBundle(text)
            known[text] = bundle
            let missingKey = copy != nil && copy?.data?[MeshConstants.rootConfigMapKey] == nil
            let problem = missingKey ? "there is no key \(MeshConstants.rootConfigMapKey)" : copy == nil ? "" : bundle.problem
            let fingerprints = Set(bundle.fingerprints).sorted()
            let isReadable = problem.isEmpty && !fingerprints.isEmpty
            return FactRow(
                "root_bundle",
                [
                    "cluster": .text(cluster), "namespace": .text(namespace), "present": FactValue(copy != nil),
                    "bundle": .text(isReadable ? sha256Hex(Data(fingerprints.joined(separator: "\n").utf8)) : ""),
                    "certificates": .integer(isReadable ? fingerprints.count : 0), "parse_error": .text(problem),
                ])
        }
    }

    /// Namespaces into which istiod never writes the root.
    private static let withoutRoot = ["kube-public", "kube-node-lease", "local-path-storage"]

    /// Table `served_certificate`.
    static func servedCertificates(_ cluster: String, address: String, chain: [Certificate]) -> [FactRow] {
        chain.enumerated().map { position, certificate in
            FactRow(
                "served_certificate",
                [
                    "cluster": .text(cluster), "address": .text(address), "position": .integer(position),
                    "fingerprint": .text(certificate.sha256), "key_fingerprint": .text(certificate.spkiSHA256),
                    "name": .text(certificate.subject), "issuer": .text(certificate.issuer),
                    "spiffe_id": .text(certificate.uriNames.first ?? ""),
                    "not_before": .integer(certificate.notBefore), "not_after": .integer(certificate.notAfter),
                    "is_ca": FactValue(certificate.isCA),
                    "signs_certificates": FactValue(
                        certificate.keyUsages.isEmpty ? certificate.isCA : certificate.keyUsageCertSign),
                    "self_signed": FactValue(certificate.selfSigned),
                ])
        }
    }
}

/// Decodes base64 of a text; empty where it is none.
func decodedBase64(_ text: String) -> String {
    Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) } ?? ""
}
