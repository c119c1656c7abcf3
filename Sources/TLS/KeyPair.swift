import COpenSSL
package import Foundation

extension Certificate {
    /// Whether the private key belongs to the first certificate of a PEM text. The key's text is read and forgotten; errors hold
    /// none of it.
    ///
    /// - Throws: `CertificateError` when either is unreadable, or the key is encrypted.
    package static func privateKeyMatches(certificatePEM: Data, keyPEM: Data) throws(CertificateError) -> Bool {
        guard let certificate = try parse(pem: certificatePEM).first else { throw .empty }
        let key = try PrivateKey(pem: keyPEM)
        defer { ERR_clear_error() }
        return X509_check_private_key(certificate.handle.pointer, key.pointer) == 1
    }
}

/// The owner of a private key.
struct PrivateKey: ~Copyable {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    init(pem: Data) throws(CertificateError) {
        guard !pem.isEmpty else { throw .empty }
        guard let bio = MemoryBIO(pem) else { throw .notAKey(detail: "out of memory") }
        ERR_clear_error()
        var wasAsked: Int32 = 0
        guard let key = PEM_read_bio_PrivateKey(bio.pointer, nil, ist_no_passphrase, &wasAsked) else {
            let detail = OpenSSLErrors.last ?? "unreadable"
            throw wasAsked == 1 ? .encryptedKey : .notAKey(detail: detail)
        }
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }
}
