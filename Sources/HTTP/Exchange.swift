import CCurl
import Foundation
import Glibc
import Synchronization

/// One attempt at a request, on its way to the loop's thread.
struct Exchange: Sendable {
    let id: UInt64
    let request: HTTPRequest
    /// When the request was sent first; texts count from here.
    let begin: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant
    let sink: Sink
}

/// The answer up to its body.
struct ResponseHead: Sendable {
    var status: Int
    var headers: [HTTPHeader]
    var version: HTTPVersion
}

/// Where an exchange's answer goes. Each exchange calls `whole`, or `head` once at most and `end`, exactly once.
enum Sink: Sendable {
    case whole(@Sendable (Result<HTTPResponse, HTTPFailure>) -> Void)
    case stream(head: @Sendable (ResponseHead) -> Void, data: @Sendable (Data) -> Void, end: @Sendable (HTTPFailure?) -> Void)

    func fail(_ failure: HTTPFailure) {
        switch self {
        case .whole(let finish): finish(.failure(failure))
        case .stream(_, _, let end): end(failure)
        }
    }
}

/// Orders for the loop's thread, and the bell that wakes it.
final class Mailbox: Sendable {
    enum Order: Sendable {
        case start(Exchange)
        case cancel(UInt64)
        case shutDown
    }

    private struct State {
        var orders: [Order] = []
        var isOpen = true
        var hasThread = false
        var nextID: UInt64 = 1
    }

    private let state = Mutex(State())
    /// An eventfd. It lives as long as the last of client and thread, so neither can touch a foreign descriptor of the same
    /// number.
    let bell: Int32 = ist_http_bell_new()

    deinit { if bell >= 0 { close(bell) } }

    func newID() -> UInt64 {
        state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
    }

    /// Hands an order over. `false`: the client was shut down and nobody will carry it out.
    /// The first order starts the thread.
    func post(_ order: Order, startThread: () -> Void = {}) -> Bool {
        let (isAccepted, isFirst) = state.withLock { state in
            guard state.isOpen else { return (false, false) }
            state.orders.append(order)
            if case .shutDown = order { state.isOpen = false }
            guard case .start = order, !state.hasThread else { return (true, false) }
            state.hasThread = true
            return (true, true)
        }
        if isFirst { startThread() }
        if isAccepted { ist_http_bell_ring(bell) }
        return isAccepted
    }

    /// Takes all orders, oldest first, and silences the bell.
    func takeAll() -> [Order] {
        ist_http_bell_silence(bell)
        return state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
    }
}
