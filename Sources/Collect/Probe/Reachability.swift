internal import Facts
internal import TLS

/// How far a pod got to one address, in the words of table `pod_reachability`.
struct Reachability: Sendable, Equatable {
    enum Rung: String, Sendable, CaseIterable, Comparable {
        case dns, tcp, tls, certificate, answer

        static func < (a: Rung, b: Rung) -> Bool { (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0) }
    }

    enum Outcome: String, Sendable {
        case ok, refused, reset, intercepted, stalled, other
        case timedOut = "timed-out"
        case noRoute = "no-route"
        case nameNotFound = "name-not-found"
        case tlsAlert = "tls-alert"
        case wrongCertificate = "wrong-certificate"
        case notTried = "not-tried"
    }

    /// The last rung that was tried.
    var rung: Rung
    var outcome: Outcome
    /// What was seen, in words; may be empty where all is well.
    var detail = ""
    /// Milliseconds from the beginning until each rung was climbed; `nil` where it was not, or was not measured.
    var dns: Double?, tcp: Double?, tls: Double?, total: Double?
    /// Where the connection went; empty where there was none.
    var remoteAddress = ""
    /// Of the server's own certificate; empty where none was seen.
    var issuer = ""
    /// The certificate is signed by nobody that was to be trusted. Whether somebody stands in between is told by comparison.
    var isUntrusted = false
    /// What a gateway passed through, the server's own first.
    var chain: [Certificate] = []

    func row(_ source: String, _ target: ProbeTarget) -> FactRow {
        FactRow(
            "pod_reachability",
            [
                "source": .text(source), "target": .text(target.cluster), "kind": .text(target.kind.rawValue),
                "address": .text(target.address), "rung": .text(rung.rawValue), "outcome": .text(outcome.rawValue),
                "detail": .text(detail.capped), "dns_ms": FactValue(dns), "tcp_ms": FactValue(tcp), "tls_ms": FactValue(tls),
                "total_ms": FactValue(outcome == .ok ? total : nil),
                "remote_address": .text(remoteAddress), "certificate_issuer": .text(issuer),
            ])
    }
}

extension Reachability {
    /// Judges what the script wrote down about a target.
    init(_ target: ProbeTarget, _ transcript: ProbeTranscript) {
        switch target.kind {
        case .controlPlane, .own: self = Self.server(target, transcript)
        case .gateway: self = Self.gateway(target, transcript)
        case .gatewayStatus: self = Self.status(target, transcript)
        case .void: self = Self.connection(target, transcript.attempts["tcp"], then: .answer)
        }
    }

    private static let notTried = Reachability(rung: .dns, outcome: .notTried, detail: "the pod did not come to try it")

    // MARK: API servers

    private static func server(_ target: ProbeTarget, _ transcript: ProbeTranscript) -> Reachability {
        guard let full = transcript.attempts["full"] else { return notTried }
        var result = climb(target, full)
        let small = transcript.attempts["small"]
        switch result.outcome {
        case .timedOut where result.rung == .tls:
            if let small, small.isConnected, small.status > 0 || [0, 52, 56].contains(small.exit) {
                result.outcome = .stalled
                result.detail = "a small packet is answered, but the handshake's large ones do not arrive"
            }
        case .timedOut where result.rung == .answer:
            if let small, small.isAnswer {
                result.outcome = .stalled
                result.detail = "a small request is answered, but one of several packets is not"
            }
        case .wrongCertificate:
            let seen = transcript.attempts["unverified"]
            result.issuer = seen?.labelled("issuer:") ?? result.issuer
            let subject = seen?.labelled("subject:") ?? ""
            if !subject.isEmpty { result.detail += "; the certificate is that of \(subject), issued by \(result.issuer)" }
        default: break
        }
        return result
    }

    /// The rungs of an HTTPS request.
    private static func climb(_ target: ProbeTarget, _ attempt: ProbeTranscript.Attempt) -> Reachability {
        var result = connection(target, attempt, then: .tls)
        guard result.outcome == .ok else { return result }
        result.tls = milliseconds(attempt.secured)
        result.issuer = attempt.labelled("issuer:")
        let words = attempt.words
        if attempt.isAnswer {
            (result.rung, result.outcome) = (.answer, .ok)
            result.detail = "HTTP \(attempt.status)"
            return result
        }
        result.detail = attempt.message
        if attempt.exit == 0 {
            (result.rung, result.outcome) = (.answer, .other)
            result.detail = "HTTP \(attempt.status), which no Kubernetes API server answers to anybody who asks for its version"
            return result
        }
        if attempt.secured > 0, ![51, 60].contains(attempt.exit) { result.rung = .answer }
        switch attempt.exit {
        case 28: result.outcome = .timedOut
        case 51, 60:
            (result.rung, result.outcome) = (.certificate, .wrongCertificate)
            result.isUntrusted = ["unable to get", "self-signed", "self signed", "unknown ca", "signature failure"].contains {
                words.contains($0)
            }
        case 35, 52, 55, 56:
            result.outcome =
                words.contains("tls alert") || words.contains("alert ") && !words.contains("close notify")
                ? .tlsAlert
                : ["reset", "ssl_error_syscall", "unexpected eof", "empty reply", "broken pipe"].contains { words.contains($0) }
                    ? .reset : .other
        default: result.outcome = .other
        }
        return result
    }

    // MARK: Gateways

