import Foundation
import Glibc

/// Climbs the ladder DNS, TCP, TLS, certificate at any number of targets at once, and tells what it saw on each rung.
///
/// One thread waits for all sockets; name lookups have a bounded number of threads. A target that hangs delays no other.
package final class TLSProber: Sendable {
    let poller = Poller()
    private let resolver = Resolver()
    private let certificates = KnownCertificates()

    package init() {}

    deinit { poller.stop() }

    /// Probes all four rungs. The peer's failures are in the result; cancellation of the task is `ProbeFailure.cancelled` on the
    /// rung it hit.
    package func probe(_ target: TLSTarget) async -> TLSLadder {
        var ladder = TLSLadder(host: target.host, port: target.port)
        guard
            let socket = await connect(
                &ladder, host: target.host, port: target.port, resolveDeadline: target.resolveDeadline,
                connectDeadline: target.connectDeadline)
        else { return ladder }
        _ = await shakeHands(socket, target, &ladder)
        return ladder
    }

    /// Probes only the first two rungs: whether something accepts TCP connections there.
    package func probeTCP(
        host: String, port: Int, resolveDeadline: Duration = .seconds(5), connectDeadline: Duration = .seconds(5)
    ) async -> TLSLadder {
        var ladder = TLSLadder(host: host, port: port)
        _ = await connect(&ladder, host: host, port: port, resolveDeadline: resolveDeadline, connectDeadline: connectDeadline)
        return ladder
    }

    // MARK: Rungs

    func connect(
        _ ladder: inout TLSLadder, host: String, port: Int, resolveDeadline: Duration, connectDeadline: Duration
    ) async -> Socket? {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var begin = ContinuousClock.now
        let addresses: [SocketAddress]
        switch await resolver.resolve(host: bare, port: port, deadline: resolveDeadline) {
        case .success(let found):
            addresses = found
            ladder.dns = Rung(outcome: .ok, milliseconds: begin.millisecondsToNow)
        case .failure(let failure):
            ladder.dns = Rung(outcome: .failed(failure), milliseconds: begin.millisecondsToNow)
            return nil
        }
        begin = ContinuousClock.now
        var connector = Connector(poller: poller)
        let result = await connector.connect(addresses, deadline: connectDeadline)
        ladder.attempts = connector.attempts
        switch result {
        case .success(let (socket, address)):
            ladder.address = address.text
            ladder.tcp = Rung(outcome: .ok, milliseconds: begin.millisecondsToNow)
            return socket
        case .failure(let failure):
            ladder.tcp = Rung(outcome: .failed(failure), milliseconds: begin.millisecondsToNow)
            return nil
        }
    }

    /// Climbs the last two rungs; the session goes on where both are reached.
    func shakeHands(_ socket: Socket, _ target: TLSTarget, _ ladder: inout TLSLadder) async -> (Wire, Handshake)? {
        let begin = ContinuousClock.now
        var problem = ""
        guard let handshake = Handshake(target, problem: &problem) else {
            ladder.tls = Rung(outcome: .failed(.other("OpenSSL: \(problem)")), milliseconds: begin.millisecondsToNow)
            return nil
        }
        let wire = Wire(socket: socket, handshake: handshake, poller: poller)
        let deadline = begin + target.handshakeDeadline
        var failure = await wire.run(until: deadline) { handshake.shakeHands() }
        if failure == .timedOut { failure = .handshakeTimedOut }
        // In TLS 1.3 a server that misses the client's certificate, or dislikes it, says so only after the handshake.
        if failure == nil, handshake.isTLS13, handshake.isCertificateRequested {
            let patience = max(.milliseconds(300), .milliseconds(1) * (3 * ladder.tcp.milliseconds))
            let end = await wire.run(until: min(deadline, ContinuousClock.now + patience)) { handshake.readOn() }
            if end != .timedOut { ladder.afterHandshake = end }
        }
        handshake.describe(&ladder, certificates)
        ladder.tls = Rung(outcome: failure.map { .failed($0) } ?? .ok, milliseconds: begin.millisecondsToNow)
        judge(target, &ladder)
        return (wire, handshake)
    }

    private func judge(_ target: TLSTarget, _ ladder: inout TLSLadder) {
        guard let leaf = ladder.chain.first, target.roots != nil || target.verifyName != nil else { return }
        let begin = ContinuousClock.now
        var failure: ProbeFailure?
        if let roots = target.roots {
            let time = target.verificationTime ?? Int(Date().timeIntervalSince1970)
            let verification = certificates.verify(chain: ladder.chain, roots: roots, at: time)
            ladder.verification = verification
            if !verification.isTrusted { failure = .untrusted(verification.outcome) }
        }
        if let name = target.verifyName {
            let matches = leaf.matches(name: name)
            ladder.nameMatches = matches
            if !matches, failure == nil { failure = .nameMismatch }
        }
        ladder.certificate = Rung(outcome: failure.map { .failed($0) } ?? .ok, milliseconds: begin.millisecondsToNow)
    }
}

