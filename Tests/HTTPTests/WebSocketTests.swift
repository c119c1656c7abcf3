import Foundation
import Peers
import Synchronization
import Testing

@testable import HTTP

/// WebSockets with servers that keep to the protocol, and with others.
@Suite(.timeLimit(.minutes(2))) struct WebSocketTests {
    static let name = "v4.channel.k8s.io"

    func request(_ port: Int, deadline: Duration = .seconds(10), tls: Bool = false) -> HTTPRequest {
        var request = get(
            "\(tls ? "https" : "http")://127.0.0.1:\(port)/x?ports=15014", tls ? trusting : HTTPEndpoint(), deadline: deadline)
        request.headers = [HTTPHeader("Authorization", "Bearer Sw0rdfish")]
        request.maximumBodyBytes = 1 << 20
        return request
    }

    /// A server that upgrades, and then does as the script says.
    func upgrading(
        accept: @escaping @Sendable (String) -> String = webSocketAccept, name: String = Self.name,
        _ script: @escaping @Sendable (borrowing Connection) -> Void
    ) throws -> Listener {
        try Listener { connection in
            guard let head = connection.read(until: "\r\n\r\n"), let at = head.range(of: "Sec-WebSocket-Key: ") else { return }
            let key = String(head[at.upperBound...].prefix { $0 != "\r\n" })
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept(key))\r\nSec-WebSocket-Protocol: \(name)\r\n\r\n"
            )
            script(connection)
        }
    }

    func failure(
        _ request: HTTPRequest, _ talk: @escaping @Sendable (borrowing WebSocket) throws(HTTPFailure) -> Void
    ) async -> HTTPFailure? {
        do throws(HTTPFailure) {
            _ = try await client.talk(request, protocol: Self.name, talk)
            return nil
        } catch {
            return error
        }
    }

    static let listening: @Sendable (borrowing WebSocket) throws(HTTPFailure) -> Void = { socket throws(HTTPFailure) in
        while try socket.receive() != nil {}
    }

    /// Through the stand-in for a kubelet to a real nginx, over TLS.
    @Test func aConversation() async throws {
        let nginx = try await Nginx(locations: "location / { return 200 'from inside'; }")
        let kubelet = try await PortForwardStandIn(to: nginx.port, token: "Sw0rdfish", identity: serverIdentity)
        let outcome = try await client.talk(request(kubelet.port, tls: true), protocol: Self.name) {
            socket throws(HTTPFailure) in
            try socket.send([0] + Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            var text = ""
            while !text.contains("from inside"), let message = try socket.receive() {
                text += String(decoding: message.dropFirst(), as: UTF8.self)
            }
            return text
        }
        guard case .talked(let text) = outcome else { throw PeerError(description: "refused: \(outcome)") }
        #expect(text.contains("HTTP/1.1 200 OK") && text.hasSuffix("from inside"))
        #expect(kubelet.log == ["GET /x?ports=15014 HTTP/1.1"])
        #expect(nginx.log.count == 1)
    }

    @Test func refused() async throws {
        let kubelet = try await PortForwardStandIn(to: 1, token: "another")
        let outcome = try await client.talk(request(kubelet.port), protocol: Self.name, Self.listening)
        guard case .refused(let answer) = outcome else { throw PeerError(description: "not refused") }
        #expect(answer.status == 403 && answer.header("content-type") == "application/json")
        #expect(String(decoding: answer.body, as: UTF8.self).contains("pods/portforward"))
    }

    @Test func untrusted() async throws {
        let kubelet = try await PortForwardStandIn(to: 1, token: "Sw0rdfish", identity: Identity.make(.server()))
        #expect(kind(await failure(request(kubelet.port, tls: true), Self.listening)) == .unknownAuthority)
        #expect(kubelet.log.isEmpty)
    }

    @Test func throughAProxy() async throws {
        let proxy = try await HTTPProxy()
        let nginx = try await Nginx(locations: "location / { return 200 'x'; }")
        let kubelet = try await PortForwardStandIn(to: nginx.port, token: "Sw0rdfish")
        var request = request(kubelet.port)
        request.endpoint.proxy = "http://127.0.0.1:\(proxy.port)"
        let first = try await client.talk(request, protocol: Self.name) { socket throws(HTTPFailure) in try socket.receive() }
        guard case .talked(let message) = first else { throw PeerError(description: "refused") }
        #expect(message == [0, 0xA6, 0x3A])
        #expect(proxy.log.contains("CONNECT 127.0.0.1:\(kubelet.port)"))
    }

    @Test func pingsAreAnswered() async throws {
        let heard = Mutex<[UInt8]>([])
        let server = try upgrading { connection in
            connection.write([0x89, 2, 7, 8])
            if let pong = connection.readSome() { heard.withLock { $0 = pong } }
            connection.write([0x88, 0])
        }
        #expect(await failure(request(server.port), Self.listening) == nil)
        let pong = heard.withLock { $0 }
        try #require(pong.count == 8)
        #expect(pong[0] == 0x8A && pong[1] == 0x82)
        #expect([pong[6] ^ pong[2], pong[7] ^ pong[3]] == [7, 8])
    }

    // MARK: Servers that do not keep to it

    @Test func aWrongAgreement() async throws {
        let words = "the server agrees to something else than a WebSocket of \(Self.name)"
        for server in [
            try upgrading(accept: { _ in "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }) { $0.hang() },
            try upgrading(name: "SPDY/3.1") { $0.hang() },
        ] { #expect(await failure(request(server.port), Self.listening) == .notHTTP(detail: words)) }
    }

    @Test func brokenFrames() async throws {
        let masked = try upgrading { connection in
            connection.write([0x82, 0x81, 0, 0, 0, 0, 1])
            connection.hang()
        }
        #expect(
            await failure(request(masked.port), Self.listening) == .notHTTP(detail: "no WebSocket: a server's frame is masked"))
        let huge = try upgrading { connection in
            connection.write([0x82, 127, 0, 0, 0, 0x7F, 0, 0, 0, 0])
            connection.hang()
        }
        #expect(
            await failure(request(huge.port), Self.listening)
                == .notHTTP(detail: "no WebSocket: a message is larger than 1048576 bytes"))
    }

    @Test func silenceAndBabbleEndAtTheDeadline() async throws {
        let silent = try upgrading { $0.hang() }
        let mute = try Listener { $0.hang() }
        // Bytes without end, in pings that are answered: the deadline counts all the same.
        let babbling = try upgrading { connection in
            for _ in 0..<100_000 { connection.write([0x8A, 0]) }
            connection.hang()
        }
        for server in [silent, mute, babbling] {
            let begin = ContinuousClock.now
            let failure = await failure(request(server.port, deadline: .seconds(1)), Self.listening)
            #expect(failure == .timedOut(after: .seconds(1), phase: .waiting))
            #expect(begin.duration(to: .now) < .seconds(5))
        }
        let full = try FullListener()
        #expect(
            await self.failure(request(full.port, deadline: .seconds(1)), Self.listening) == .connectTimedOut(after: .seconds(1)))
    }

    @Test func closedAndReset() async throws {
        let closing = try upgrading { _ in }
        #expect(await failure(request(closing.port), Self.listening) == nil)
        let early = try Listener { $0.read(until: "\r\n\r\n") }
        #expect(await failure(request(early.port), Self.listening) == .closed(phase: .waiting))
        let resetting = try upgrading { connection in connection.resetOnClose() }
        #expect(await failure(request(resetting.port), Self.listening) == .reset(phase: .receiving))
    }

    @Test func cancelled() async throws {
        let silent = try upgrading { $0.hang() }
        let task = Task { await failure(request(silent.port, deadline: .seconds(60)), Self.listening) }
        #expect(await eventually { silent.connections > 0 })
        task.cancel()
        let begin = ContinuousClock.now
        #expect(await task.value == .cancelled)
        #expect(begin.duration(to: .now) < .seconds(5))
    }
}
