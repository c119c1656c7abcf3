package import Foundation

/// An X.509 certificate: its DER bytes and what OpenSSL read in them. Two certificates are equal when their bytes are.
///
/// Texts taken from the certificate have control characters escaped (`\1B`), since a stranger wrote them.
package struct Certificate: Sendable {
    /// As OpenSSL decoded it. OpenSSL 3 takes longer to decode a certificate than to verify its signature: so it is kept.
    let handle: X509Handle
    package let der: Data
    /// SHA-256 of the DER bytes, lower-case hex.
    package let sha256: String
    /// SHA-256 of the subject public key info, lower-case hex: equal for two certificates of one key.
    package let spkiSHA256: String
    /// One line, most specific part first (RFC 4514), `CN=a,O=b`; empty for an empty subject.
    package let subject: String
    package let issuer: String
    /// Upper-case hex, as OpenSSL prints it.
    package let serial: String
    /// Seconds since 1970.
    package let notBefore: Int
    /// Seconds since 1970; the certificate is valid up to and with this second.
    package let notAfter: Int
    /// Basic constraints say CA:TRUE.
    package let isCA: Bool
    /// Most intermediates that may stand below; `nil`: no limit stated.
    package let pathLength: Int?
    /// Whether the key may sign certificates: keyCertSign is set, or there is no key usage extension (RFC 5280 then sets no
    /// limit).
    package let keyUsageCertSign: Bool
    /// RFC 5280's names (`digitalSignature`, `keyCertSign` …); empty when the extension is absent.
    package let keyUsages: [String]
    /// RFC 5280's names (`serverAuth`, `clientAuth` …), else the object identifier; empty when the extension is absent.
    package let extendedKeyUsages: [String]
    /// Subject alternative names.
    package let uriNames: [String]
    package let dnsNames: [String]
    package let ipNames: [String]
    /// `RSA 2048`, `EC P-256`, `ED25519`.
    package let keyKind: String
    /// `sha256WithRSAEncryption` and the like.
    package let signatureAlgorithm: String
    /// Lower-case hex; `nil`: the extension is absent.
    package let subjectKeyID: String?
    package let authorityKeyID: String?

    /// - Throws: `CertificateError.notACertificate` when the bytes are not exactly one certificate.
    package init(der: Data) throws(CertificateError) {
        self = try X509Reader.certificate(der: der)
    }

    /// All certificates of a PEM text, in its order. Text between the blocks is passed over, and so are blocks of other kinds (a
    /// key), as Go and OpenSSL do.
    ///
    /// - Throws: `CertificateError`, which names the block (counted from 1). A text without any certificate is an error.
    package static func parse(pem: Data) throws(CertificateError) -> [Certificate] {
        var result: [Certificate] = []
        let blocks = try PEM.blocks(pem)
        for block in blocks where block.isCertificate {
            do {
                result.append(try Certificate(der: block.der))
            } catch .notACertificate(_, let detail) {
                throw .notACertificate(block: block.number, detail: detail)
            }
        }
        if result.isEmpty, let first = blocks.first { throw .otherBlock(block: first.number, label: first.label) }
        return result
    }

    init(
        handle: X509Handle, der: Data, sha256: String, spkiSHA256: String, subject: String, issuer: String, serial: String,
        notBefore: Int,
        notAfter: Int,
        isCA: Bool, pathLength: Int?, keyUsages: [String]?, extendedKeyUsages: [String], names: SubjectNames,
        keyKind: String, signatureAlgorithm: String, subjectKeyID: String?, authorityKeyID: String?
    ) {
        self.handle = handle
        self.der = der
        self.sha256 = sha256
        self.spkiSHA256 = spkiSHA256
        self.subject = subject
        self.issuer = issuer
        self.serial = serial
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.isCA = isCA
        self.pathLength = pathLength
        keyUsageCertSign = keyUsages?.contains("keyCertSign") ?? true
        self.keyUsages = keyUsages ?? []
        self.extendedKeyUsages = extendedKeyUsages
        uriNames = names.uri
        dnsNames = names.dns
        ipNames = names.ip
        self.keyKind = keyKind
        self.signatureAlgorithm = signatureAlgorithm
        self.subjectKeyID = subjectKeyID
        self.authorityKeyID = authorityKeyID
    }
}

/// The subject alternative names of the kinds that matter here.
struct SubjectNames {
    var uri: [String] = []
    var dns: [String] = []
    var ip: [String] = []
}

extension Certificate: Hashable {
    package static func == (a: Certificate, b: Certificate) -> Bool { a.der == b.der }
    package func hash(into hasher: inout Hasher) { hasher.combine(sha256) }
}

/// Why a text is not the certificates or the key that it should be. Never holds any of the text.
package enum CertificateError: Error, Sendable, Hashable {
    /// There is nothing at all.
    case empty
    /// No `-----BEGIN …-----` line. The hint names what it looks like instead (DER, base64, binary).
    case notPEM(hint: String)
    /// The block has no END line.
    case truncated(block: Int)
    /// The text between BEGIN and END is not base64.
    case notBase64(block: Int)
    /// The block has another label, such as `PRIVATE KEY`.
    case otherBlock(block: Int, label: String)
    /// The bytes are not a certificate, or more than one. Block 0: the input was DER.
    case notACertificate(block: Int, detail: String)
    /// No private key, or one of a kind that OpenSSL does not know.
    case notAKey(detail: String)
    /// The private key is encrypted.
    case encryptedKey
}

extension CertificateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "it is empty"
        case .notPEM(let hint): "it is not PEM: no line -----BEGIN CERTIFICATE-----\(hint.isEmpty ? "" : "; \(hint)")"
        case .truncated(let block): "PEM block \(block) is cut off: its END line is missing"
        case .notBase64(let block): "PEM block \(block) is not base64"
        case .otherBlock(let block, let label): "PEM block \(block) is a \(label), not a certificate"
        case .notACertificate(let block, let detail):
            (block == 0 ? "the bytes are" : "PEM block \(block) is") + " not a certificate: \(detail)"
        case .notAKey(let detail): "it is not a private key: \(detail)"
        case .encryptedKey: "the private key is encrypted"
        }
    }
}
