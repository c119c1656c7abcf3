/// What to probe, and how.
package struct TLSTarget: Sendable, Hashable {
    /// A name or an address; IPv6 with or without brackets.
    package var host: String
    package var port: Int
    /// SNI; `nil`: none is sent.
    package var serverName: String?
    /// ALPN offers in order; empty: the extension is not sent.
    package var alpn: [String]
    package var minimumVersion: TLSVersion
    package var maximumVersion: TLSVersion
    /// The client certificate to show where one is asked for; `nil`: none is shown.
    package var identity: ClientIdentity?
    /// Roots to verify the served chain against; `nil`: do not judge.
    package var roots: [Certificate]?
    /// A DNS name or IP address that the leaf must be for; `nil`: do not judge. Separate from `roots`.
    package var verifyName: String?
    /// The time that verification assumes, in seconds since 1970; `nil`: now.
    package var verificationTime: Int?
    /// Time for the name lookup, for all addresses together to accept a TCP connection, and for the handshake.
    package var resolveDeadline: Duration
    package var connectDeadline: Duration
    package var handshakeDeadline: Duration

    /// The default handshake deadline is longer than Envoy's upstream connect timeout (10 s), so that the two can be told apart.
    package init(
        host: String, port: Int, serverName: String? = nil, alpn: [String] = [], minimumVersion: TLSVersion = .tls12,
        maximumVersion: TLSVersion = .tls13, identity: ClientIdentity? = nil, roots: [Certificate]? = nil,
        verifyName: String? = nil, verificationTime: Int? = nil,
        resolveDeadline: Duration = .seconds(5), connectDeadline: Duration = .seconds(5),
        handshakeDeadline: Duration = .seconds(12)
    ) {
        self.host = host
        self.port = port
        self.serverName = serverName
        self.alpn = alpn
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.identity = identity
        self.roots = roots
        self.verifyName = verifyName
        self.verificationTime = verificationTime
        self.resolveDeadline = resolveDeadline
        self.connectDeadline = connectDeadline
        self.handshakeDeadline = handshakeDeadline
    }
}

package enum TLSVersion: Int32, Sendable, Hashable, Comparable {
    case tls10 = 0x0301
    case tls11 = 0x0302
    case tls12 = 0x0303
    case tls13 = 0x0304

    package static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

/// Why a rung was not reached. What was observed, without a guess at the cause.
package enum ProbeFailure: Error, Sendable, Hashable {
    case nameNotFound
    /// The name could not be looked up for another reason, in the resolver's words.
    case lookupFailed(String)
    case refused
    case timedOut
    /// No route, or an ICMP message said so.
    case noRoute(String)
    /// Reset before the ClientHello went out (in TCP's handshake or at once after it).
    case resetBeforeHello
    /// Reset after the ClientHello, before any byte of an answer: what Istio's gateway does when no filter chain matches.
    case resetAfterHello
    /// Reset after some bytes of an answer.
    case resetDuringHandshake
    /// FIN, without a TLS alert.
    case closedWithoutAlert
    /// The peer's TLS alert, by number and OpenSSL's name for it.
    case alert(Int, String)
    /// The answer is not TLS; its first bytes, printable.
    case notTLS(firstBytes: String)
    /// The peer chose a version outside of the target's.
    case versionMismatch
    case handshakeTimedOut
    /// The certificate rung: the chain does not verify.
    case untrusted(ChainVerification.Outcome)
    /// The certificate rung: the leaf is for other names.
    case nameMismatch
    /// The probe was cancelled.
    case cancelled
    case other(String)
}

/// One rung of the ladder.
package struct Rung: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case ok
        case failed(ProbeFailure)
        /// An earlier rung failed, or the target did not ask for this one.
        case notTried
    }

    package var outcome: Outcome
    /// Time that this rung took; 0 when it was not tried.
    package var milliseconds: Double

    package static let notTried = Rung(outcome: .notTried, milliseconds: 0)
    package var isOK: Bool { outcome == .ok }
}

