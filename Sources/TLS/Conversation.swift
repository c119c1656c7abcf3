import Foundation

/// What came of a request to a peer that wants a client certificate.
package struct Conversation: Sendable, Hashable {
    /// How far the connection came before the request was sent.
    package var ladder: TLSLadder
    /// The request went out: the handshake was done, the peer is trusted, and had said nothing against this side.
    package var isAsked = false
    /// The first bytes of what came back, up to 16 KiB.
    package var answer: [UInt8] = []
    /// How the answer ended, or why there was none; `nil`: enough of it came.
    package var end: ProbeFailure?

    package init(ladder: TLSLadder) { self.ladder = ladder }

    /// The status of an answer that is HTTP/1; `nil`: it is none.
    package var httpStatus: Int? {
        let line = String(decoding: answer.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self).split(separator: " ")
        guard line.count >= 2, line[0].hasPrefix("HTTP/1."), line[1].count == 3 else { return nil }
        return Int(line[1])
    }
}

extension TLSProber {
    private static let limit = 16 << 10

    /// Shakes hands, listens whether the peer objects, and only then sends a request and reads the answer's beginning.
    ///
    /// Writing first would lose an alert of TLS 1.3: the peer's reset overtakes it.
    ///
    /// - Parameters:
    ///   - target: with its identity, and the roots that the peer must lead to.
    ///   - request: at most 16 KiB.
    package func converse(
        _ target: TLSTarget, request: [UInt8], answerDeadline: Duration = .seconds(10)
    ) async -> Conversation {
        var result = Conversation(ladder: TLSLadder(host: target.host, port: target.port))
        guard let socket = await connect(&result.ladder, target),
            let (wire, handshake) = await shakeHands(socket, target, &result.ladder), result.ladder.tls.isOK
        else { return result }
        if case .failed = result.ladder.certificate.outcome { return result }
        guard result.ladder.afterHandshake == nil else { return result }
        let deadline = ContinuousClock.now + answerDeadline
        result.isAsked = true
        result.end = await wire.run(until: deadline) { handshake.write(request) }
        while result.end == nil, result.answer.count < Self.limit, !result.answer.endsHead {
            var more: [UInt8] = []
            result.end = await wire.run(until: deadline) { handshake.read(&more) }
            result.answer += more
        }
        return result
    }

    /// Sends a request without any TLS, and reads the answer's beginning.
    package func converseWithoutTLS(_ target: TLSTarget, request: [UInt8]) async -> Conversation {
        var result = Conversation(ladder: TLSLadder(host: target.host, port: target.port))
        guard let socket = await connect(&result.ladder, target) else { return result }
        let deadline = ContinuousClock.now + target.handshakeDeadline
        result.isAsked = true
        if case .failed(let error) = socket.send(request[...]) {
            result.end = .other(String(cString: strerror(error)))
            return result
        }
        var buffer = Wire.newBuffer
        while result.end == nil, result.answer.count < Self.limit, !result.answer.endsHead {
            switch socket.receive(into: &buffer) {
            case .bytes(let count): result.answer += buffer[..<count]
            case .end: result.end = .closedWithoutAlert
            case .failed: result.end = .resetAfterHello
            case .wouldBlock:
                switch await poller.wait([.readable(socket.descriptor)], until: deadline) {
                case .ready: continue
                case .timedOut: result.end = .timedOut
                case .cancelled: result.end = .cancelled
                case .failed(let reason): result.end = .other(reason)
                }
            }
        }
        return result
    }

    private func connect(_ ladder: inout TLSLadder, _ target: TLSTarget) async -> Socket? {
        await connect(
            &ladder, host: target.host, port: target.port, resolveDeadline: target.resolveDeadline,
            connectDeadline: target.connectDeadline)
    }
}

extension [UInt8] {
    /// The head of an HTTP answer is whole.
    fileprivate var endsHead: Bool { contains([0x0D, 0x0A, 0x0D, 0x0A]) }
}
