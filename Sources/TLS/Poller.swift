import COpenSSL
import Foundation
import Glibc
import Synchronization

/// Waits for sockets: one thread in epoll for any number of tasks, so that no task blocks a thread of the cooperative pool.
///
/// The thread starts with the first wait and ends with `stop()`.
final class Poller: Sendable {
    struct Interest: Sendable {
        var descriptor: Int32
        var events: Int16

        static func readable(_ descriptor: Int32) -> Interest { Interest(descriptor: descriptor, events: Int16(POLLIN)) }
        static func writable(_ descriptor: Int32) -> Interest { Interest(descriptor: descriptor, events: Int16(POLLOUT)) }
    }

    enum Answer: Sendable {
        /// Indices of the interests that are ready, or broken: the next call on the socket tells which.
        case ready([Int])
        case timedOut
        case cancelled
        /// The system has no room for it, in its words.
        case failed(String)
    }

    private struct Waiter {
        var deadline: ContinuousClock.Instant
        var continuation: CheckedContinuation<Answer, Never>
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var nextID: UInt64 = 1
        var isOpen = true
        var hasThread = false
        /// Until when the thread sleeps: no deadline is earlier. nil: for ever.
        var wake: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let epoll: Int32 = ist_tls_epoll_new()
    private let bell: Int32 = ist_tls_bell_new()

    init() { ringsWake() }

    deinit {
        if bell >= 0 { close(bell) }
        if epoll >= 0 { close(epoll) }
    }

    /// Waits until at least one of the descriptors is ready, of at most 256. They must stay open until this returns.
    func wait(_ interests: [Interest], until deadline: ContinuousClock.Instant) async -> Answer {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(id, interests, Waiter(deadline: deadline, continuation: continuation))
                // A cancellation before this line found no waiter; a later one finds it.
                if Task.isCancelled { answer(id, .cancelled) }
            }
        } onCancel: {
            answer(id, .cancelled)
        }
    }

    /// Ends the thread; whoever still waits is answered with `.cancelled`, as is everybody who comes later.
    func stop() {
        state.withLock { $0.isOpen = false }
        ist_tls_bell_ring(bell)
    }

    /// The bell's own mark, which no waiter has.
    private static let bellMark: UInt64 = 0

    private func ringsWake() { _ = ist_tls_epoll_watch(epoll, bell, Int16(POLLIN), Self.bellMark) }

    private func add(_ id: UInt64, _ interests: [Interest], _ waiter: Waiter) {
        let (isAccepted, isFirst, isEarliest) = state.withLock { state in
            guard state.isOpen else { return (false, false, false) }
            state.waiters[id] = waiter
            let isEarliest = state.wake.map { waiter.deadline < $0 } ?? true
            if isEarliest { state.wake = waiter.deadline }
            defer { state.hasThread = true }
            return (true, !state.hasThread, isEarliest)
        }
        guard isAccepted else { return waiter.continuation.resume(returning: .cancelled) }
        if isFirst { Thread.detachNewThread { self.run() } } else if isEarliest { ist_tls_bell_ring(bell) }
        for (index, interest) in interests.prefix(256).enumerated() {
            // A waiter that is answered leaves its other descriptors watched: what they say then is nobody's, and is passed over.
            let error = ist_tls_epoll_watch(epoll, interest.descriptor, interest.events, id << 8 | UInt64(index))
            if error != 0 { answer(id, .failed("waiting for the network: \(String(cString: strerror(error)))")) }
        }
    }

    /// Whoever takes the waiter out answers it, so that it is answered once.
    private func answer(_ id: UInt64, _ answer: Answer) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: answer)
    }

    private func run() {
        var marks = [UInt64](repeating: 0, count: 64)
        while let wake = state.withLock({ $0.isOpen ? Optional($0.wake) : nil }) {
            let count = ist_tls_epoll_wait(epoll, &marks, Int32(marks.count), milliseconds(until: wake))
            var ready: [UInt64: [Int]] = [:]
            for mark in marks.prefix(Int(max(0, count))) {
                if mark == Self.bellMark {
                    ist_tls_bell_silence(bell)
                    ringsWake()
                } else {
                    ready[mark >> 8, default: []].append(Int(mark & 255))
                }
            }
            for (id, indices) in ready { answer(id, .ready(indices.sorted())) }
            if let wake, wake <= .now { endWaits() }
        }
        for id in state.withLock({ Array($0.waiters.keys) }) { answer(id, .cancelled) }
    }

    /// Answers those whose deadline is over, and finds the next one.
    private func endWaits() {
        let now = ContinuousClock.now
        let late = state.withLock { state in
            state.wake = state.waiters.values.lazy.map(\.deadline).filter { $0 > now }.min()
            return state.waiters.filter { $0.value.deadline <= now }.map(\.key)
        }
        for id in late { answer(id, .timedOut) }
    }

    private func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        // Rounded up: waiting that ends too early would spin.
        return Int32(clamping: max(0, Int((ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded(.up))))
    }
}
