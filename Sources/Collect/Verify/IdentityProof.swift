internal import AtOnce
internal import Facts
internal import Foundation
internal import Mesh
internal import TLS

/// The proof that one cluster accepts the other's identities, and nobody else's: client certificates of the source's own authority, and
/// of impostors, each shown to a service of the target through its gateway.
struct IdentityProof: Sendable {
    /// Who comes, in the words of column `identity_proof.visitor`.
    enum Visitor: String, Sendable, CaseIterable {
        /// With a certificate as istiod issues it.
        case member
        case noCertificate = "no-certificate"
        /// Right identity, signed by an authority that bears the root's name and has another key.
        case foreignRoot = "foreign-root"
        /// Rightly signed, with an identity of another trust domain.
        case wrongTrustDomain = "wrong-trust-domain"
        /// Rightly signed, and over.
        case expired
        /// Without TLS.
        case plaintext
    }

    /// What the target did, in the words of column `identity_proof.outcome`.
    enum Outcome: String, Sendable, CaseIterable {
        /// An HTTP answer came back.
        case answered
        /// The handshake was completed in TLS 1.2, where a server does so only after it has verified the client; no HTTP came.
        case accepted
        /// A TLS alert.
        case refused
        /// The connection was ended without an alert.
        case cut
        case timeout, other
        /// Nothing was sent, since the target's own certificate is not trusted by the source.
        case untrustedServer = "untrusted-server"
        case unreachable
    }

    /// The account in whose name certificates are issued, for access logs and policies to recognise.
    static let account = "/ns/isthmus/sa/probe"
    static let nobodysDomain = "isthmus-impostor.invalid"

    let source: String
    let target: String
    let authority: SigningAuthority
    let trustDomain: String
    let roots: [Certificate]
    let service: ProbeService
    let address: String
    let port: Int
    let now: Int
    let connectTimeout: Duration

    /// Everybody comes, at the same time, and gets a row.
    func run(_ prober: TLSProber) async -> [FactRow] {
        await Visitor.allCases.atOnce { await row($0, prober) }
    }

    private func row(_ visitor: Visitor, _ prober: TLSProber) async -> FactRow {
        let begin = ContinuousClock.now
        do throws(CertificateError) {
            let target = try target(visitor)
            let conversation =
                visitor == .plaintext
                ? await prober.converseWithoutTLS(target, request: request)
                : await prober.converse(target, request: request)
            return row(visitor, conversation, begin.duration(to: .now) / .milliseconds(1))
        } catch {
            var conversation = Conversation(ladder: TLSLadder(host: address, port: port))
            conversation.end = .other("no certificate could be issued: \(error)")
            return row(visitor, conversation, 0)
        }
    }

    private func target(_ visitor: Visitor) throws(CertificateError) -> TLSTarget {
        // In TLS 1.3 silence after the handshake proves nothing; a service that speaks no HTTP may well be silent.
        TLSTarget(
            host: address, port: port, serverName: service.serverName,
            alpn: service.isHTTP ? ["istio-http/1.1", "istio", "http/1.1"] : ["istio"],
            maximumVersion: service.isHTTP ? .tls13 : .tls12, identity: try identity(visitor), roots: roots,
            verificationTime: now,
            resolveDeadline: connectTimeout, connectDeadline: connectTimeout)
    }

    private func identity(_ visitor: Visitor) throws(CertificateError) -> ClientIdentity? {
        let name = "spiffe://\(trustDomain)\(Self.account)"
        return switch visitor {
        case .member: try authority.issue(name, at: now)
        case .wrongTrustDomain: try authority.issue("spiffe://\(Self.nobodysDomain)\(Self.account)", at: now)
        case .expired: try authority.issue(name, at: now, expired: true)
        case .foreignRoot:
            try SigningAuthority.stranger(named: roots.first ?? authority.certificate, at: now).issue(name, at: now)
        case .noCertificate, .plaintext: nil
        }
    }

    private var request: [UInt8] {
        Array(
            """
            GET / HTTP/1.1\r
            Host: \(service.name).\(service.namespace).svc.cluster.local:\(service.port)\r
            User-Agent: isthmus-identity-proof\r
            Connection: close\r
            \r\n
            """.utf8)
    }

    private func row(_ visitor: Visitor, _ conversation: Conversation, _ milliseconds: Double) -> FactRow {
        let (outcome, detail) = Self.outcome(visitor, conversation)
        let ladder = conversation.ladder
        let alert = [ladder.tls.failure, ladder.afterHandshake, conversation.end].lazy.compactMap { $0?.alertNumber }
            .first { $0 != 0 }
        return FactRow(
            "identity_proof",
            [
                "source": .text(source), "target": .text(target), "visitor": .text(visitor.rawValue),
                "address": .text("\(address.contains(":") ? "[\(address)]" : address):\(port)"), "sni": .text(service.serverName),
                "identity": .text(
                    visitor == .wrongTrustDomain
                        ? "spiffe://\(Self.nobodysDomain)\(Self.account)"
                        : [.noCertificate, .plaintext].contains(visitor) ? "" : "spiffe://\(trustDomain)\(Self.account)"),
                "outcome": .text(outcome.rawValue), "alert": FactValue(outcome == .refused ? alert : nil),
                "http_status": FactValue(conversation.httpStatus), "tls_version": .text(ladder.version ?? ""),
                "server_identity": .text(ladder.chain.first?.uriNames.first ?? ""), "detail": .text(detail.capped),
                "milliseconds": .real(milliseconds),
            ])
    }

    static func outcome(_ visitor: Visitor, _ conversation: Conversation) -> (Outcome, String) {
        let ladder = conversation.ladder
        if case .failed(let failure) = ladder.dns.outcome { return (.unreachable, "\(failure)") }
        if case .failed(let failure) = ladder.tcp.outcome { return (.unreachable, "\(failure)") }
        guard ladder.tcp.isOK else { return (.other, conversation.end.map { "\($0)" } ?? "nothing was tried") }
        if case .failed(let failure) = ladder.tls.outcome { return (refusal(failure), "\(failure)") }
        if case .failed(let failure) = ladder.certificate.outcome { return (.untrustedServer, "\(failure)") }
        if let failure = ladder.afterHandshake { return (refusal(failure), "\(failure)") }
        if let status = conversation.httpStatus {
            // A server that wants TLS may say so in plain HTTP; that is a refusal.
            return visitor == .plaintext && status == 400 ? (.refused, "HTTP 400") : (.answered, "HTTP \(status)")
        }
        let end = conversation.end
        if visitor == .plaintext {
            // Whatever is not HTTP, such as a TLS alert, is no answer to a request.
            return conversation.answer.isEmpty ? (end.map(refusal) ?? .other, end.map { "\($0)" } ?? "") : (.refused, "no HTTP")
        }
        if ladder.version == "TLSv1.2" { return (.accepted, end.map { "\($0)" } ?? "an answer that is not HTTP/1") }
        guard conversation.answer.isEmpty, let end else { return (.accepted, "an answer that is not HTTP/1") }
        return (refusal(end), "\(end)")
    }

    private static func refusal(_ failure: ProbeFailure) -> Outcome {
        switch failure {
        case .alert(0, _): .cut
        case .alert: .refused
        case .resetBeforeHello, .resetAfterHello, .resetDuringHandshake, .closedWithoutAlert: .cut
        case .timedOut, .handshakeTimedOut: .timeout
        default: .other
        }
    }
}

extension Rung {
    fileprivate var failure: ProbeFailure? { if case .failed(let failure) = outcome { failure } else { nil } }
}
