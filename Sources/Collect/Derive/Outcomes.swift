internal import Facts
internal import HTTP
internal import Kubernetes
internal import TLS

/// Where a request to an API server ended, in the words of column `api_server.outcome`.
enum APIOutcome: String, Sendable, CaseIterable {
    case answered, kubeconfig, credential, refused, timeout, reset, closed, proxy, unauthorized, forbidden, other
    case nameNotFound = "name-not-found"
    case noRoute = "no-route"
    case tlsUntrusted = "tls-untrusted"
    case tlsName = "tls-name"
    case tlsExpired = "tls-expired"
    case tlsOther = "tls-other"
    case notTLS = "not-tls"
    case notKubernetes = "not-kubernetes"
    case serverError = "server-error"
    /// Of a remote secret only: there was nothing that could be tried.
    case notTried = "not-tried"

    init(_ failure: HTTPFailure) {
        self =
            switch failure {
            case .nameNotFound: .nameNotFound
            case .refused: .refused
            case .unreachable: .noRoute
            case .connectTimedOut, .timedOut: .timeout
            case .reset: .reset
            case .closed: .closed
            case .tls(.unknownAuthority, _): .tlsUntrusted
            case .tls(.nameMismatch, _): .tlsName
            case .tls(.expired, _), .tls(.notYetValid, _): .tlsExpired
            case .tls: .tlsOther
            case .notTLS: .notTLS
            case .notHTTP, .bodyTooLarge, .redirected: .notKubernetes
            case .proxy: .proxy
            case .badURL, .badRequest, .cancelled, .other: .other
            }
    }

    /// Whether anything else that is asked of this server will end the same way.
    var isFinal: Bool { self != .answered && self != .forbidden }
}

/// How the first request to an API server went.
struct APIContact: Sendable, Equatable {
    var outcome: APIOutcome
    /// What was seen, in words; empty where answered.
    var detail = ""
    var status: Int?
    var gitVersion: String?
    var clockOffset: Int?
    var milliseconds: Double?
}

extension Rows {
    /// Table `api_server`.
    static func apiServer(_ cluster: String, _ contact: APIContact) -> FactRow {
        FactRow(
            "api_server",
            [
                "cluster": .text(cluster), "outcome": .text(contact.outcome.rawValue), "detail": .text(contact.detail.capped),
                "http_status": FactValue(contact.status), "git_version": FactValue(contact.gitVersion),
                "kubernetes_version": FactValue(contact.gitVersion.flatMap(versionNumber)),
                "clock_offset_seconds": FactValue(contact.clockOffset), "milliseconds": FactValue(contact.milliseconds),
            ])
    }

    /// Table `remote_secret_probe`.
    static func remoteSecretProbe(_ cluster: String, _ secret: RemoteSecret, _ contact: APIContact, uid: String?) -> FactRow {
        FactRow(
            "remote_secret_probe",
            [
                "cluster": .text(cluster), "secret": .text(secret.secret), "key": .text(secret.key),
                "outcome": .text(contact.outcome.rawValue), "detail": .text(contact.detail.capped),
                "http_status": FactValue(contact.status), "kube_system_uid": FactValue(uid),
            ])
    }
}

/// The server's clock against this machine's: positive when the server is ahead. `Date` has whole seconds, so that the middle
/// of the second is the best guess.
func clockOffset(date: Int, sent: Double, received: Double) -> Int {
    Int((Double(date) + 0.5 - (sent + received) / 2).rounded(.toNearestOrEven))
}

/// How far a probe of a gateway came, in the words of table `gateway_probe`.
struct GatewayProbe: Sendable {
    var address: String
    var port: Int
    var tcp: TCPOutcome
    var tcpDetail = ""
    var tcpMilliseconds: Double?
    var serverName: String?
    var tls: TLSOutcome
    var tlsDetail = ""
    var tlsMilliseconds: Double?
    /// What came of the name that no service has.
    var baseline = Hello()
    /// What came of a second service; asked for only where the first one is not served.
    var control: (serverName: String, hello: Hello)?
    var asksClientCertificate: Bool?
    var isSourceAdmitted: Bool?
    var chain: [Certificate] = []

    enum TCPOutcome: String, Sendable {
        case connected, refused, timeout, reset, other
        case nameNotFound = "name-not-found"
        case noRoute = "no-route"
    }

    enum TLSOutcome: String, Sendable {
        case served, reset, closed, alert, timeout, other
        case notTLS = "not-tls"
        case notTried = "not-tried"
    }

