import Foundation
import Synchronization

/// An HTTP client for many servers at once: one thread, one libcurl multi handle, HTTP/2 where the server has it.
///
/// Requests to one server and endpoint share one connection (HTTP/2) or a few (HTTP/1.1), also when they start together. A
/// server that hangs
/// delays nobody but those who ask it. The thread starts with the first request and ends with `shutdown` or with the client.
package final class HTTPClient: Sendable {
    let userAgent: String
    private let mailbox = Mailbox()

    /// - Parameter userAgent: the `User-Agent` of every request, such as `isthmus/0.1`.
    package init(userAgent: String) {
        self.userAgent = userAgent
    }

    deinit { shutdown() }

    /// Ends all exchanges with `HTTPFailure.cancelled`, closes all connections and ends the thread. Later requests fail.
    package func shutdown() {
        _ = mailbox.post(.shutDown)
    }

    /// Sends a request and waits for the whole answer. Any status is an answer, but a redirect is a failure.
    /// The task's cancellation ends the transfer at once.
    package func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        try await repeating(request) { begin, deadline in
            await self.once(request, begin, deadline) { resume in .whole(resume) }
        } pause: { response in
            Backoff.asked(status: response.status, headers: response.headers)
        } finish: { response, attempts in
            response.attempts = attempts
        }
    }

    /// Sends a request and waits for the head of the answer; the body follows in pieces, as for a watch or a log.
    /// The request's deadline and body cap hold for the stream's whole life.
    package func stream(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPStream {
        try await repeating(request) { begin, deadline in
            let (body, pieces) = AsyncThrowingStream<Data, any Error>.makeStream()
            let result: Result<ResponseHead, HTTPFailure> = await self.once(request, begin, deadline) { resume in
                // Before the head has come, the end is an answer to the caller; afterwards, to the reader of the body.
                let hasHead = Mutex(false)
                return .stream(
                    head: { head in
                        hasHead.withLock { $0 = true }
                        resume(.success(head))
                    },
                    data: { pieces.yield($0) },
                    end: { failure in
                        pieces.finish(throwing: failure)
                        if !hasHead.withLock({ $0 }) { resume(.failure(failure ?? .closed(phase: .waiting))) }
                    })
            } started: { id in
                pieces.onTermination = { [mailbox = self.mailbox] reason in
                    if case .cancelled = reason { _ = mailbox.post(.cancel(id)) }
                }
            }
            return result.map { HTTPStream(status: $0.status, headers: $0.headers, version: $0.version, body: body) }
        } pause: { stream in
            Backoff.asked(status: stream.status, headers: stream.headers)
        } finish: { _, _ in
        }
    }

    /// Repeats attempts while the request may be repeated, the outcome asks for it, and there is time.
    private func repeating<Answer: Sendable>(
        _ request: HTTPRequest,
        attempt: (ContinuousClock.Instant, ContinuousClock.Instant) async -> Result<Answer, HTTPFailure>,
        pause: (Answer) -> Backoff.Request,
        finish: (inout Answer, Int) -> Void
    ) async throws(HTTPFailure) -> Answer {
        let begin = ContinuousClock.now
        let deadline = begin + request.deadline
        var backoff = Backoff()
        var postponed: Answer?
        while true {
            var result = await attempt(begin, deadline)
            backoff.attempts += 1
            let wish: Backoff.Request =
                switch result {
                case .success(let answer): pause(answer)
                case .failure(let failure): Backoff.asked(failure: failure)
                }
            if request.mayRepeat, let wait = backoff.next(wish), ContinuousClock.now + wait < deadline {
                if case .success(let answer) = result { postponed = answer }
                do {
                    try await Task.sleep(for: wait)
                    continue
                } catch {
                    throw .cancelled
                }
            }
            // The server's "later" says more than that the time ran out while it was asked again.
            if case .failure(.timedOut) = result, let postponed { result = .success(postponed) }
            if case .success(var answer) = result {
                finish(&answer, backoff.attempts)
                result = .success(answer)
            }
            return try result.get()
        }
    }

    /// One attempt; resumes with its outcome, or with `.cancelled` when the task is.
    private func once<Answer: Sendable>(
        _ request: HTTPRequest, _ begin: ContinuousClock.Instant, _ deadline: ContinuousClock.Instant,
        sink: (@escaping @Sendable (Result<Answer, HTTPFailure>) -> Void) -> Sink,
        started: (UInt64) -> Void = { _ in }
    ) async -> Result<Answer, HTTPFailure> {
        let id = mailbox.newID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let sink = sink { continuation.resume(returning: $0) }
                // A cancellation before this line would find nothing to cancel; a later one finds the exchange in the mailbox.
                guard !Task.isCancelled else { return sink.fail(.cancelled) }
                let exchange = Exchange(id: id, request: request, begin: begin, deadline: deadline, sink: sink)
                let isAccepted = mailbox.post(.start(exchange)) {
                    Thread.detachNewThread { [mailbox, userAgent] in
                        TransferLoop(mailbox: mailbox, userAgent: userAgent).run()
                    }
                }
                guard isAccepted else { return sink.fail(.cancelled) }
                started(id)
                // The cancellation may have come between the two lines above; ordering in the mailbox makes a second one
                // harmless.
                if Task.isCancelled { _ = mailbox.post(.cancel(id)) }
            }
        } onCancel: {
            _ = mailbox.post(.cancel(id))
        }
    }
}
