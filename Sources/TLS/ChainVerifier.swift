import COpenSSL
import Foundation

/// The owner of a stack of certificates.
struct X509Stack: ~Copyable {
    let pointer: OpaquePointer

    init?(_ certificates: some Sequence<Certificate>) {
        guard let stack = ist_x509_stack_new() else { return nil }
        for certificate in certificates {
            guard ist_x509_stack_push(stack, certificate.handle.pointer) == 1 else {
                ist_x509_stack_free(stack)
                return nil
            }
        }
        pointer = stack
    }

    deinit { ist_x509_stack_free(pointer) }
}

extension Certificate {
    /// Issuer equals subject, and the signature verifies with the certificate's own key, which is worked out each time.
    package var selfSigned: Bool {
        defer { ERR_clear_error() }
        return X509_self_signed(handle.pointer, 1) == 1
    }

    /// Verifies a chain as a TLS peer would, at a given time: signatures, CA flags, key usages, path lengths, validity. No
    /// names, no extended
    /// key usages (Istio's certificates serve both sides), no revocation, no roots but the given ones. A root need not be
    /// self-signed, as in Go and Envoy.
    ///
    /// - Parameters:
    ///   - chain: leaf first; what follows helps to build the path, in any order.
    ///   - at: seconds since 1970.
    package static func verify(chain: [Certificate], roots: [Certificate], at time: Int) -> ChainVerification {
        guard let first = chain.first else { return ChainVerification(outcome: .other("there is no certificate"), path: []) }
        guard let others = X509Stack(chain.dropFirst()), let store = X509_STORE_new() else {
            return ChainVerification(outcome: .other("OpenSSL: out of memory"), path: [])
        }
        defer { X509_STORE_free(store) }
        for root in roots { X509_STORE_add_cert(store, root.handle.pointer) }
        guard let context = X509_STORE_CTX_new() else {
            return ChainVerification(outcome: .other("OpenSSL: out of memory"), path: [])
        }
        defer { X509_STORE_CTX_free(context) }
        guard X509_STORE_CTX_init(context, store, first.handle.pointer, others.pointer) == 1 else {
            return ChainVerification(outcome: .other("OpenSSL: \(OpenSSLErrors.last ?? "no context")"), path: [])
        }
        let parameters = X509_STORE_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_time(parameters, time)
        X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        // What a mesh's old 1024-bit key means is for a check to say, not for the mechanics of a chain.
        X509_VERIFY_PARAM_set_auth_level(parameters, 0)
        let isTrusted = X509_verify_cert(context) == 1
        let path = path(context, known: chain + roots)
        let code = X509_STORE_CTX_get_error(context)
        let position = Int(X509_STORE_CTX_get_error_depth(context))
        ERR_clear_error()
        let outcome = isTrusted ? .trusted : outcome(code, position: position, path: path, chain: chain, roots: roots)
        return ChainVerification(outcome: outcome, path: path.map(\.sha256))
    }

    /// Whether the certificate is for this DNS name or IP address (RFC 6125, with wildcards; the subject's common name does not
    /// count).
    package func matches(name: String) -> Bool {
        let bare = name.hasPrefix("[") && name.hasSuffix("]") ? String(name.dropFirst().dropLast()) : name
        defer { ERR_clear_error() }
        if isIPAddress(bare) { return X509_check_ip_asc(handle.pointer, bare, 0) == 1 }
        return X509_check_host(handle.pointer, bare, bare.utf8.count, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT), nil) == 1
    }

    /// The path that OpenSSL built, as far as it came, leaf first.
    private static func path(_ context: OpaquePointer, known: [Certificate]) -> [Certificate] {
        let stack = X509_STORE_CTX_get0_chain(context)
        return (0..<ist_x509_stack_count(stack)).compactMap { index in
            guard let der = derBytes(ist_x509_stack_at(stack, index)) else { return nil }
            return known.first { $0.der == der }
        }
    }

    private static func outcome(
        _ code: Int32, position: Int, path: [Certificate], chain: [Certificate], roots: [Certificate]
    ) -> ChainVerification.Outcome {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: return .expired(position: position)
        case X509_V_ERR_CERT_NOT_YET_VALID: return .notYetValid(position: position)
        case X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_NON_CA, X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            return .notACA(position: position)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return .unknownAuthority(issuer: (path.last ?? chain[0]).subject)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            let issuer = (path.last ?? chain[0]).issuer
            // Another key under a root's name is another authority; a name that nobody bears is a gap.
            return roots.contains { $0.subject == issuer } ? .unknownAuthority(issuer: issuer) : .incomplete(issuer: issuer)
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            // Without key identifiers OpenSSL picks a root by name alone, and only the signature shows that the key is another.
            let issuer = position + 1 < path.count ? path[position + 1] : nil
            if let issuer, roots.contains(issuer), !chain.contains(issuer) { return .unknownAuthority(issuer: issuer.subject) }
            return .badSignature(position: position)
        default:
            return .other(String(cString: X509_verify_cert_error_string(Int(code))))
        }
    }
}

/// The DER bytes of OpenSSL's certificate.
func derBytes(_ x509: OpaquePointer?) -> Data? {
    guard let x509 else { return nil }
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = i2d_X509(x509, &bytes)
    guard count > 0, let bytes else { return nil }
    defer { CRYPTO_free(bytes, #file, #line) }
    return Data(bytes: bytes, count: Int(count))
}
