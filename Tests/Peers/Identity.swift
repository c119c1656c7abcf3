import COpenSSL
package import Foundation

/// A certificate with its private key, made in memory for a test.
package struct Identity: Sendable {
    package var certificatePEM: Data
    package var keyPEM: Data
    package var certificateDER: Data
    /// Issuers from the direct one up, without the root.
    package var intermediatesPEM = Data()

    /// The certificate and its intermediates, as a server sends them.
    package var chainPEM: Data { certificatePEM + intermediatesPEM }

    /// What the certificate is to say. Extensions are in OpenSSL's configuration syntax; `nil` leaves them out.
    package struct Plan: Sendable {
        package var subject: String
        package var isCA: Bool?
        package var pathLength: Int?
        package var keyUsage: String?
        package var extendedKeyUsage: String?
        package var names: String?
        package var hasKeyIDs: Bool
        package var notBefore = -3600
        package var notAfter = 86_400
        package var rsaBits: Int32?

        package init(
            subject: String, isCA: Bool? = nil, keyUsage: String? = nil, extendedKeyUsage: String? = nil, names: String? = nil,
            hasKeyIDs: Bool = true
        ) {
            self.subject = subject
            self.isCA = isCA
            self.keyUsage = keyUsage
            self.extendedKeyUsage = extendedKeyUsage
            self.names = names
            self.hasKeyIDs = hasKeyIDs
        }

        package static func authority(_ subject: String = "Test Root") -> Plan {
            Plan(subject: subject, isCA: true, keyUsage: "critical,keyCertSign,cRLSign")
        }

        package static func server(_ names: String = "DNS:localhost,IP:127.0.0.1,IP:::1") -> Plan {
            Plan(
                subject: "server", isCA: false, keyUsage: "critical,digitalSignature,keyEncipherment",
                extendedKeyUsage: "serverAuth,clientAuth", names: names)
        }

        package func with(_ change: (inout Plan) -> Void) -> Plan {
            var copy = self
            change(&copy)
            return copy
        }
    }

    /// Makes and signs a certificate. Times in the plan are seconds from now. Without an issuer it signs itself.
    package static func make(_ plan: Plan, by issuer: Identity? = nil) -> Identity {
        let key = newKey(rsaBits: plan.rsaBits)
        defer { EVP_PKEY_free(key) }
        let issuerKey = issuer.map { readKey($0.keyPEM) }
        let issuerCertificate = issuer.map { readCertificate($0.certificatePEM) }
        defer {
            EVP_PKEY_free(issuerKey)
            X509_free(issuerCertificate)
        }
        guard let x509 = X509_new() else { fatalError("X509_new") }
        defer { X509_free(x509) }
        X509_set_version(x509, 2)
        let serial = BN_new()
        BN_rand(serial, 96, 0, 0)
        BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509))
        BN_free(serial)
        X509_gmtime_adj(X509_getm_notBefore(x509), plan.notBefore)
        X509_gmtime_adj(X509_getm_notAfter(x509), plan.notAfter)
        setName(X509_get_subject_name(x509), plan.subject)
        X509_set_issuer_name(x509, X509_get_subject_name(issuerCertificate ?? x509))
        X509_set_pubkey(x509, key)
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuerCertificate ?? x509, x509, nil, nil, 0)
        func add(_ id: Int32, _ value: String?) {
            guard let value else { return }
            guard let ext = X509V3_EXT_conf_nid(nil, &context, id, value) else { fatalError("extension \(value)") }
            X509_add_ext(x509, ext, -1)
            X509_EXTENSION_free(ext)
        }
        add(
            NID_basic_constraints,
            plan.isCA.map { "critical,CA:\($0 ? "TRUE" : "FALSE")" + (plan.pathLength.map { ",pathlen:\($0)" } ?? "") })
        add(NID_key_usage, plan.keyUsage)
        add(NID_ext_key_usage, plan.extendedKeyUsage)
        add(NID_subject_alt_name, plan.names)
        if plan.hasKeyIDs {
            add(NID_subject_key_identifier, "hash")
            add(NID_authority_key_identifier, "keyid")
        }
        X509_sign(x509, issuerKey ?? key, EVP_sha256())
        var identity = Identity(
            certificatePEM: pem { PEM_write_bio_X509($0, x509) },
            keyPEM: pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) },
            certificateDER: der(x509))
        // A root does not travel with the chain.
        if let issuer, X509_self_signed(issuerCertificate, 0) != 1 { identity.intermediatesPEM = issuer.chainPEM }
        return identity
    }

    /// A certificate that signs itself with a key of any kind, made by the `openssl` command.
    ///
    /// - Parameter key: what `openssl req` wants to hear of it: `-newkey` and its options.
    package static func selfSigned(key: [String]) throws -> Identity {
        let folder = try Folder()
        let output = try Daemon.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-nodes", "-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                folder.path("key.pem"),
            ]
                + ["-out", folder.path("cert.pem")] + key)
        let certificatePEM = Data(folder.read("cert.pem").utf8)
        guard !certificatePEM.isEmpty else { throw PeerError(description: "openssl req \(key): \(output)") }
        let x509 = readCertificate(certificatePEM)
        defer { X509_free(x509) }
        return Identity(certificatePEM: certificatePEM, keyPEM: Data(folder.read("key.pem").utf8), certificateDER: der(x509))
    }

    /// The private key's PEM, encrypted.
    package func encryptedKeyPEM(password: String) -> Data {
        let key = Self.readKey(keyPEM)
        defer { EVP_PKEY_free(key) }
        return Self.pem { bio in
            password.utf8CString.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: UInt8.self) {
                    PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), $0.baseAddress, Int32($0.count - 1), nil, nil)
                }
            }
        }
    }

    private static func der(_ x509: OpaquePointer) -> Data {
        var der: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(x509, &der)
        guard count > 0, let der else { fatalError("i2d_X509") }
        defer { CRYPTO_free(der, #file, #line) }
        return Data(bytes: der, count: Int(count))
    }

    private static func newKey(rsaBits: Int32?) -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_id(rsaBits == nil ? NID_X9_62_id_ecPublicKey : NID_rsaEncryption, nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if let rsaBits {
            EVP_PKEY_CTX_set_rsa_keygen_bits(context, rsaBits)
        } else {
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
        }
        var key: OpaquePointer?
        EVP_PKEY_keygen(context, &key)
        guard let key else { fatalError("no key") }
        return key
    }

    private static func setName(_ name: OpaquePointer?, _ text: String) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            let (field, value) = pair.count == 2 ? (String(pair[0]), String(pair[1])) : ("CN", String(part))
            X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, Array(value.utf8), Int32(value.utf8.count), -1, 0)
        }
    }

    private static func pem(_ write: (OpaquePointer?) -> Int32) -> Data {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { fatalError("PEM") }
        var start: UnsafeMutablePointer<CChar>?
        let count = ist_bio_memory(bio, &start)
        return start.map { Data(bytes: $0, count: count) } ?? Data()
    }

    private static func read<T>(_ pem: Data, _ body: (OpaquePointer?) -> T?) -> T {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        _ = pem.withUnsafeBytes { BIO_write(bio, $0.baseAddress, Int32($0.count)) }
        guard let value = body(bio) else { fatalError("PEM cannot be read") }
        return value
    }

    private static func readKey(_ pem: Data) -> OpaquePointer { read(pem) { PEM_read_bio_PrivateKey($0, nil, nil, nil) } }
    private static func readCertificate(_ pem: Data) -> OpaquePointer { read(pem) { PEM_read_bio_X509($0, nil, nil, nil) } }
}
