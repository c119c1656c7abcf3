import COpenSSL
import Foundation
import Synchronization

/// The owner of an OpenSSL certificate. C types do not leave this module's files, which borrow `pointer`.
final class X509Handle: Sendable {
    // OpenSSL counts the references, and locks what it works out later: any thread may read a certificate that nobody changes.
    nonisolated(unsafe) let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    /// - Throws: `CertificateError.notACertificate` when the bytes are not exactly one certificate.
    convenience init(der: Data) throws(CertificateError) {
        ERR_clear_error()
        let parsed: (OpaquePointer, Int)? = der.withUnsafeBytes { bytes in
            var cursor = bytes.bindMemory(to: UInt8.self).baseAddress
            let start = cursor
            guard let certificate = d2i_X509(nil, &cursor, bytes.count), let start, let cursor else { return nil }
            return (certificate, cursor - start)
        }
        guard let (certificate, length) = parsed else {
            throw .notACertificate(block: 0, detail: OpenSSLErrors.last ?? "malformed")
        }
        self.init(owning: certificate)
        guard length == der.count else {
            throw .notACertificate(block: 0, detail: "\(der.count - length) bytes follow its end")
        }
    }

    deinit { X509_free(pointer) }
}

/// Certificates that were read already, and chains that were verified: the clusters of a mesh serve the same few again and again.
final class KnownCertificates: Sendable {
    /// What a chain was held against.
    private struct Question: Hashable {
        /// SHA-256.
        var chain: [String]
        var roots: [String]
        var time: Int
    }

    /// By their bytes; so many that no mesh has as many, and no hostile server can fill the memory.
    private let known = Mutex<[Data: Certificate]>([:])
    private let verified = Mutex<[Question: ChainVerification]>([:])
    private static let limit = 2000

    /// `nil`: it is none.
    func certificate(_ x509: OpaquePointer) -> Certificate? {
        guard let der = derBytes(x509) else { return nil }
        if let known = known.withLock({ $0[der] }) { return known }
        guard let certificate = try? X509Reader.certificate(x509, der: der) else { return nil }
        Self.keep(certificate, as: der, in: known)
        return certificate
    }

    /// ``Certificate/verify(chain:roots:at:)``, once for each second.
    func verify(chain: [Certificate], roots: [Certificate], at time: Int) -> ChainVerification {
        let question = Question(chain: chain.map(\.sha256), roots: roots.map(\.sha256), time: time)
        if let known = verified.withLock({ $0[question] }) { return known }
        let verification = Certificate.verify(chain: chain, roots: roots, at: time)
        Self.keep(verification, as: question, in: verified)
        return verification
    }

    private static func keep<Key: Sendable, Value: Sendable>(_ value: Value, as key: Key, in store: borrowing Mutex<[Key: Value]>)
    {
        store.withLock { store in
            if store.count >= limit { store.removeAll() }
            store[key] = value
        }
    }
}

/// Reads what matters out of a certificate.
enum X509Reader {
    static func certificate(der: Data) throws(CertificateError) -> Certificate {
        try certificate(X509Handle(der: der), der: der)
    }

    /// What OpenSSL has parsed already, with the key that it may have decoded too.
    static func certificate(_ x509: OpaquePointer, der: Data) throws(CertificateError) -> Certificate {
        guard X509_up_ref(x509) == 1 else {
            throw .notACertificate(block: 0, detail: OpenSSLErrors.last ?? "malformed")
        }
        return try certificate(X509Handle(owning: x509), der: der)
    }

    private static func certificate(_ handle: X509Handle, der: Data) throws(CertificateError) -> Certificate {
        let x509 = handle.pointer
        guard let notBefore = seconds(X509_get0_notBefore(x509)), let notAfter = seconds(X509_get0_notAfter(x509)) else {
            throw .notACertificate(block: 0, detail: "its validity is not a pair of times")
        }
        let flags = X509_get_extension_flags(x509)
        let pathLength = X509_get_pathlen(x509)
        return Certificate(
            handle: handle, der: der, sha256: sha256(der), spkiSHA256: spkiSHA256(x509),
            subject: text(X509_get_subject_name(x509)),
            issuer: text(X509_get_issuer_name(x509)), serial: serial(x509), notBefore: notBefore, notAfter: notAfter,
            isCA: flags & UInt32(EXFLAG_CA) != 0, pathLength: pathLength < 0 ? nil : pathLength, keyUsages: keyUsages(x509),
            extendedKeyUsages: extendedKeyUsages(x509), names: names(x509),
            keyKind: keyKind(x509), signatureAlgorithm: shortName(X509_get_signature_nid(x509)),
            subjectKeyID: octets(X509_get0_subject_key_id(x509)), authorityKeyID: octets(X509_get0_authority_key_id(x509)))
    }

