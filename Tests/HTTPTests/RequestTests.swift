import Foundation
import Peers
import Synchronization
import Testing

@testable import HTTP

/// What goes over the wire, and what is refused before.
@Suite(.timeLimit(.minutes(2))) struct RequestTests {
    /// Answers with the request's own head and body.
    static func echo() throws -> Listener {
        try Listener { connection in
            while let head = connection.read(until: "\r\n\r\n") { connection.write(answer("200 OK", head)) }
        }
    }

    @Test func theRequestIsWhatWasAskedFor() async throws {
        let listener = try Self.echo()
        let request = HTTPRequest(
            method: "PATCH", url: "http://127.0.0.1:\(listener.port)/apis/../a%2Fb?x=1&y=%20",
            headers: [HTTPHeader("Authorization", "Bearer t0ken"), HTTPHeader("X-Empty", "")], body: Data("ab".utf8),
            retries: .never)
        let lines = try await client.send(request).text.components(separatedBy: "\r\n")
        #expect(lines[0] == "PATCH /apis/../a%2Fb?x=1&y=%20 HTTP/1.1")
        let headers = lines.dropFirst().filter { !$0.isEmpty && $0 != "ab" }
        #expect(
            Set(headers) == [
                "Host: 127.0.0.1:\(listener.port)", "User-Agent: isthmus-test/1", "Accept: */*", "Accept-Encoding: gzip",
                "Authorization: Bearer t0ken", "X-Empty:", "Content-Length: 2",
            ])
    }

    @Test func largeBodiesGoAtOnce() async throws {
        let size = 3 << 20
        let listener = try Listener { connection in
            guard let text = connection.read(until: "\r\n\r\n") else { return }
            let head = text.components(separatedBy: "\r\n\r\n")[0]
            var rest = size + head.utf8.count + 4 - text.utf8.count
            while rest > 0, let more = connection.readSome() { rest -= more.count }
            connection.write(answer("200 OK", head))
        }
        let request = HTTPRequest(
            method: "PUT", url: "http://127.0.0.1:\(listener.port)/", body: Data(repeating: 66, count: size))
        let text = try await client.send(request).text
        // Curl's default would wait a second for the server to say "100 Continue".
        #expect(text.hasPrefix("PUT / ") && !text.contains("Expect"))
    }

    @Test(arguments: [
        "", "127.0.0.1:6443", "ftp://127.0.0.1/", "file:///etc/passwd", "https://", "https://[::1/", "https://host:99999/",
        "https://a b/",
        "gopher://x/",
    ]) func badURLs(_ url: String) async {
        guard case .badURL = await failure(get(url)) else {
            Issue.record("\(url) was not refused")
            return
        }
    }

    @Test func credentialsInTheURLAreRefusedAndNotShown() async throws {
        let problem = try #require(await failure(get("https://admin:s3cret@127.0.0.1:1/")))
        guard case .badURL(let text) = problem else { throw PeerError(description: "\(problem)") }
        #expect(!text.contains("s3cret") && !text.contains("admin"))
    }

    @Test(arguments: [
        ("Authorization", "Bearer a\nb"), ("Authorization", "a\r\nX-Injected: 1"), ("A\r\nB", "value"), ("", "value"),
        ("X Y", "value"), ("X", "\0"),
    ]) func badHeaders(_ header: (String, String)) async throws {
        let listener = try Self.echo()
        var request = get("http://127.0.0.1:\(listener.port)/", HTTPEndpoint())
        request.headers = [HTTPHeader(header.0, header.1)]
        let problem = try #require(await failure(request))
        guard case .badRequest(let text) = problem else { throw PeerError(description: "\(problem)") }
        #expect(header.1.isEmpty || !text.contains(header.1))
        #expect(listener.connections == 0)
    }

    @Test func badMethod() async {
        var request = get("https://127.0.0.1:1/")
        request.method = "GET /x HTTP/1.1\r\nX: y"
        guard case .badRequest = await failure(request) else {
            Issue.record("it was sent")
            return
        }
    }

    // MARK: Cancellation

    @Test func cancellationIsImmediate() async throws {
        let (stream, closed) = AsyncStream<Void>.makeStream()
        let hanging = try Listener { connection in
            connection.hang()
            closed.yield()
        }
        let task = Task { await failure(get("http://127.0.0.1:\(hanging.port)/", HTTPEndpoint())) }
        #expect(await eventually { hanging.connections == 1 })
        try await Task.sleep(for: .milliseconds(20))
        let begin = ContinuousClock.now
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(begin.duration(to: .now) < .seconds(10))
        // The server notices too.
        for await _ in stream { break }
        #expect(begin.duration(to: .now) < .seconds(10))
    }

    @Test func cancelledBeforeTheStart() async throws {
        let listener = try Self.echo()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure(get("http://127.0.0.1:\(listener.port)/", HTTPEndpoint()))
        }
        #expect(await task.value == .cancelled)
        #expect(listener.connections == 0)
    }

    /// One of those that wait for a connection goes; the connection and the others stay.
    @Test func cancellationWhileWaiting() async throws {
        let hanging = try Listener { connection in connection.hang() }
        let tasks = (0..<10).map { _ in Task { await failure(get("https://127.0.0.1:\(hanging.port)/", deadline: .seconds(4))) } }
        #expect(await eventually { hanging.connections == 1 })
        let begin = ContinuousClock.now
        for task in tasks.prefix(5) { task.cancel() }
        for task in tasks.prefix(5) { #expect(await task.value == .cancelled) }
        #expect(begin.duration(to: .now) < .seconds(6))
        for task in tasks.dropFirst(5) { #expect(await task.value?.isTimeout == true) }
    }

    @Test func shutdownEndsEverything() async throws {
        let own = HTTPClient(userAgent: "short-lived")
        let hanging = try Listener { connection in connection.hang() }
        let tasks = (0..<5).map { _ in
            Task { () -> HTTPFailure? in
                do throws(HTTPFailure) {
                    _ = try await own.send(get("https://127.0.0.1:\(hanging.port)/"))
                    return nil
                } catch { return error }
            }
        }
        #expect(await eventually { hanging.connections == 1 })
        own.shutdown()
        for task in tasks { #expect(await task.value == .cancelled) }
        await #expect(throws: HTTPFailure.cancelled) { try await own.send(get("https://127.0.0.1:\(hanging.port)/")) }
    }

    // MARK: Streams

    @Test func aStreamComesInPieces() async throws {
        let (gate, open) = AsyncStream<Int>.makeStream()
        let semaphore = Counter()
        let listener = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for index in 1...3 {
                connection.write("2\r\n\(index)\n\r\n")
                // The next piece goes only when this one was read.
                while semaphore.value < index { usleep(1000) }
            }
            connection.write("0\r\n\r\n")
            open.finish()
        }
        let stream = try await client.stream(get("http://127.0.0.1:\(listener.port)/", HTTPEndpoint()))
        #expect(stream.status == 200)
        var pieces: [String] = []
        for try await piece in stream.body {
            pieces.append(String(decoding: piece, as: UTF8.self))
            _ = semaphore.next()
        }
        #expect(pieces == ["1\n", "2\n", "3\n"])
        for await _ in gate {}
    }

    @Test func aStreamThatBreaksOffThrows() async throws {
        let listener = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n")
        }
        let stream = try await client.stream(get("http://127.0.0.1:\(listener.port)/", HTTPEndpoint()))
        var text = ""
        await #expect(throws: HTTPFailure.closed(phase: .receiving)) {
            for try await piece in stream.body { text += String(decoding: piece, as: UTF8.self) }
        }
        #expect(text == "1\n")
    }

    @Test func aStreamEndsAtItsDeadlineAndItsCap() async throws {
        let endless = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\n\r\n1234567890")
            connection.hang()
        }
        let url = "http://127.0.0.1:\(endless.port)/"
        let late = try await client.stream(get(url, HTTPEndpoint(), deadline: .seconds(2)))
        await #expect(throws: HTTPFailure.timedOut(after: .seconds(2), phase: .receiving)) { for try await _ in late.body {} }
        let large = try await client.stream(get(url, HTTPEndpoint(), cap: 5))
        await #expect(throws: HTTPFailure.bodyTooLarge(limit: 5)) { for try await _ in large.body {} }
    }

    @Test func leavingAStreamEndsIt() async throws {
        let (closed, note) = AsyncStream<Void>.makeStream()
        let endless = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\n\r\n1234567890")
            connection.hang()
            note.yield()
        }
        func readOne() async throws {
            let stream = try await client.stream(get("http://127.0.0.1:\(endless.port)/", HTTPEndpoint()))
            for try await _ in stream.body { break }
        }
        try await readOne()
        for await _ in closed { break }
    }

    @Test func aStreamThatFailsBeforeItsHeadThrowsAtOnce() async throws {
        let port = try Listener.freePort()
        var request = get("https://127.0.0.1:\(port)/")
        request.retries = .never
        await #expect(throws: HTTPFailure.refused(address: "127.0.0.1:\(port)")) { try await client.stream(request) }
    }
}

extension HTTPFailure {
    var isTimeout: Bool {
        switch self {
        case .timedOut, .connectTimedOut: true
        default: false
        }
    }
}
