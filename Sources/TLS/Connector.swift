import Glibc

/// The owner of a non-blocking TCP socket.
final class Socket: Sendable {
    let descriptor: Int32

    /// Opens a socket and begins to connect it. `nil`: the system has no socket of this kind; errno tells why.
    init?(connectingTo address: SocketAddress) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let result = address.bytes.withUnsafeBytes { bytes in
            connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        immediateError = result == 0 || errno == EINPROGRESS ? 0 : errno
    }

    deinit { close(descriptor) }

    /// errno of an attempt that failed before its first packet, such as without a route; SO_ERROR does not repeat it.
    private let immediateError: Int32

    /// errno of the connection attempt, once the socket is writable (as one that failed is); 0: connected.
    var connectError: Int32 {
        guard immediateError == 0 else { return immediateError }
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
        return error
    }

    enum Received {
        /// So many stand at the buffer's beginning.
        case bytes(Int)
        case end
        case wouldBlock
        case failed(Int32)
    }

    func receive(into buffer: inout [UInt8]) -> Received {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
    }

    enum Sent {
        case bytes(Int)
        case failed(Int32)
    }

    /// As many of the bytes as fit; 0: none at the moment.
    func send(_ bytes: ArraySlice<UInt8>) -> Sent {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count >= 0 { return .bytes(count) }
        return errno == EAGAIN || errno == EINTR ? .bytes(0) : .failed(errno)
    }
}

/// Connects to the first of several addresses that answers: each gets a head start on the next (RFC 8305), all share one
/// deadline.
struct Connector {
    static let headStart: Duration = .milliseconds(250)

    let poller: Poller
    private(set) var attempts: [AddressAttempt] = []

    init(poller: Poller) { self.poller = poller }

    private struct Pending {
        var socket: Socket
        var index: Int
        var begin: ContinuousClock.Instant
    }

    /// The socket and the place of its address, or the failure that says most.
    mutating func connect(
        _ addresses: [SocketAddress], deadline: Duration
    ) async -> Result<(socket: Socket, address: SocketAddress), ProbeFailure> {
        let end = ContinuousClock.now + deadline
        var pending: [Pending] = []
        var next = 0
        var nextStart = ContinuousClock.now
        while true {
            while next < addresses.count, pending.isEmpty || ContinuousClock.now >= nextStart {
                let begin = ContinuousClock.now
                if let socket = Socket(connectingTo: addresses[next]) {
                    pending.append(Pending(socket: socket, index: next, begin: begin))
                } else {
                    note(addresses[next], Self.failure(errno), begin)
                }
                next += 1
                nextStart = begin + Self.headStart
            }
            if pending.isEmpty { return .failure(worst()) }
            let wake = next < addresses.count ? min(end, nextStart) : end
            switch await poller.wait(pending.map { .writable($0.socket.descriptor) }, until: wake) {
            case .cancelled: return .failure(.cancelled)
            case .failed(let reason): return .failure(.other(reason))
            case .timedOut where ContinuousClock.now >= end:
                for attempt in pending { note(addresses[attempt.index], .timedOut, attempt.begin) }
                return .failure(worst())
            case .timedOut: continue
            case .ready(let indices):
                for index in indices.reversed() {
                    let attempt = pending.remove(at: index)
                    let error = attempt.socket.connectError
                    note(addresses[attempt.index], error == 0 ? nil : Self.failure(error), attempt.begin)
                    if error == 0 { return .success((attempt.socket, addresses[attempt.index])) }
                    // The next one need not wait for its turn.
                    nextStart = ContinuousClock.now
                }
            }
        }
    }

    private mutating func note(_ address: SocketAddress, _ failure: ProbeFailure?, _ begin: ContinuousClock.Instant) {
        attempts.append(
            AddressAttempt(
                address: address.text, isIPv6: address.isIPv6, failure: failure,
                milliseconds: begin.duration(to: .now) / .milliseconds(1)))
    }

    /// A refusal came from the host itself and says more than silence, which says more than having no way at all.
    private func worst() -> ProbeFailure {
        let failures = attempts.compactMap(\.failure)
        let ranks: [(ProbeFailure) -> Bool] = [
            { $0 == .refused }, { $0 == .resetBeforeHello }, { $0 == .timedOut },
            { if case .noRoute = $0 { true } else { false } },
        ]
        for isRank in ranks { if let match = failures.first(where: isRank) { return match } }
        return failures.first ?? .other("no address to connect to")
    }

    private static func failure(_ error: Int32) -> ProbeFailure {
        switch error {
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .timedOut
        case ECONNRESET, EPIPE: .resetBeforeHello
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, ENETDOWN, EACCES, EPERM, EADDRNOTAVAIL, EAFNOSUPPORT:
            .noRoute(String(cString: strerror(error)))
        default: .other(String(cString: strerror(error)))
        }
    }
}
