import Foundation
import Peers
import Testing

@testable import TLS

func certificate(_ identity: Identity) throws -> Certificate { try Certificate(der: identity.certificateDER) }

/// What a certificate says, held against what it was made to say and against the openssl program.
@Suite(.timeLimit(.minutes(2))) struct CertificateTests {
    static let root = Identity.make(.authority("O=mesh,Test Root"))

    @Test func anIstioWorkload() throws {
        let middle = Identity.make(.authority("O=mesh,Intermediate").with { $0.pathLength = 0 }, by: Self.root)
        let plan = Identity.Plan(
            subject: "", isCA: false, keyUsage: "critical,digitalSignature,keyEncipherment",
            extendedKeyUsage: "serverAuth,clientAuth",
            names: "critical,URI:spiffe://td.example/ns/sample/sa/helloworld,DNS:a.example,IP:10.0.0.1,IP:fd00::1",
            hasKeyIDs: true)
        let leaf = try certificate(.make(plan, by: middle))
        #expect(leaf.subject == "")
        #expect(leaf.issuer == "CN=Intermediate,O=mesh")
        #expect(!leaf.isCA && leaf.pathLength == nil && !leaf.keyUsageCertSign && !leaf.selfSigned)
        #expect(leaf.keyUsages == ["digitalSignature", "keyEncipherment"])
        #expect(leaf.extendedKeyUsages == ["serverAuth", "clientAuth"])
        #expect(leaf.uriNames == ["spiffe://td.example/ns/sample/sa/helloworld"])
        #expect(leaf.dnsNames == ["a.example"])
        #expect(leaf.ipNames == ["10.0.0.1", "fd00::1"])
        #expect(leaf.keyKind == "EC P-256")
        #expect(leaf.signatureAlgorithm == "ecdsa-with-SHA256")
        let issuer = try certificate(middle)
        #expect(issuer.isCA && issuer.pathLength == 0 && issuer.keyUsageCertSign)
        #expect(issuer.keyUsages == ["keyCertSign", "cRLSign"])
        #expect(leaf.authorityKeyID == issuer.subjectKeyID && issuer.subjectKeyID?.count == 40)
        #expect(leaf.notAfter - leaf.notBefore == 90_000)
        #expect(abs(Double(leaf.notBefore) + 3600 - Date().timeIntervalSince1970) < 300)
    }

    @Test func equalsWhatOpenSSLPrints() throws {
        let identity = Identity.make(.authority("C=CH,O=Käse \"AG\"\\, Söhne,Test Root").with { $0.rsaBits = 2048 })
        let certificate = try certificate(identity)
        let folder = try Folder()
        let file = try folder.write("c.pem", identity.certificatePEM)
        let text = try Daemon.run(
            "/usr/bin/openssl",
            [
                "x509", "-in", file, "-noout", "-subject", "-serial", "-fingerprint", "-sha256", "-nameopt",
                "RFC2253,-esc_msb,utf8",
            ])
        #expect(text.contains("subject=\(certificate.subject)\n"))
        #expect(text.contains("serial=\(certificate.serial)\n"))
        #expect(text.replacing(":", with: "").lowercased().contains(certificate.sha256))
        #expect(certificate.keyKind == "RSA 2048" && certificate.selfSigned)
        let key = try Daemon.run(
            "/bin/sh", ["-c", "openssl x509 -in \(file) -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum"])
        #expect(key.hasPrefix(certificate.spkiSHA256))
    }

    @Test func theSameNameIsNotTheSameCertificate() throws {
        let (one, two) = (try certificate(Self.root), try certificate(.make(.authority("O=mesh,Test Root"))))
        #expect(one.subject == two.subject && one != two && one.sha256 != two.sha256 && one.spkiSHA256 != two.spkiSHA256)
        #expect(try one == Certificate(der: one.der))
    }

    /// Issuer and subject are equal, but the signature is another key's.
    @Test func selfIssuedIsNotSelfSigned() throws {
        let impostor = try certificate(.make(.authority("O=mesh,Test Root"), by: Self.root))
        #expect(impostor.issuer == impostor.subject && !impostor.selfSigned)
    }

    @Test func hostileNamesAreEscaped() throws {
        let certificate = try certificate(
            .make(.server("DNS:a\u{1B}[31mb").with { $0.subject = "evil\u{1B}]0;x\u{7}\u{202E}" }, by: Self.root))
        for text in [certificate.subject] + certificate.dnsNames {
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0.value != 0x202E })
        }
        #expect(certificate.dnsNames == ["a\\1B[31mb"])
    }

    @Test func extensionsMayBeMissing() throws {
        let plan = Identity.Plan(subject: "bare", hasKeyIDs: false)
        let certificate = try certificate(.make(plan))
        #expect(
            !certificate.isCA && certificate.keyUsageCertSign && certificate.keyUsages.isEmpty
                && certificate.extendedKeyUsages.isEmpty)
        #expect(certificate.subjectKeyID == nil && certificate.authorityKeyID == nil && certificate.dnsNames.isEmpty)
    }

    // MARK: PEM

    @Test func manyBlocksWithTextBetween() throws {
        let other = Identity.make(.authority())
        let text = Data("# the root\n".utf8) + Self.root.certificatePEM + Data("\r\nsubject=x\r\n".utf8)
        let windows = Data(String(decoding: other.certificatePEM, as: UTF8.self).replacing("\n", with: "\r\n").utf8)
        let both = try Certificate.parse(pem: text + windows + Data("trailing".utf8))
        #expect(both.map(\.der) == [Self.root.certificateDER, other.certificateDER])
        // A key beside the certificate is passed over, as by kubectl.
        #expect(try Certificate.parse(pem: other.keyPEM + other.certificatePEM).map(\.der) == [other.certificateDER])
    }

    static let pem = root.certificatePEM
    static let base64 = String(decoding: pem, as: UTF8.self).split(separator: "\n").dropFirst().dropLast().joined()
    static func block(_ body: String, _ label: String = "CERTIFICATE") -> Data {
        Data("-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n".utf8)
    }

    @Test func badTextsAreToldApart() {
        func failure(_ data: Data) -> CertificateError? {
            do throws(CertificateError) {
                _ = try Certificate.parse(pem: data)
                return nil
            } catch { return error }
        }
        #expect(failure(Data()) == .empty)
        #expect(failure(Data("hello".utf8)) == .notPEM(hint: ""))
        #expect(failure(Data("/etc/ca.pem".utf8)) == .notPEM(hint: "it looks like a file's path"))
        #expect(failure(Self.root.certificateDER) == .notPEM(hint: "it looks like DER, the binary form"))
        #expect(
            failure(Data(Self.pem.base64EncodedString().utf8))
                == .notPEM(hint: "it looks like PEM encoded in base64 once too often"))
        #expect(
            failure(Data("  ".utf8) + Self.pem.prefix(400)) == .notPEM(hint: "a BEGIN line is there, but indented or misspelt"))
        #expect(
            failure(Data(Self.base64.utf8))
                == .notPEM(hint: "it looks like a certificate's base64 without its BEGIN and END lines"))
        #expect(failure(Self.pem.prefix(300)) == .truncated(block: 1))
        #expect(failure(Self.pem + Self.pem.prefix(300)) == .truncated(block: 2))
        #expect(failure(Self.pem.prefix(300) + Data("\n".utf8) + Self.pem) == .truncated(block: 1))
        #expect(failure(Self.pem + Self.block("&&&&")) == .notBase64(block: 2))
        #expect(failure(Self.root.keyPEM) == .otherBlock(block: 1, label: "PRIVATE KEY"))
        guard case .notACertificate(block: 2, _) = failure(Self.pem + Self.block("aGVsbG8=")) else {
            Issue.record("not told")
            return
        }
        let longer = (Self.root.certificateDER + Data([1, 2, 3])).base64EncodedString()
        #expect(failure(Self.block(longer)) == .notACertificate(block: 1, detail: "3 bytes follow its end"))
        guard case .notACertificate(block: 1, _) = failure(Self.block(Self.root.certificateDER.dropLast(5).base64EncodedString()))
        else {
            Issue.record("not told")
            return
        }
    }

    /// Damage anywhere is an error or another certificate, never a crash.
    @Test func damagedBytesDoNoHarm() throws {
        let der = Self.root.certificateDER
        for index in der.indices {
            var damaged = der
            damaged[index] ^= 0xFF
            if let certificate = try? Certificate(der: damaged) {
                #expect(certificate.sha256 != Self.root.certificateDER.description)
            }
            _ = try? Certificate(der: der.prefix(index))
        }
    }

    // MARK: Keys

    @Test func keysAndCertificates() throws {
        let other = Identity.make(.authority())
        func matches(_ key: Data) throws -> Bool { try Certificate.privateKeyMatches(certificatePEM: Self.pem, keyPEM: key) }
        #expect(try matches(Self.root.keyPEM))
        #expect(try !matches(other.keyPEM))
        #expect(throws: CertificateError.encryptedKey) { try matches(Self.root.encryptedKeyPEM(password: "tell nobody")) }
        #expect(throws: CertificateError.empty) { try matches(Data()) }
        let problem = #expect(throws: CertificateError.self) { try matches(Data("s3cret".utf8)) }
        #expect(problem?.description.contains("s3cret") == false)
        #expect(throws: CertificateError.self) { try matches(Self.pem) }
    }
}
