/// How far an exchange had come.
package enum HTTPPhase: String, Sendable, Hashable {
    /// Waiting for another request's connection to the same server, or for a pause between attempts.
    case queued = "waiting for a connection"
    case resolving = "looking up the name"
    case connecting = "connecting"
    case handshaking = "in the TLS handshake"
    case waiting = "waiting for the answer"
    case receiving = "receiving the answer"
}

/// What was wrong with the TLS session.
package enum TLSFailureKind: Sendable, Hashable {
    /// The server's certificate leads to no trusted authority.
    case unknownAuthority
    case expired
    case notYetValid
    /// The certificate is not for the name or address in use.
    case nameMismatch
    /// The certificate does not verify for another reason.
    case badCertificate
    /// The server ended the handshake with this TLS alert number.
    case alert(Int)
    /// No common protocol version.
    case versionMismatch
    /// Our own client certificate or key cannot be used: unreadable, encrypted, or not a pair.
    case clientCertificate
    /// Our own certificate authority data cannot be used.
    case authorityData
    case other
}

/// Why an exchange gave no answer. The texts hold no credentials.
package enum HTTPFailure: Error, Sendable, Hashable {
    /// The URL (or the proxy's) cannot be used; what is wrong with it.
    case badURL(String)
    /// Method or headers cannot be sent; what is wrong with them.
    case badRequest(String)
    case nameNotFound(host: String)
    case refused(address: String)
    /// No route, or an ICMP message said so.
    case unreachable(address: String, detail: String)
    /// No TCP connection in time.
    case connectTimedOut(after: Duration)
    /// The deadline (or, in the handshake, the connect timeout) passed in this phase.
    case timedOut(after: Duration, phase: HTTPPhase)
    /// The peer reset the connection.
    case reset(phase: HTTPPhase)
    /// The peer closed the connection before the answer was complete.
    case closed(phase: HTTPPhase)
    case tls(TLSFailureKind, detail: String)
    /// The peer does not speak TLS on this port.
    case notTLS(detail: String)
    /// The peer's answer is not HTTP.
    case notHTTP(detail: String)
    case bodyTooLarge(limit: Int)
    /// The server answered with a redirect. None is followed: credentials would go along, and a Kubernetes API sends none.
    case redirected(status: Int, location: String)
    /// The proxy could not be reached, or refused.
    case proxy(detail: String)
    case cancelled
    case other(detail: String)
}

extension HTTPFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badURL(let text): "the URL cannot be used: \(text)"
        case .badRequest(let text): "the request cannot be sent: \(text)"
        case .nameNotFound(let host): "the name \(host) cannot be resolved"
        case .refused(let address): "\(address) refused the connection"
        case .unreachable(let address, let detail): "\(address) cannot be reached: \(detail)"
        case .connectTimedOut(let after): "no connection within \(after.text)"
        case .timedOut(let after, let phase): "timed out after \(after.text) while \(phase.whileText)"
        case .reset(let phase): "the peer reset the connection while \(phase.whileText)"
        case .closed(let phase): "the peer closed the connection while \(phase.whileText)"
        case .tls(let kind, let detail): "TLS: \(kind.text): \(detail)"
        case .notTLS(let detail): "the peer does not speak TLS: \(detail)"
        case .notHTTP(let detail): "the answer is not HTTP: \(detail)"
        case .bodyTooLarge(let limit): "the answer is larger than \(limit) bytes"
        case .redirected(let status, let location): "the server redirects (\(status)) to \(location); redirects are not followed"
        case .proxy(let detail): "the proxy failed: \(detail)"
        case .cancelled: "cancelled"
        case .other(let detail): detail
        }
    }
}

extension TLSFailureKind {
    var text: String {
        switch self {
        case .unknownAuthority: "the server's certificate is signed by an unknown authority"
        case .expired: "the server's certificate has expired"
        case .notYetValid: "the server's certificate is not valid yet"
        case .nameMismatch: "the server's certificate is for another name"
        case .badCertificate: "the server's certificate does not verify"
        case .alert(let number): "the server sent alert \(number)"
        case .versionMismatch: "no common protocol version"
        case .clientCertificate: "the client certificate or its key cannot be used"
        case .authorityData: "the certificate authority data cannot be used"
        case .other: "the handshake failed"
        }
    }
}

extension HTTPPhase {
    var whileText: String { self == .handshaking ? "shaking hands (TLS)" : rawValue }
}

extension Duration {
    /// In milliseconds, rounded down.
    var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }

    /// `300 ms`, `5 s`, `1.5 s`.
    var text: String {
        let milliseconds = milliseconds
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let tenths = milliseconds / 100
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