/// One address that a connection was tried to.
package struct AddressAttempt: Sendable, Hashable {
    /// Numeric, without brackets.
    package var address: String
    package var isIPv6: Bool
    /// `nil`: connected.
    package var failure: ProbeFailure?
    package var milliseconds: Double
}

/// What a probe saw, rung by rung. Nothing in it is a judgement but the rung `certificate`, which exists only where the target
/// gave roots or a name.
package struct TLSLadder: Sendable, Hashable {
    package var host: String
    package var port: Int
    package var dns: Rung = .notTried
    package var tcp: Rung = .notTried
    package var tls: Rung = .notTried
    package var certificate: Rung = .notTried
    /// Every address that was tried, in the order in which they were; an address without an outcome of its own is not listed.
    package var attempts: [AddressAttempt] = []
    /// The address that the connection stands on.
    package var address: String?
    /// The peer's certificates as served, leaf first; also when the handshake failed later.
    package var chain: [Certificate] = []
    /// `TLSv1.2`, `TLSv1.3`.
    package var version: String?
    /// The protocol that the peer chose.
    package var alpn: String?
    package var cipher: String?
    /// The peer asked for a client certificate. It is sent the target's identity, if there is one.
    package var clientCertificateRequested = false
    /// Names of the authorities whose client certificates the peer accepts.
    package var acceptedAuthorities: [String] = []
    /// What the peer did after the handshake when it had asked for a client certificate (TLS 1.3 tells only then that it dislikes
    /// it, or that it misses it): its alert, or `nil` when it said nothing for a while.
    package var afterHandshake: ProbeFailure?
    /// Against the target's roots; `nil`: there were none, or no chain was seen.
    package var verification: ChainVerification?
    /// Whether the leaf is for the target's `verifyName`; `nil`: there was none, or no chain was seen.
    package var nameMatches: Bool?

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// The first rung that failed, and how.
    package var failure: (rung: String, failure: ProbeFailure)? {
        for (name, rung) in [("dns", dns), ("tcp", tcp), ("tls", tls), ("certificate", certificate)] {
            if case .failed(let failure) = rung.outcome { return (name, failure) }
        }
        return nil
    }
}

extension TLSLadder {
    /// The peer proved to speak TLS, showed its chain, asked for a client certificate, and complained only that none came: all
    /// that a probe without
    /// a key can reach at a peer that insists on mutual TLS, such as an Istio sidecar.
    package var lacksOnlyClientCertificate: Bool {
        guard clientCertificateRequested, !chain.isEmpty else { return false }
        // handshake_failure (TLS 1.2), bad_certificate, certificate_required (TLS 1.3).
        let complaints = [40, 42, 116]
        switch tls.outcome {
        case .ok: return afterHandshake?.alertNumber.map(complaints.contains) ?? false
        case .failed(let failure): return failure.alertNumber.map(complaints.contains) ?? false
        case .notTried: return false
        }
    }
}

extension ProbeFailure {
    /// The number of the alert, if it is one.
    package var alertNumber: Int? {
        if case .alert(let number, _) = self { number } else { nil }
    }
}

extension ProbeFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nameNotFound: "the name does not exist"
        case .lookupFailed(let text): "the name could not be looked up: \(text)"
        case .refused: "connection refused"
        case .timedOut: "no answer in time"
        case .noRoute(let text): "no way there: \(text)"
        case .resetBeforeHello: "connection reset before the TLS handshake began"
        case .resetAfterHello: "connection reset right after the ClientHello, without an alert"
        case .resetDuringHandshake: "connection reset during the TLS handshake"
        case .closedWithoutAlert: "connection closed during the TLS handshake, without an alert"
        case .alert(let number, let name): "TLS alert \(number) (\(name))"
        case .notTLS(let firstBytes): "the answer is not TLS: \(firstBytes)"
        case .versionMismatch: "no common TLS version"
        case .handshakeTimedOut: "no end of the TLS handshake in time"
        case .untrusted(let outcome): "\(outcome)"
        case .nameMismatch: "the certificate is for other names"
        case .cancelled: "cancelled"
        case .other(let text): text
        }
    }
}
