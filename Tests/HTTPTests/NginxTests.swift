import Foundation
import HTTP
import Peers
import Testing

/// Against a real nginx with HTTP/2.
@Suite(.timeLimit(.minutes(2))) struct NginxTests {
    let nginx: Nginx
    let base: String

    init() async throws {
        nginx = try await Nginx(
            identity: serverIdentity,
            locations: """
                location = /hello { return 200 "hello\\n"; }
                location = /host { return 200 "$host $http_host $ssl_server_name"; }
                location = /busy { add_header Retry-After 100 always; return 429 "slow down"; }
                location = /loop { return 302 https://user:secret@$http_host/loop?token=secret; }
                location = /drip { try_files /big =404; limit_rate 1k; }
                location = /packed { gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0; try_files /zeros =404; }
                """,
            files: ["big": Data(repeating: 65, count: 300_000), "zeros": Data(count: 20 << 20), "page.html": Data("<html>".utf8)])
        base = "https://127.0.0.1:\(nginx.port)"
    }

    @Test func answers() async throws {
        let before = Date().timeIntervalSince1970
        let response = try await client.send(get(base + "/hello"))
        #expect(response.status == 200)
        #expect(response.text == "hello\n")
        #expect(response.version == .http2)
        #expect(response.header("SERVER")?.hasPrefix("nginx") == true)
        #expect(!response.reusedConnection)
        #expect(response.attempts == 1)
        #expect(response.remoteAddress == "127.0.0.1")
        let date = try #require(response.date)
        #expect(abs(Double(date) - before) < 5)
        #expect(abs(response.receivedAt - before) < 5)
        let timing = response.timing
        #expect(
            0 < timing.connect && timing.connect < timing.tls && timing.tls < timing.firstByte && timing.firstByte <= timing.total
        )
        let second = try await client.send(get(base + "/hello"))
        #expect(second.reusedConnection)
        #expect(nginx.connections == 1)
    }

    @Test func hundredAtOnceShareOneConnection() async throws {
        try await withThrowingTaskGroup { group in
            for index in 0..<100 {
                group.addTask { try await client.send(get(base + "/hello?\(index)")) }
            }
            for try await response in group { #expect(response.status == 200 && response.version == .http2) }
        }
        #expect(await eventually { nginx.log.count == 100 })
        #expect(nginx.connections == 1)
    }

    /// More than the streams that one connection may have: the rest waits instead of opening another.
    @Test func manyLargeBodiesAtOnce() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<300 {
                group.addTask { try await client.send(get(base + "/big", deadline: .seconds(60))) }
            }
            for try await response in group { #expect(response.body == Data(repeating: 65, count: 300_000)) }
        }
        #expect(nginx.connections == 1)
    }

    @Test func aStatusIsAnAnswer() async throws {
        #expect(try await client.send(get(base + "/none")).status == 404)
        let page = try await client.send(get(base + "/page.html"))
        #expect(page.text == "<html>")
        #expect(page.header("content-type") == "text/html")
    }

    @Test func retryAfterBeyondTheDeadlineIsTheAnswer() async throws {
        let begin = ContinuousClock.now
        let response = try await client.send(get(base + "/busy"))
        #expect(response.status == 429)
        #expect(response.attempts == 1)
        #expect(begin.duration(to: .now) < .seconds(8))
    }

    @Test func redirectsAreRefused() async throws {
        let url = "https://127.0.0.1:\(nginx.port)/loop"
        #expect(await failure(get(base + "/loop")) == .redirected(status: 302, location: url))
        let text = try #require(await failure(get(base + "/loop"))).description
        #expect(!text.contains("secret"))
    }

    @Test func bodiesAreCapped() async throws {
        #expect(await failure(get(base + "/big", cap: 299_999)) == .bodyTooLarge(limit: 299_999))
        #expect(try await client.send(get(base + "/big", cap: 300_000)).body.count == 300_000)
        // Twenty kilobytes on the wire, twenty megabytes unpacked.
        #expect(await failure(get(base + "/packed", cap: 1 << 20)) == .bodyTooLarge(limit: 1 << 20))
        let packed = try await client.send(get(base + "/packed"))
        #expect(packed.header("content-encoding") == "gzip" && packed.body.count == 20 << 20)
    }

    @Test func compressionCanBeDeclined() async throws {
        var request = get(base + "/packed")
        request.acceptsCompression = false
        #expect(try await client.send(request).header("content-encoding") == nil)
    }

    @Test func aDrippingBodyEndsAtTheDeadline() async throws {
        let begin = ContinuousClock.now
        let result = await failure(get(base + "/drip", deadline: .seconds(2)))
        #expect(result == .timedOut(after: .seconds(2), phase: .receiving))
        let took = begin.duration(to: .now)
        #expect(took >= .seconds(2) && took < .seconds(20))
    }

    /// Over HTTP/2 a server that dies in the middle is told from one that is slow.
    @Test func aServerThatDies() async throws {
        let stream = try await client.stream(get(base + "/drip", deadline: .seconds(30)))
        let begin = ContinuousClock.now
        nginx.stop()
        let problem = await #expect(throws: HTTPFailure.self) { for try await _ in stream.body {} }
        #expect([.closed(phase: .receiving), .reset(phase: .receiving)].contains(problem), "\(String(describing: problem))")
        #expect(begin.duration(to: .now) < .seconds(10))
    }

    /// A kept connection that died in the meantime costs no failure.
    @Test func aServerThatIsStartedAgain() async throws {
        #expect(try await client.send(get(base + "/hello")).status == 200)
        nginx.stop()
        let again = try await Nginx(port: nginx.port, identity: serverIdentity, locations: "location / { return 200 again; }")
        let response = try await client.send(get("https://127.0.0.1:\(again.port)/"))
        #expect(response.text == "again" && !response.reusedConnection)
    }

    @Test func methodsOfEveryKind() async throws {
        let body = Data("{}".utf8)
        for (method, body, status) in [
            ("HEAD", nil, 200), ("POST", body, 405), ("PUT", body, 405), ("DELETE", nil, 405), ("PATCH", body, 405),
        ] {
            let request = HTTPRequest(method: method, url: base + "/big", body: body, endpoint: trusting, deadline: .seconds(5))
            let response = try await client.send(request)
            #expect(response.status == status, "\(method)")
        }
        #expect(await eventually { nginx.log.count == 5 })
        #expect(nginx.log.map { $0[4] } == ["HEAD", "POST", "PUT", "DELETE", "PATCH"])
    }

    @Test func theServerNameReplacesTheHostInTLSOnly() async throws {
        let identity = Identity.make(.server("DNS:api.example"), by: root)
        let nginx = try await Nginx(identity: identity, locations: "location / { return 200 \"$http_host $ssl_server_name\"; }")
        var endpoint = trusting
        let url = "https://127.0.0.1:\(nginx.port)/"
        #expect(kind(await failure(get(url, endpoint))) == .nameMismatch)
        endpoint.tlsServerName = "api.example"
        #expect(try await client.send(get(url, endpoint)).text == "127.0.0.1:\(nginx.port) api.example")
        endpoint.tlsServerName = "other.example"
        #expect(kind(await failure(get(url, endpoint))) == .nameMismatch)
    }

    /// A request that must not be repeated opens its own connection, since libcurl repeats on one that it kept.
    @Test func unsafeRequestsTakeAFreshConnection() async throws {
        var request = get(base + "/hello")
        request.method = "POST"
        for _ in 0..<3 { #expect(try await !client.send(request).reusedConnection) }
        #expect(await eventually { nginx.log.count == 3 })
        #expect(nginx.connections == 3)
        request.retries = .vouched
        #expect(try await client.send(request).reusedConnection)
    }

    @Test func sessionsAreResumed() async throws {
        let server = try await OpenSSLServer(serverIdentity)
        // Of its own: libcurl keeps eight sessions, and the other tests make many.
        let client = HTTPClient(userAgent: "resuming")
        var request = get("https://127.0.0.1:\(server.port)/")
        request.retries = .never
        #expect(try await client.send(request).text.contains("\nNew, TLSv1.3"))
        #expect(try await client.send(request).text.contains("\nReused, TLSv1.3"))
    }

    @Test func oldHTTPTakesAFewConnections() async throws {
        let nginx = try await Nginx(identity: serverIdentity, http2: false, locations: "location / { return 200 ok; }")
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask { try await client.send(get("https://127.0.0.1:\(nginx.port)/")) }
            }
            for try await response in group { #expect(response.version == .http11) }
        }
        #expect(await eventually { nginx.log.count == 50 })
        #expect(nginx.connections <= 32)
    }

    @Test func sixthInternetProtocol() async throws {
        let nginx = try await Nginx(host: "::1", identity: serverIdentity, locations: "location / { return 200 $http_host; }")
        let response = try await client.send(get("https://[::1]:\(nginx.port)/"))
        #expect(response.text == "[::1]:\(nginx.port)")
        #expect(response.remoteAddress == "::1")
    }
}
