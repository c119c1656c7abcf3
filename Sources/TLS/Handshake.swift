import COpenSSL
import Foundation

/// One TLS client session in memory: OpenSSL behind two memory BIOs. It touches no socket, so what the peer sent and how the
/// connection ended stay
/// visible to the caller. Nothing is verified here: the chain is recorded as served, whatever it is worth.
final class Handshake {
    enum Step {
        case done
        case wantsInput
        case failed(ProbeFailure)
    }

    /// What OpenSSL's callback saw.
    final class Record {
        var isCertificateRequested = false
    }

    private let session: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private let record = Record()

    /// `nil`: OpenSSL takes none of it; the reason goes to `problem`.
    init?(_ target: TLSTarget, problem: inout String) {
        guard let context = ClientContext.shared, let session = SSL_new(context) else {
            problem = OpenSSLErrors.last ?? "no context"
            return nil
        }
        guard Self.set(session, target), let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            problem = OpenSSLErrors.last ?? "no session"
            SSL_free(session)
            return nil
        }
        self.session = session
        self.input = input
        self.output = output
        // Both BIOs belong to the session from here on.
        SSL_set_bio(session, input, output)
        ist_bio_never_ends(input)
        let record = Unmanaged.passUnretained(record).toOpaque()
        SSL_set_cert_cb(
            session,
            { _, record in
                Handshake.record(record)?.isCertificateRequested = true
                return 1
            }, record)
    }

    deinit { SSL_free(session) }

    private static func record(_ pointer: UnsafeMutableRawPointer?) -> Record? {
        pointer.map { Unmanaged<Record>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func set(_ session: OpaquePointer, _ target: TLSTarget) -> Bool {
        guard ist_set_min_version(session, target.minimumVersion.rawValue) == 1,
            ist_set_max_version(session, target.maximumVersion.rawValue) == 1
        else { return false }
        if let name = target.serverName { _ = ist_set_server_name(session, name) }
        if !target.alpn.isEmpty {
            let wire = target.alpn.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
            SSL_set_alpn_protos(session, wire, UInt32(wire.count))
        }
        if let identity = target.identity, !identity.equip(session) { return false }
        SSL_set_connect_state(session)
        return true
    }

    // MARK: Progress

    func shakeHands() -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        return result == 1 ? .done : step(result)
    }

    /// Reads on after the handshake: alerts and session tickets come here. `.done`: the peer sent data of its own.
    func readOn() -> Step {
        var passedOver: [UInt8] = []
        return read(&passedOver)
    }

    /// Encrypts a message, small enough for one record.
    func write(_ message: [UInt8]) -> Step {
        ERR_clear_error()
        let result = SSL_write(session, message, Int32(clamping: message.count))
        return result > 0 ? .done : step(result)
    }

    /// Adds what the peer sent next.
    func read(_ answer: inout [UInt8]) -> Step {
        ERR_clear_error()
        var buffer = [UInt8](repeating: 0, count: 4096)
        let result = SSL_read(session, &buffer, Int32(buffer.count))
        answer += buffer.prefix(Int(max(0, result)))
        return result > 0 ? .done : step(result)
    }

    /// So many bytes of the buffer's beginning came from the peer.
    func feed(_ buffer: [UInt8], _ count: Int) { BIO_write(input, buffer, Int32(clamping: count)) }

    /// What is to be sent now.
    func takeOutput() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
        guard !bytes.isEmpty else { return [] }
        let count = BIO_read(output, &bytes, Int32(clamping: bytes.count))
        return Array(bytes.prefix(Int(max(0, count))))
    }

    private func step(_ result: Int32) -> Step {
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsInput
        case SSL_ERROR_ZERO_RETURN: return .failed(.alert(0, "close notify"))
        default: return .failed(failure())
        }
    }

    private func failure() -> ProbeFailure {
        let code = ERR_peek_error()
        return Self.failure(code, OpenSSLErrors.last ?? "unknown error")
    }

    /// - Parameters:
    ///   - code: as ERR_get_error(3) gives it.
    ///   - text: OpenSSL's words for it.
    static func failure(_ code: UInt, _ text: String) -> ProbeFailure {
        let reason = ist_error_reason(code)
        // OpenSSL numbers the alerts that it receives from 1000 on; reasons that all its libraries share are far above.
        let alert = reason - SSL_AD_REASON_OFFSET
        if (0..<256).contains(alert) { return .alert(Int(alert), name(ofAlert: alert)) }
        switch reason {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_WRONG_VERSION_NUMBER, SSL_R_VERSION_TOO_LOW,
            SSL_R_VERSION_TOO_HIGH,
            SSL_R_NO_PROTOCOLS_AVAILABLE:
            return .versionMismatch
        default: return .other("TLS: \(text)")
        }
    }

    private static func name(ofAlert number: Int32) -> String {
        SSL_alert_desc_string_long(number).map { String(cString: $0) } ?? "unknown"
    }

    // MARK: What was seen

    /// As served; also when the handshake failed later.
    private func chain(_ certificates: KnownCertificates) -> [Certificate] {
        let served = SSL_get_peer_cert_chain(session)
        return (0..<ist_x509_stack_count(served)).compactMap { ist_x509_stack_at(served, $0).flatMap(certificates.certificate) }
    }

    var isCertificateRequested: Bool { record.isCertificateRequested }
    var isTLS13: Bool { SSL_version(session) == TLS1_3_VERSION }

    /// Version, cipher and ALPN, as far as they were negotiated.
    func describe(_ ladder: inout TLSLadder, _ certificates: KnownCertificates) {
        ladder.chain = chain(certificates)
        ladder.clientCertificateRequested = isCertificateRequested
        if let names = SSL_get0_peer_CA_list(session) {
            ladder.acceptedAuthorities = (0..<ist_name_stack_count(names)).map { X509Reader.text(ist_name_stack_at(names, $0)) }
        }
        // Before a certificate came, OpenSSL reports the version that it would have liked.
        guard !ladder.chain.isEmpty || SSL_is_init_finished(session) == 1 else { return }
        ladder.version = SSL_get_version(session).map { String(cString: $0) }
        ladder.cipher = (SSL_get_current_cipher(session) ?? SSL_get_pending_cipher(session)).flatMap { SSL_CIPHER_get_name($0) }
            .map { String(cString: $0) }
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &start, &count)
        if let start, count > 0 {
            ladder.alpn = printableText(String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self))
        }
    }
}