    /// A name on one line, RFC 4514, with characters beyond ASCII as they are.
    static func text(_ name: OpaquePointer?) -> String {
        guard let name, let bio = MemoryBIO() else { return "" }
        X509_NAME_print_ex(bio.pointer, name, 0, ist_name_flags())
        return printableText(String(decoding: bio.contents, as: UTF8.self))
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int? {
        var seconds = 0
        return time != nil && ist_time(time, &seconds) == 1 ? seconds : nil
    }

    static func sha256(_ bytes: Data) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        _ = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) }
        return hex(digest)
    }

    private static func spkiSHA256(_ x509: OpaquePointer) -> String {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &bytes)
        guard count > 0, let bytes else { return "" }
        defer { CRYPTO_free(bytes, #file, #line) }
        return sha256(Data(bytes: bytes, count: Int(count)))
    }

    private static func serial(_ x509: OpaquePointer) -> String {
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nil) else { return "" }
        defer { BN_free(number) }
        guard let text = BN_bn2hex(number) else { return "" }
        defer { CRYPTO_free(text, #file, #line) }
        return String(cString: text)
    }

    /// `nil` when the extension is absent.
    private static func keyUsages(_ x509: OpaquePointer) -> [String]? {
        let bits = X509_get_key_usage(x509)
        guard bits != UInt32.max else { return nil }
        let names: [(Int32, String)] = [
            (KU_DIGITAL_SIGNATURE, "digitalSignature"), (KU_NON_REPUDIATION, "nonRepudiation"),
            (KU_KEY_ENCIPHERMENT, "keyEncipherment"),
            (KU_DATA_ENCIPHERMENT, "dataEncipherment"), (KU_KEY_AGREEMENT, "keyAgreement"), (KU_KEY_CERT_SIGN, "keyCertSign"),
            (KU_CRL_SIGN, "cRLSign"), (KU_ENCIPHER_ONLY, "encipherOnly"), (KU_DECIPHER_ONLY, "decipherOnly"),
        ]
        return names.filter { bits & UInt32($0.0) != 0 }.map(\.1)
    }

    private static func extendedKeyUsages(_ x509: OpaquePointer) -> [String] {
        guard let raw = X509_get_ext_d2i(x509, NID_ext_key_usage, nil, nil) else { return [] }
        let usages = OpaquePointer(raw)
        defer { EXTENDED_KEY_USAGE_free(usages) }
        return (0..<ist_usage_count(usages)).map { index in
            let object = ist_usage_at(usages, index)
            let id = OBJ_obj2nid(object)
            guard id == NID_undef else { return shortName(id) }
            var buffer = [CChar](repeating: 0, count: 128)
            OBJ_obj2txt(&buffer, Int32(buffer.count), object, 1)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func names(_ x509: OpaquePointer) -> SubjectNames {
        var result = SubjectNames()
        guard let raw = X509_get_ext_d2i(x509, NID_subject_alt_name, nil, nil) else { return result }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        for index in 0..<ist_general_name_count(names) {
            let name = ist_general_name_at(names, index)
            guard let string = ist_general_name_string(name), let bytes = bytes(string) else { continue }
            switch ist_general_name_type(name) {
            case GEN_URI: result.uri.append(printableText(String(decoding: bytes, as: UTF8.self)))
            case GEN_DNS: result.dns.append(printableText(String(decoding: bytes, as: UTF8.self)))
            case GEN_IPADD: result.ip.append(ipText(bytes) ?? hex(bytes))
            default: break
            }
        }
        return result
    }

    private static func keyKind(_ x509: OpaquePointer) -> String {
        guard let key = X509_get0_pubkey(x509) else { return "unknown" }
        let kind = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
        guard kind == "EC" else { return kind == "RSA" || kind == "DSA" ? "\(kind) \(EVP_PKEY_get_bits(key))" : kind }
        var group = [CChar](repeating: 0, count: 80)
        var length = 0
        guard EVP_PKEY_get_group_name(key, &group, group.count, &length) == 1 else { return "EC \(EVP_PKEY_get_bits(key))" }
        let name = String(decoding: group.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "EC " + (["prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"][name] ?? name)
    }

    private static func shortName(_ id: Int32) -> String { OBJ_nid2sn(id).map { String(cString: $0) } ?? "unknown" }

    private static func octets(_ string: UnsafePointer<ASN1_STRING>?) -> String? { string.flatMap(bytes).map(hex) }

    private static func bytes(_ string: UnsafePointer<ASN1_STRING>) -> [UInt8]? {
        guard let start = ASN1_STRING_get0_data(string) else { return nil }
        return [UInt8](UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
    }
}

/// The owner of a memory BIO.
struct MemoryBIO: ~Copyable {
    let pointer: OpaquePointer

    init?() {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        pointer = bio
    }

    /// Reads from the bytes.
    init?(_ bytes: Data) {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        let written = bytes.withUnsafeBytes { BIO_write(bio, $0.baseAddress, Int32(clamping: $0.count)) }
        guard bytes.isEmpty || Int(written) == bytes.count else {
            BIO_free(bio)
            return nil
        }
        pointer = bio
    }

    deinit { BIO_free(pointer) }

    var contents: Data {
        var start: UnsafeMutablePointer<CChar>?
        let count = ist_bio_memory(pointer, &start)
        guard count > 0, let start else { return Data() }
        return Data(bytes: start, count: count)
    }
}

/// OpenSSL's error queue of this thread.
enum OpenSSLErrors {
    /// The reason of the newest error, which also empties the queue.
    static var last: String? {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return nil }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
