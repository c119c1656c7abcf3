import COpenSSL
package import Foundation

/// A client certificate with its private key, in memory alone.
package struct ClientIdentity: Sendable, Hashable {
    /// Leaf first; the root is left out.
    package let chain: [Certificate]
    /// PKCS#8.
    let key: SecretBytes

    /// Gives certificate, chain and key to a session. `false`: OpenSSL takes them not.
    func equip(_ session: OpaquePointer) -> Bool {
        guard let leaf = chain.first, let others = X509Stack(chain.dropFirst()), let key = try? PrivateKey(key) else {
            return false
        }
        return SSL_use_cert_and_key(session, leaf.handle.pointer, key.pointer, others.pointer, 1) == 1
    }
}

/// A certificate authority that can sign: its certificate, what stands above it, and its private key, in memory alone.
///
/// It signs nothing but client certificates for mesh workloads that are over within ten minutes.
package struct SigningAuthority: Sendable {
    package let certificate: Certificate
    /// What a leaf sends along: the authority's own certificate and those above it, without the root.
    private let intermediates: [Certificate]
    private let key: SecretBytes

    /// How long a certificate is valid, in seconds from its beginning to its end.
    package static let lifetime = 600

    /// - Parameters:
    ///   - certificatePEM: the authority's own certificate.
    ///   - chainPEM: what istiod appends to every leaf (`cert-chain.pem`); `nil` where the authority is the root itself.
    /// - Throws: `CertificateError` where one of them cannot be read or they do not belong together. Holds nothing of the key.
    package init(certificatePEM: Data, chainPEM: Data?, keyPEM: SecretBytes) throws(CertificateError) {
        let own = try Certificate.parse(pem: certificatePEM)
        guard let certificate = own.first else { throw .empty }
        let key = try PrivateKey(keyPEM)
        defer { ERR_clear_error() }
        guard X509_check_private_key(certificate.handle.pointer, key.pointer) == 1 else {
            throw .notAKey(detail: "it belongs to another certificate")
        }
        self.certificate = certificate
        self.key = keyPEM
        let chain = try chainPEM.map { pem throws(CertificateError) in try Certificate.parse(pem: pem) } ?? []
        intermediates = chain.filter { !$0.selfSigned }
    }

    private init(certificate: Certificate, key: SecretBytes) {
        self.certificate = certificate
        self.key = key
        intermediates = []
    }

    /// A new root that nobody trusts, under the same name as another one.
    ///
    /// - Throws: `CertificateError` where OpenSSL cannot make it.
    package static func stranger(named subject: Certificate, at time: Int) throws(CertificateError) -> SigningAuthority {
        let key = try PrivateKey.generated()
        let draft = try CertificateDraft(key: key, notBefore: time - 120, notAfter: time - 120 + lifetime)
        try draft.name(as: subject)
        try draft.extend(NID_basic_constraints, "critical,CA:TRUE")
        try draft.extend(NID_key_usage, "critical,keyCertSign,cRLSign")
        return SigningAuthority(certificate: try draft.signed(by: key), key: try key.bytes)
    }

    /// Issues a client certificate for a workload's identity, valid from two minutes before the time for ten minutes.
    ///
    /// - Parameters:
    ///   - spiffeID: `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.
    ///   - time: seconds since 1970.
    ///   - expired: it was over ten minutes before the time.
    /// - Throws: `CertificateError` where the identity cannot stand in a certificate, or OpenSSL does not sign.
    package func issue(_ spiffeID: String, at time: Int, expired: Bool = false) throws(CertificateError) -> ClientIdentity {
        // The text becomes a part of OpenSSL's configuration language.
        let isPlain = spiffeID.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "-")...UInt8(ascii: ":") ~= byte
                || byte == UInt8(ascii: "_")
        }
        guard spiffeID.hasPrefix("spiffe://"), isPlain else {
            throw .notACertificate(block: 0, detail: "\"\(printableText(spiffeID))\" is no SPIFFE identity")
        }
        let begin = expired ? time - 2 * Self.lifetime : time - 120
        let own = try PrivateKey.generated(), signer = try PrivateKey(key)
        let draft = try CertificateDraft(key: own, notBefore: begin, notAfter: begin + Self.lifetime)
        try draft.issuer(certificate)
        try draft.extend(NID_basic_constraints, "critical,CA:FALSE")
        try draft.extend(NID_key_usage, "critical,digitalSignature,keyEncipherment")
        try draft.extend(NID_ext_key_usage, "serverAuth,clientAuth")
        try draft.extend(NID_subject_alt_name, "critical,URI:\(spiffeID)")
        let leaf = try draft.signed(by: signer)
        return ClientIdentity(chain: [leaf] + intermediates, key: try own.bytes)
    }
}