    private static func gateway(_ target: ProbeTarget, _ transcript: ProbeTranscript) -> Reachability {
        var result = connection(target, transcript.attempts["tcp"], then: .tcp)
        guard result.outcome == .ok else { return result }
        // The account of what followed is not this rung's.
        result.total = result.tcp
        guard !target.serverName.isEmpty else {
            result.detail = "no service is known to ask for, so that the connection was all"
            return result
        }
        result.rung = .tls
        guard let full = transcript.hellos["full"] else {
            result.outcome = .notTried
            result.detail = "the image lacks a tool that sends a hello by hand"
            return result
        }
        let flight = full.flight
        result.chain = flight.chain
        result.issuer = flight.chain.first?.issuer ?? ""
        if flight.isWhole || flight.alert == Self.protocolVersion {
            result.tls = result.tcp.map { $0 + full.took * 1000 }
            result.total = result.tls
            if !flight.isWhole {
                // A proxy that opens TLS on the way would answer so, too: whose certificate it is was not seen.
                (result.rung, result.outcome) = (.certificate, .notTried)
                result.detail = "what stands behind the gateway speaks TLS 1.3 alone, which hides its certificate"
            } else if !flight.asksClientCertificate {
                result.detail = "the server asks for no client certificate, which no sidecar fails to do"
            }
            return result
        }
        (result.outcome, result.detail) = broken(full, small: transcript.hellos["small"])
        return result
    }

    /// Alert of a server that wants a later TLS than was offered.
    private static let protocolVersion = 70

    private static func broken(_ full: ProbeTranscript.Hello, small: ProbeTranscript.Hello?) -> (Outcome, String) {
        let flight = full.flight
        if let alert = flight.alert { return (.tlsAlert, "alert \(alert) in place of a certificate") }
        if flight.isForeign { return (.other, "what answers does not speak TLS") }
        if full.isTimedOut {
            if flight.count > 0 { return (.stalled, "\(flight.count) bytes came, then nothing more") }
            if let small, small.flight.count > 0 {
                return (.stalled, "a small answer passes, but the certificate's large packets do not arrive")
            }
            return (.timedOut, "no answer to the hello")
        }
        return flight.count == 0
            ? (
                .reset,
                "the connection was ended at once after the hello, without a word: the gateway has no such name, or no endpoint"
            )
            : (.reset, "the connection was ended after \(flight.count) bytes")
    }

    private static func status(_ target: ProbeTarget, _ transcript: ProbeTranscript) -> Reachability {
        guard let attempt = transcript.attempts["full"] else { return notTried }
        var result = connection(target, attempt, then: .answer)
        guard result.outcome == .ok else { return result }
        switch (attempt.exit, attempt.status) {
        case (0, 200): result.detail = "HTTP 200"
        case (0, let status): (result.outcome, result.detail) = (.other, "HTTP \(status)")
        case (28, _): (result.outcome, result.detail) = (.timedOut, attempt.message)
        case (52, _), (55, _), (56, _): (result.outcome, result.detail) = (.reset, attempt.message)
        default: (result.outcome, result.detail) = (.other, attempt.message)
        }
        return result
    }

    // MARK: Name and connection

    /// The first two rungs, which all targets share.
    ///
    /// - Parameter next: the rung that is tried once the connection stands.
    private static func connection(
        _ target: ProbeTarget, _ attempt: ProbeTranscript.Attempt?, then next: Rung
    ) -> Reachability {
        guard let attempt else { return notTried }
        var result = Reachability(rung: .tcp, outcome: .ok, detail: attempt.message, remoteAddress: attempt.address)
        if target.isNamed, attempt.resolved > 0 { result.dns = attempt.resolved * 1000 }
        if attempt.isConnected {
            result.tcp = milliseconds(attempt.connected)
            result.total = milliseconds(attempt.total)
            result.rung = next
            result.detail = ""
            return result
        }
        let words = attempt.words
        switch attempt.exit {
        case 6: (result.rung, result.outcome) = (.dns, .nameNotFound)
        case 28:
            let isName = words.contains("resolving timed out") || target.isNamed && attempt.resolved == 0
            (result.rung, result.outcome) = (isName ? .dns : .tcp, .timedOut)
        case 7: result.outcome = refusal(words)
        case 35 where words.contains("reset"), 56 where words.contains("reset"): result.outcome = .reset
        case 1...4, 58, 59, 77, 126...: (result.rung, result.outcome) = (.dns, .notTried)
        case -1: return notTried
        default: result.outcome = .other
        }
        if result.detail.isEmpty { result.detail = "curl ended with \(attempt.exit)" }
        if let reason = attempt.lines.last(where: { $0.contains("failed: ") }), result.outcome != .nameNotFound {
            result.detail = reason
        }
        return result
    }

    /// Why nothing was connected, in the words of glibc and musl.
    private static func refusal(_ words: String) -> Outcome {
        if words.contains("connection refused") { return .refused }
        if ["no route to host", "host is unreachable", "network is unreachable", "network unreachable"].contains(
            where: words.contains)
        {
            return .noRoute
        }
        if words.contains("reset by peer") { return .reset }
        if words.contains("timed out") || words.contains("timeout") { return .timedOut }
        return .other
    }

    /// `nil` where curl did not come so far.
    private static func milliseconds(_ seconds: Double) -> Double? { seconds > 0 ? seconds * 1000 : nil }
}

extension ProbeTranscript.Attempt {
    /// An API server answered: with its version, or with the word that the caller is not known or not allowed.
    var isAnswer: Bool { exit == 0 && [200, 401, 403].contains(status) }
}
