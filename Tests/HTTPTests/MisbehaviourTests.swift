import Foundation
import Peers
import Synchronization
import Testing

@testable import HTTP

/// Servers that break off, hang, or are none, and what is told of them.
@Suite(.timeLimit(.minutes(2))) struct MisbehaviourTests {
    let plain = HTTPEndpoint()

    func url(_ listener: Listener, _ path: String = "/") -> String { "http://127.0.0.1:\(listener.port)\(path)" }

    func once(_ url: String, deadline: Duration = .seconds(5)) -> HTTPRequest {
        var request = get(url, plain, deadline: deadline)
        request.retries = .never
        return request
    }

    @Test func refused() async throws {
        let port = try Listener.freePort()
        #expect(await failure(once("https://127.0.0.1:\(port)/")) == .refused(address: "127.0.0.1:\(port)"))
        #expect(await failure(once("https://[::1]:\(port)/")) == .refused(address: "[::1]:\(port)"))
    }

    @Test func nameNotFound() async {
        #expect(
            await failure(get("https://no-such-host.invalid/", deadline: .seconds(8)))
                == .nameNotFound(host: "no-such-host.invalid"))
    }

    @Test func resetAndClosed() async throws {
        let resetting = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.resetOnClose()
        }
        #expect(await failure(once(url(resetting))) == .reset(phase: .waiting))
        let closing = try Listener { connection in connection.read(until: "\r\n\r\n") }
        #expect(await failure(once(url(closing))) == .closed(phase: .waiting))
        let half = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"kind\":")
        }
        #expect(await failure(once(url(half))) == .closed(phase: .receiving))
        let chunk = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"kind\":")
        }
        #expect(await failure(once(url(chunk))) == .closed(phase: .receiving))
    }

    @Test func brokenHandshakes() async throws {
        let resetting = try Listener { connection in
            connection.readSome()
            connection.resetOnClose()
        }
        #expect(await failure(once("https://127.0.0.1:\(resetting.port)/")) == .reset(phase: .handshaking))
        let closing = try Listener { connection in connection.readSome() }
        #expect(await failure(once("https://127.0.0.1:\(closing.port)/")) == .closed(phase: .handshaking))
        let plain = try Listener { connection in
            connection.readSome()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.hang()
        }
        guard case .notTLS = await failure(once("https://127.0.0.1:\(plain.port)/")) else {
            throw PeerError(description: "not .notTLS")
        }
        let hanging = try Listener { connection in connection.hang() }
        #expect(
            await failure(once("https://127.0.0.1:\(hanging.port)/", deadline: .seconds(3)))
                == .timedOut(after: .seconds(3), phase: .handshaking))
    }

    @Test func notHTTP() async throws {
        let ssh = try Listener { connection in
            connection.write("SSH-2.0-OpenSSH_9.2\r\n")
            connection.hang()
        }
        guard case .notHTTP = await failure(once(url(ssh))) else { throw PeerError(description: "not .notHTTP") }
        let endless = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\n")
            for _ in 0..<5000 { connection.write("X-Filler: " + String(repeating: "x", count: 1000) + "\r\n") }
        }
        guard case .notHTTP = await failure(once(url(endless))) else { throw PeerError(description: "not .notHTTP") }
    }

    @Test func silenceEndsAtTheDeadline() async throws {
        let hanging = try Listener { connection in connection.hang() }
        let begin = ContinuousClock.now
        #expect(
            await failure(once(url(hanging), deadline: .seconds(3)))
                == .timedOut(after: .seconds(3), phase: .waiting))
        #expect(begin.duration(to: .now) < .seconds(6))
    }

    /// A listener whose queue is full lets SYNs go unanswered.
    @Test func aSilentConnectTimesOut() async throws {
        let full = try FullListener()
        var request = once("https://127.0.0.1:\(full.port)/")
        request.connectTimeout = .milliseconds(300)
        #expect(await failure(request) == .connectTimedOut(after: .milliseconds(300)))
        request.connectTimeout = .seconds(5)
        request.deadline = .milliseconds(300)
        #expect(await failure(request) == .connectTimedOut(after: .milliseconds(300)))
    }

    /// Those that wait for the same connection learn at once that there will be none, instead of one timeout after the other.
    @Test func aFailedConnectionFailsAllThatWaitForIt() async throws {
        let full = try FullListener()
        let begin = ContinuousClock.now
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    var request = once("https://127.0.0.1:\(full.port)/", deadline: .seconds(20))
                    request.retries = .whenSafe
                    request.connectTimeout = .seconds(1)
                    return await failure(request)
                }
            }
            for await failure in group { #expect(failure == .connectTimedOut(after: .seconds(1))) }
        }
        #expect(begin.duration(to: .now) < .seconds(15))
    }

    /// The leader's own short deadline is not the others' failure.
    @Test func aShortDeadlineIsNotShared() async throws {
        let full = try FullListener()
        var long = once("https://127.0.0.1:\(full.port)/")
        long.retries = .whenSafe
        long.connectTimeout = .seconds(1)
        var short = long
        short.deadline = .milliseconds(150)
        async let first = failure(short)
        async let second = failure(long)
        #expect(await first?.isTimeout == true)
        #expect(await second == .connectTimedOut(after: .seconds(1)))
    }

    @Test func oneHangingServerDelaysNobody() async throws {
        let hanging = try Listener { connection in connection.hang() }
        let quick = try Listener { connection in
            while connection.read(until: "\r\n\r\n") != nil { connection.write(answer("200 OK", "quick")) }
        }
        let stuck = (0..<30).map { _ in Task { await failure(once(url(hanging), deadline: .seconds(60))) } }
        #expect(await eventually { hanging.connections > 0 })
        let begin = ContinuousClock.now
        for _ in 0..<20 { #expect(try await client.send(get(url(quick), plain)).text == "quick") }
        #expect(begin.duration(to: .now) < .seconds(15))
        for task in stuck { task.cancel() }
        for task in stuck { #expect(await task.value == .cancelled) }
    }

    // MARK: Repeating

    /// Answers each request by its number, from 1 on.
    func counting(_ reply: @escaping @Sendable (Int) -> String) throws -> (Listener, Counter) {
        let counter = Counter()
        let listener = try Listener { connection in
            while connection.read(until: "\r\n\r\n") != nil {
                let text = reply(counter.next())
                guard !text.isEmpty else { return }
                connection.write(text)
            }
        }
        return (listener, counter)
    }

    @Test(arguments: ["503 Service Unavailable", "429 Too Many Requests", ""]) func repeatsWhatIsSafe(_ trouble: String)
        async throws
    {
        let (listener, counter) = try counting { $0 <= 2 ? (trouble.isEmpty ? "" : answer(trouble)) : answer("200 OK", "done") }
        let response = try await client.send(get(url(listener), plain))
        #expect(response.text == "done")
        #expect(response.attempts == 3 || trouble.isEmpty)
        #expect(counter.value == 3)
    }

    @Test(arguments: ["503 Service Unavailable", ""]) func repeatsNothingElse(_ trouble: String) async throws {
        let (listener, counter) = try counting { $0 == 1 ? (trouble.isEmpty ? "" : answer(trouble)) : answer("200 OK", "done") }
        var request = get(url(listener), plain)
        request.method = "POST"
        if trouble.isEmpty {
            #expect(await failure(request) == .closed(phase: .waiting))
        } else {
            #expect(try await client.send(request).status == 503)
        }
        #expect(counter.value == 1)
        // On a connection that was there before, libcurl would repeat by itself.
        let (second, count) = try counting { $0 == 2 ? "" : answer("200 OK", "done") }
        _ = try await client.send(get(url(second), plain))
        request.url = url(second)
        #expect(await failure(request) == .closed(phase: .waiting))
        #expect(count.value == 2)
        request.retries = .vouched
        #expect(try await client.send(request).text == "done")
    }

    @Test func honoursRetryAfter() async throws {
        let (listener, _) = try counting {
            $0 == 1 ? answer("429 Too Many Requests", "", "Retry-After: 1\r\n") : answer("200 OK", "done")
        }
        let begin = ContinuousClock.now
        #expect(try await client.send(get(url(listener), plain)).text == "done")
        #expect(begin.duration(to: .now) >= .seconds(1))
    }

    @Test func givesUpAfterAFewAttempts() async throws {
        let (listener, counter) = try counting { _ in answer("503 Service Unavailable") }
        let response = try await client.send(get(url(listener), plain))
        #expect(response.status == 503)
        #expect(response.attempts == Backoff.maximumAttempts && counter.value == Backoff.maximumAttempts)
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
