import Foundation
import Glibc
import Synchronization

/// An address to connect to.
struct SocketAddress: Sendable {
    /// A sockaddr_in or sockaddr_in6.
    var bytes: [UInt8]
    var isIPv6: Bool
    /// Numeric, without brackets, with a zone where there is one.
    var text: String
}

/// Looks names up with getaddrinfo, which blocks: each lookup on a thread of its own, a bounded number at once.
final class Resolver: Sendable {
    static let maximumThreads = 64

    private struct Job: Sendable {
        var host: String
        var port: Int
        var deadline: Duration
        var answer: Once<Result<[SocketAddress], ProbeFailure>>
    }

    private struct State {
        var queue: [Job] = []
        var threads = 0
    }

    private let state = Mutex(State())

    /// All addresses of the name, in the system's order of preference. The deadline counts from the moment at which the lookup
    /// begins,
    /// so that waiting for a thread is not taken for a name server that is silent.
    func resolve(host: String, port: Int, deadline: Duration) async -> Result<[SocketAddress], ProbeFailure> {
        if let address = SocketAddress(ipv4: host, port: port) { return .success([address]) }
        if isIPAddress(host.prefixBeforeZone) { return Self.lookUp(host, port, isNumeric: true) }
        let answer = Once<Result<[SocketAddress], ProbeFailure>>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.set(continuation)
                if Task.isCancelled { return answer.give(.failure(.cancelled)) }
                enqueue(Job(host: host, port: port, deadline: deadline, answer: answer))
            }
        } onCancel: {
            answer.give(.failure(.cancelled))
        }
    }

    private func enqueue(_ job: Job) {
        let needsThread = state.withLock { state in
            state.queue.append(job)
            guard state.threads < Self.maximumThreads else { return false }
            state.threads += 1
            return true
        }
        if needsThread { Thread.detachNewThread { self.work() } }
    }

    /// A thread's life: until the queue is empty.
    private func work() {
        while let job = next() {
            guard !job.answer.isGiven else { continue }
            let timer = Task {
                try await Task.sleep(for: job.deadline)
                job.answer.give(.failure(.timedOut))
            }
            job.answer.give(Self.lookUp(job.host, job.port, isNumeric: false))
            timer.cancel()
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    private static func lookUp(_ host: String, _ port: Int, isNumeric: Bool) -> Result<[SocketAddress], ProbeFailure> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = isNumeric ? AI_NUMERICHOST | AI_NUMERICSERV : AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        switch code {
        case 0: break
        case EAI_NONAME, -5: return .failure(.nameNotFound)  // -5: EAI_NODATA, the name exists but has no address
        default: return .failure(.lookupFailed(String(cString: gai_strerror(code))))
        }
        var addresses: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee {
            if let address = SocketAddress(info) { addresses.append(address) }
            entry = info.ai_next
        }
        return addresses.isEmpty ? .failure(.nameNotFound) : .success(addresses)
    }
}

extension SocketAddress {
    /// `nil`: it is none in dotted form.
    fileprivate init?(ipv4 text: String, port: Int) {
        var address = sockaddr_in()
        guard inet_pton(AF_INET, text, &address.sin_addr) == 1, let port = UInt16(exactly: port) else { return nil }
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        self.init(bytes: withUnsafeBytes(of: address, Array.init), isIPv6: false, text: text)
    }

    fileprivate init?(_ info: addrinfo) {
        guard let address = info.ai_addr, info.ai_family == AF_INET || info.ai_family == AF_INET6 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, info.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        bytes = [UInt8](UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen)))
        isIPv6 = info.ai_family == AF_INET6
        text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// `fe80::1` of `fe80::1%eth0`.
    fileprivate var prefixBeforeZone: String { String(prefix { $0 != "%" }) }
}

/// A continuation that several may try to resume; the first one does.
final class Once<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Value, Never>?
        /// Given before anybody waited.
        var early: Value?
        var isGiven = false
    }

    private let state = Mutex(State())

    var isGiven: Bool { state.withLock { $0.isGiven } }

    func set(_ continuation: CheckedContinuation<Value, Never>) {
        let early = state.withLock { state in
            if state.early == nil { state.continuation = continuation }
            return state.early
        }
        if let early { continuation.resume(returning: early) }
    }

    func give(_ value: Value) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, Never>? in
            guard !state.isGiven else { return nil }
            state.isGiven = true
            if state.continuation == nil { state.early = value }
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(returning: value)
    }
}