/// Carries bytes between a session and its socket.
final class Wire {
    private let socket: Socket
    private let handshake: Handshake
    private let poller: Poller
    /// What arrives, as much at a time as a server's whole flight mostly is; one for the whole session.
    static var newBuffer: [UInt8] { [UInt8](repeating: 0, count: 4 << 10) }

    private var buffer = Wire.newBuffer
    private var firstBytes: [UInt8] = []
    private var hasSent = false
    /// Sending broke; what the peer said before may still be there to read.
    private var sendFailure: ProbeFailure?

    init(socket: Socket, handshake: Handshake, poller: Poller) {
        self.socket = socket
        self.handshake = handshake
        self.poller = poller
    }

    /// Repeats the step with more input until it is done (`nil`) or fails.
    func run(until deadline: ContinuousClock.Instant, _ step: () -> Handshake.Step) async -> ProbeFailure? {
        while true {
            let step = step()
            // Also after a failure: the peer should learn of our alert.
            let flushFailure = await flush(until: deadline)
            switch step {
            case .done where flushFailure != nil, .wantsInput where flushFailure != nil: return flushFailure
            case .done: return sendFailure
            case .failed(let failure): return notTLS ?? failure
            case .wantsInput: if let failure = await fill(until: deadline) { return failure }
            }
        }
    }

    private func flush(until deadline: ContinuousClock.Instant) async -> ProbeFailure? {
        var rest = handshake.takeOutput()[...]
        while !rest.isEmpty, sendFailure == nil {
            switch socket.send(rest) {
            case .bytes(0):
                if let failure = await wait(.writable(socket.descriptor), until: deadline) { return failure }
            case .bytes(let count):
                hasSent = true
                rest = rest.dropFirst(count)
            case .failed(let error):
                sendFailure = failure(error)
                return nil
            }
        }
        return nil
    }

    private func fill(until deadline: ContinuousClock.Instant) async -> ProbeFailure? {
        while true {
            switch socket.receive(into: &buffer) {
            case .bytes(let count):
                if firstBytes.count < 64 { firstBytes += buffer[..<min(count, 64 - firstBytes.count)] }
                handshake.feed(buffer, count)
                return nil
            case .end: return notTLS ?? sendFailure ?? .closedWithoutAlert
            case .failed(let error): return notTLS ?? sendFailure ?? failure(error)
            case .wouldBlock: if let failure = await wait(.readable(socket.descriptor), until: deadline) { return failure }
            }
        }
    }

    private func wait(_ interest: Poller.Interest, until deadline: ContinuousClock.Instant) async -> ProbeFailure? {
        switch await poller.wait([interest], until: deadline) {
        case .ready: nil
        case .timedOut: .timedOut
        case .cancelled: .cancelled
        case .failed(let reason): .other(reason)
        }
    }

    private func failure(_ error: Int32) -> ProbeFailure {
        switch error {
        case ECONNRESET, EPIPE:
            if !hasSent { .resetBeforeHello } else if firstBytes.isEmpty { .resetAfterHello } else { .resetDuringHandshake }
        case ETIMEDOUT: .timedOut
        case EHOSTUNREACH, ENETUNREACH: .noRoute(String(cString: strerror(error)))
        default: .other(String(cString: strerror(error)))
        }
    }

    /// Set when the peer's first bytes are no TLS record: neither handshake nor alert of a version 3.
    private var notTLS: ProbeFailure? {
        guard let first = firstBytes.first else { return nil }
        if first == 0x16 || first == 0x15, firstBytes.count < 2 || firstBytes[1] == 3 { return nil }
        return .notTLS(firstBytes: printableText(String(decoding: firstBytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)))
    }
}

extension ContinuousClock.Instant {
    fileprivate var millisecondsToNow: Double { duration(to: .now) / .milliseconds(1) }
}