    /// How one hello ended.
    struct Hello: Sendable, Equatable {
        var outcome = TLSOutcome.notTried
        var detail = ""

        init() {}

        init(_ ladder: TLSLadder) {
            guard ladder.tcp.isOK else {
                detail = "there is no connection"
                return
            }
            if !ladder.chain.isEmpty {
                // The handshake may well end in an alert, since no client certificate is sent; the chain has arrived before.
                outcome = .served
            } else if case .failed(let failure) = ladder.tls.outcome {
                (outcome, detail) = (GatewayProbe.tls(failure), "\(failure)")
            } else {
                (outcome, detail) = (.other, "the handshake ended without a certificate")
            }
        }
    }

    /// Reads what the ladder showed.
    ///
    /// - Parameter name: the SNI that was asked for, or why there was none to ask for.
    init(_ ladder: TLSLadder, address: String, name: Answer<String>) {
        self.address = address
        port = ladder.port
        serverName = name.value
        tls = .notTried
        if case .failed(let failure) = ladder.dns.outcome {
            (tcp, tcpDetail) = (Self.tcp(failure), "\(failure)")
            tlsDetail = "there is no connection"
            return
        }
        if case .failed(let failure) = ladder.tcp.outcome {
            (tcp, tcpDetail) = (Self.tcp(failure), "\(failure)")
            tlsDetail = "there is no connection"
            return
        }
        tcp = .connected
        tcpMilliseconds = ladder.tcp.milliseconds
        if case .failure(let reason) = name {
            tlsDetail = reason.reason
            return
        }
        chain = ladder.chain
        let hello = Hello(ladder)
        (tls, tlsDetail, tlsMilliseconds) = (hello.outcome, hello.detail, ladder.tls.milliseconds)
        if !chain.isEmpty { asksClientCertificate = ladder.clientCertificateRequested }
    }

    private static func tcp(_ failure: ProbeFailure) -> TCPOutcome {
        switch failure {
        case .nameNotFound, .lookupFailed: .nameNotFound
        case .refused: .refused
        case .timedOut: .timeout
        case .noRoute: .noRoute
        case .resetBeforeHello: .reset
        default: .other
        }
    }

    private static func tls(_ failure: ProbeFailure) -> TLSOutcome {
        switch failure {
        case .resetBeforeHello, .resetAfterHello, .resetDuringHandshake: .reset
        case .closedWithoutAlert: .closed
        case .alert: .alert
        case .notTLS: .notTLS
        case .timedOut, .handshakeTimedOut: .timeout
        default: .other
        }
    }

    func row(_ cluster: String) -> FactRow {
        FactRow(
            "gateway_probe",
            [
                "cluster": .text(cluster), "address": .text(address), "port": .integer(port), "tcp": .text(tcp.rawValue),
                "tcp_detail": .text(tcpDetail.capped), "tcp_ms": FactValue(tcpMilliseconds), "sni": FactValue(serverName),
                "tls": .text(tls.rawValue), "tls_detail": .text(tlsDetail.capped), "tls_ms": FactValue(tlsMilliseconds),
                "baseline": .text(baseline.outcome.rawValue), "baseline_detail": .text(baseline.detail.capped),
                "control_sni": FactValue(control?.serverName), "control_tls": FactValue(control?.hello.outcome.rawValue),
                "asks_client_certificate": FactValue(asksClientCertificate),
                "source_admitted": FactValue(isSourceAdmitted),
            ])
    }
}

extension Rows {
    /// Table `chain_trust`: one chain against the roots of one cluster.
    static func chainTrust(source: String, target: String, address: String, _ verification: ChainVerification) -> FactRow {
        let (outcome, position) = words(verification.outcome)
        return FactRow(
            "chain_trust",
            [
                "source": .text(source), "target": .text(target), "address": .text(address), "outcome": .text(outcome),
                "detail": .text(outcome == "trusted" ? "" : "\(verification.outcome)".capped), "position": .integer(position),
            ])
    }

    private static func words(_ outcome: ChainVerification.Outcome) -> (String, Int) {
        switch outcome {
        case .trusted: ("trusted", -1)
        case .unknownAuthority: ("unknown-authority", -1)
        case .incomplete: ("incomplete", -1)
        case .expired(let position): ("expired", position)
        case .notYetValid(let position): ("not-yet-valid", position)
        case .notACA(let position): ("not-a-ca", position)
        case .badSignature(let position): ("bad-signature", position)
        case .other: ("other", -1)
        }
    }
}
