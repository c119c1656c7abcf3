import CCurl
import COpenSSL
import Foundation
import Glibc
import Synchronization

/// How the wish for a WebSocket ended.
package enum WebSocketOutcome<Result: Sendable>: Sendable {
    /// The server agreed, and the conversation came to its end.
    case talked(Result)
    /// The server answered as to any other request.
    case refused(HTTP1Answer)
}

extension HTTPClient {
    /// Opens a WebSocket (RFC 6455) and holds a conversation over it, on a thread of its own: the conversation may block.
    ///
    /// Debian 12's libcurl has no WebSockets. It connects here as for every other request (proxy, trust, client certificate), and
    /// hands the connection over. The request's deadline holds for all of it, and `maximumBodyBytes` for each message. Nothing is
    /// repeated. The task's cancellation ends it at once.
    ///
    /// - Parameter protocol: the one subprotocol that the server must choose.
    package func talk<Result: Sendable>(
        _ request: HTTPRequest, protocol name: String,
        _ conversation: @escaping @Sendable (borrowing WebSocket) throws(HTTPFailure) -> Result
    ) async throws(HTTPFailure) -> WebSocketOutcome<Result> {
        typealias Outcome = Swift.Result<WebSocketOutcome<Result>, HTTPFailure>
        let alarm = Alarm()
        let outcome: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread { [userAgent] in
                    blockSIGPIPE()
                    continuation.resume(
                        returning: Outcome { () throws(HTTPFailure) in
                            let line = try BlockingConnection(request, userAgent: userAgent, alarm: alarm)
                            let socket = WebSocket(line, maximumMessageBytes: request.maximumBodyBytes)
                            if let refusal = try socket.upgrade(request, protocol: name, userAgent: userAgent) {
                                return .refused(refusal)
                            }
                            defer { socket.close() }
                            return .talked(try conversation(socket))
                        })
                }
            }
        } onCancel: {
            alarm.ring()
        }
        return try outcome.get()
    }
}

/// A WebSocket that a server agreed to. Confined to the thread of its conversation.
package struct WebSocket: ~Copyable {
    private let line: BlockingConnection
    private let state: State

    private final class State {
        var reader: WebSocketReader
        init(_ reader: WebSocketReader) { self.reader = reader }
    }

    fileprivate init(_ line: BlockingConnection, maximumMessageBytes: Int) {
        self.line = line
        state = State(WebSocketReader(maximumMessageBytes: maximumMessageBytes))
    }

    /// Sends one message of bytes.
    package borrowing func send(_ bytes: [UInt8]) throws(HTTPFailure) { try send(.binary, bytes) }

    /// Waits for the next message. `nil`: the other end has said that it was the last.
    package borrowing func receive() throws(HTTPFailure) -> [UInt8]? {
        while true {
            switch try nextEvent() {
            case .message(let bytes): return bytes
            case .ping(let bytes): try send(.pong, bytes)
            case .pong: continue
            case .close, nil: return nil
            }
        }
    }

    private borrowing func nextEvent() throws(HTTPFailure) -> WebSocketEvent? {
        while true {
            do throws(WebSocketFault) {
                if let event = try state.reader.next() { return event }
            } catch {
                throw .notHTTP(detail: "no WebSocket: \(error.detail)")
            }
            guard let bytes = try line.receive() else { return nil }
            state.reader.feed(bytes)
        }
    }

    private borrowing func send(_ opcode: WebSocketOpcode, _ bytes: [UInt8]) throws(HTTPFailure) {
        try line.send(webSocketFrame(opcode, bytes, mask: .random(in: .min ... .max)))
    }

    /// Says goodbye, as far as that is possible; nobody waits for an answer.
    fileprivate borrowing func close() { try? send(.close, [0x03, 0xE8]) }

    /// Asks for the upgrade; the server's answer where it does not agree.
    fileprivate borrowing func upgrade(
        _ request: HTTPRequest, protocol name: String, userAgent: String
    ) throws(HTTPFailure) -> HTTP1Answer? {
        let key = Data((0..<16).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
        let asked = [
            "\(request.method) \(line.path) HTTP/1.1", "Host: \(line.authority)", "User-Agent: \(userAgent)",
            "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Protocol: \(name)",
        ]
        // They hold no line break: libcurl's transfer was made with them, and would have refused.
        let given = request.headers.map { "\($0.name): \($0.value)" }
        try line.send(Array((asked + given + ["", ""]).joined(separator: "\r\n").utf8))
        var reader = HTTP1Reader(maximumBodyBytes: 64 << 10)
        var answer: HTTP1Answer?
        while answer == nil {
            guard let bytes = try line.receive() else {
                answer = try reader.closed()
                break
            }
            answer = try reader.read(bytes)
        }
        guard let answer, answer.status == 101 else { return answer }
        guard answer.header("Upgrade")?.lowercased() == "websocket",
            answer.header("Sec-WebSocket-Accept") == webSocketAccept(key),
            answer.header("Sec-WebSocket-Protocol") == name
        else { throw .notHTTP(detail: "the server agrees to something else than a WebSocket of \(name)") }
        state.reader.feed(reader.rest)
        return nil
    }
}

/// What a server must answer to a WebSocket's key, to show that it knows what it agrees to (RFC 6455, 4.2.2).
func webSocketAccept(_ key: String) -> String {
    let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard EVP_Digest(text, text.count, &digest, &count, EVP_sha1(), nil) == 1 else { return "" }
    return Data(digest.prefix(Int(count))).base64EncodedString()
}

/// Wakes a conversation's thread out of whatever it waits for: the conversation is over.
final class Alarm: Sendable {
    let bell: Int32 = ist_http_bell_new()
    private let hasRung = Mutex(false)

    var isOn: Bool { hasRung.withLock { $0 } }

    func ring() {
        hasRung.withLock { $0 = true }
        ist_http_bell_ring(bell)
    }

    deinit { if bell >= 0 { close(bell) } }
}
