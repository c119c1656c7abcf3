/// How a chain fared against a set of roots.
package struct ChainVerification: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case trusted
        /// The chain ends at an authority that is not among the roots: at a self-signed certificate that is none of them, or at
        /// an
        /// issuer whose name a root bears with another key.
        case unknownAuthority(issuer: String)
        /// The chain ends at a certificate whose issuer was neither served nor is, by name, among the roots: an
        /// intermediate is missing, or the authority is another one.
        case incomplete(issuer: String)
        /// The certificate at this position has expired.
        case expired(position: Int)
        case notYetValid(position: Int)
        /// The certificate at this position signed another one but may not: not CA:TRUE, no keyCertSign, or below its path
        /// length.
        case notACA(position: Int)
        /// The signature on the certificate at this position does not verify with its issuer's key.
        case badSignature(position: Int)
        /// OpenSSL's words.
        case other(String)
    }

    package var outcome: Outcome
    /// SHA-256 of the certificates of the path as far as it was built, leaf first.
    package var path: [String]

    package var isTrusted: Bool { outcome == .trusted }
}

extension ChainVerification.Outcome: CustomStringConvertible {
    package var description: String {
        switch self {
        case .trusted: "trusted"
        case .unknownAuthority(let issuer): "signed by an authority that is not trusted: \(issuer)"
        case .incomplete(let issuer): "the issuer is missing: \(issuer)"
        case .expired(let position): "certificate \(position) of the chain has expired"
        case .notYetValid(let position): "certificate \(position) of the chain is not valid yet"
        case .notACA(let position): "certificate \(position) of the chain may not sign certificates"
        case .badSignature(let position): "the signature on certificate \(position) of the chain is wrong"
        case .other(let text): text
        }
    }
}