/// A certificate that is being made. Without another one it is its own issuer.
private struct CertificateDraft: ~Copyable {
    private let pointer: OpaquePointer

    init(key: borrowing PrivateKey, notBefore: Int, notAfter: Int) throws(CertificateError) {
        let serial = BN_new()
        defer { BN_free(serial) }
        guard let x509 = X509_new() else { throw Self.failed }
        guard X509_set_version(x509, 2) == 1, BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1,
            BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != nil,
            ASN1_TIME_set(X509_getm_notBefore(x509), notBefore) != nil, ASN1_TIME_set(X509_getm_notAfter(x509), notAfter) != nil,
            X509_set_pubkey(x509, key.pointer) == 1
        else {
            X509_free(x509)
            throw Self.failed
        }
        pointer = x509
    }

    deinit { X509_free(pointer) }

    private static var failed: CertificateError {
        .notACertificate(block: 0, detail: "it could not be made: \(OpenSSLErrors.last ?? "out of memory")")
    }

    /// Takes subject and issuer from another certificate's subject.
    func name(as other: Certificate) throws(CertificateError) {
        try issuer(other)
        guard X509_set_subject_name(pointer, X509_get_issuer_name(pointer)) == 1 else { throw Self.failed }
    }

    func issuer(_ other: Certificate) throws(CertificateError) {
        guard X509_set_issuer_name(pointer, X509_get_subject_name(other.handle.pointer)) == 1 else { throw Self.failed }
    }

    func extend(_ kind: Int32, _ value: String) throws(CertificateError) {
        guard let made = X509V3_EXT_conf_nid(nil, nil, kind, value) else { throw Self.failed }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(pointer, made, -1) == 1 else { throw Self.failed }
    }

    func signed(by key: borrowing PrivateKey) throws(CertificateError) -> Certificate {
        // Ed25519 has its digest built in.
        let digest = EVP_PKEY_get_base_id(key.pointer) == EVP_PKEY_ED25519 ? nil : EVP_sha256()
        guard X509_sign(pointer, key.pointer, digest) > 0, let der = derBytes(pointer) else { throw Self.failed }
        return try Certificate(der: der)
    }
}

extension PrivateKey {
    /// A new key on the curve P-256.
    static func generated() throws(CertificateError) -> PrivateKey {
        guard let key = ist_new_ec_key() else { throw .notAKey(detail: OpenSSLErrors.last ?? "it could not be made") }
        return PrivateKey(owning: key)
    }

    /// Reads PEM or PKCS#8 without another copy of it.
    init(_ bytes: SecretBytes) throws(CertificateError) {
        ERR_clear_error()
        var wasAsked: Int32 = 0
        var key: OpaquePointer?
        bytes.reveal { bytes in
            if bytes.first == 0x30 {
                var cursor = bytes.bindMemory(to: UInt8.self).baseAddress
                key = d2i_AutoPrivateKey(nil, &cursor, bytes.count)
            } else {
                let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
                defer { BIO_free(bio) }
                key = PEM_read_bio_PrivateKey(bio, nil, ist_no_passphrase, &wasAsked)
            }
        }
        guard let key else {
            let detail = OpenSSLErrors.last ?? "unreadable"
            throw wasAsked == 1 ? .encryptedKey : .notAKey(detail: detail)
        }
        self.init(owning: key)
    }

    /// PKCS#8, or what OpenSSL writes for this kind of key.
    fileprivate var bytes: SecretBytes {
        get throws(CertificateError) {
            var start: UnsafeMutablePointer<UInt8>?
            let count = Int(i2d_PrivateKey(pointer, &start))
            guard count > 0, let start else { throw .notAKey(detail: OpenSSLErrors.last ?? "it cannot be written") }
            defer { CRYPTO_clear_free(start, count, #file, #line) }
            return SecretBytes(Array(UnsafeBufferPointer(start: start, count: count)))
        }
    }
}
