import COpenSSL
package import Foundation

/// Signs a message as JWS calls it RS256 (RSASSA-PKCS1-v1_5 with SHA-256). The key's text is read and forgotten; errors hold
/// none of it.
///
/// - Throws: `CertificateError` when the key is unreadable, encrypted or not RSA.
package func rs256(_ message: Data, keyPEM: Data) throws(CertificateError) -> Data {
    let key = try PrivateKey(pem: keyPEM)
    defer { ERR_clear_error() }
    guard EVP_PKEY_get_base_id(key.pointer) == EVP_PKEY_RSA else { throw .notAKey(detail: "it is not an RSA key") }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key.pointer) == 1 else {
        throw .notAKey(detail: OpenSSLErrors.last ?? "it cannot sign")
    }
    let bytes = Array(message)
    var count = 0
    guard EVP_DigestSign(context, nil, &count, bytes, bytes.count) == 1 else {
        throw .notAKey(detail: OpenSSLErrors.last ?? "it cannot sign")
    }
    var signature = [UInt8](repeating: 0, count: count)
    guard EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1 else {
        throw .notAKey(detail: OpenSSLErrors.last ?? "it cannot sign")
    }
    return Data(signature.prefix(count))
}
