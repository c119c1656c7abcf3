import CCurl
import Foundation
import Glibc

/// What libcurl said when a transfer failed.
struct CurlError {
    var code: CURLcode
    var text: String
    /// X509_V_ERR_*, 0 when the certificate verified or was never seen.
    var verifyResult: Int
    /// errno of the last connection attempt, 0 when unknown.
    var systemError: Int32
    /// Status of the proxy's answer to CONNECT, 0 when there was none.
    var connectStatus: Int
    var proxyVerifyResult: Int
    var usesProxy: Bool

    func failure(target: Target, phase: HTTPPhase, connectTimeout: Duration) -> HTTPFailure {
        switch code {
        case CURLE_URL_MALFORMAT: return .badURL(detail)
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: return .proxy(detail: detail)
        case _ where connectStatus >= 300: return .proxy(detail: "it answered \(connectStatus) to CONNECT \(target.address)")
        case _ where proxyVerifyResult != 0: return .proxy(detail: detail)
        case CURLE_COULDNT_RESOLVE_HOST: return .nameNotFound(host: target.host)
        case CURLE_COULDNT_CONNECT: return usesProxy ? .proxy(detail: detail) : connectFailure(target, connectTimeout)
        case CURLE_OPERATION_TIMEDOUT:
            return phase == .connecting ? .connectTimedOut(after: connectTimeout) : .timedOut(after: connectTimeout, phase: phase)
        case CURLE_PEER_FAILED_VERIFICATION: return .tls(verifyKind, detail: detail)
        case CURLE_SSL_CERTPROBLEM: return .tls(.clientCertificate, detail: detail)
        case CURLE_SSL_CACERT_BADFILE: return .tls(.authorityData, detail: detail)
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: return .closed(phase: phase)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: return .notHTTP(detail: detail)
        case CURLE_BAD_CONTENT_ENCODING: return .notHTTP(detail: detail)
        case CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM: return broken(phase)
        default: return .other(detail: detail)
        }
    }

    private var detail: String { text.isEmpty ? String(cString: curl_easy_strerror(code)) : text }

    private func connectFailure(_ target: Target, _ connectTimeout: Duration) -> HTTPFailure {
        switch systemError {
        case ECONNREFUSED: .refused(address: target.address)
        case ETIMEDOUT: .connectTimedOut(after: connectTimeout)
        case ECONNRESET: .reset(phase: .connecting)
        case ENETUNREACH, EHOSTUNREACH, EACCES, EPERM, EADDRNOTAVAIL:
            .unreachable(address: target.address, detail: String(cString: strerror(systemError)))
        default: .other(detail: detail)
        }
    }

    private var verifyKind: TLSFailureKind {
        // libcurl compares the names itself, after OpenSSL has accepted the chain; the result number then means nothing.
        if text.contains("subject name") { return .nameMismatch }
        return switch verifyResult {
        case 10: .expired
        case 9: .notYetValid
        case 2, 18, 19, 20, 21: .unknownAuthority
        case 62, 64: .nameMismatch
        default: .badCertificate
        }
    }

    /// A connection that broke during the handshake or afterwards. libcurl's text holds OpenSSL's error code.
    private func broken(_ phase: HTTPPhase) -> HTTPFailure {
        switch openSSLReason {
        case let reason? where reason > 1000:
            let alert = reason - 1000
            return .tls(alert == 70 ? .versionMismatch : .alert(alert), detail: detail)
        // wrong version number, http request, https proxy request, packet length too long, bad record type
        case 267, 156, 155, 198, 443: return .notTLS(detail: detail)
        case 258, 266: return .tls(.versionMismatch, detail: detail)  // unsupported protocol, wrong SSL version
        case 294: return .closed(phase: phase)  // unexpected eof
        case _?: return .tls(.other, detail: detail)
        case nil: break
        }
        let text = detail.lowercased()
        if text.contains("reset by peer") || text.contains("broken pipe") || systemError == ECONNRESET {
            return .reset(phase: phase)
        }
        if text.contains("ssl_error_syscall") || text.contains("ssl_error_zero_return") || text.contains("closed") {
            return .closed(phase: phase)
        }
        // The peer gave up the stream, or broke HTTP/2: as with a connection that broke, another try may do.
        if code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM { return .reset(phase: phase) }
        return code == CURLE_SSL_CONNECT_ERROR ? .tls(.other, detail: detail) : .other(detail: detail)
    }

    /// The reason number in `error:0A00045C:SSL routines::…`.
    private var openSSLReason: Int? {
        guard let start = text.range(of: "error:") else { return nil }
        guard let number = UInt32(text[start.upperBound...].prefix { $0.isHexDigit }, radix: 16) else { return nil }
        return Int(number & 0x7F_FFFF)
    }
}
