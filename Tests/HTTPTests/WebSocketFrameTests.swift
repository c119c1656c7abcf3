import Foundation
import Testing

@testable import HTTP

/// Frames and answers as bytes, whole and in pieces.
struct WebSocketFrameTests {
    /// A server's frame, by hand.
    func frame(_ opcode: UInt8, _ payload: [UInt8], final: Bool = true, size: [UInt8]? = nil) -> [UInt8] {
        [(final ? 0x80 : 0) | opcode] + (size ?? [UInt8(payload.count)]) + payload
    }

    func events(_ bytes: [UInt8], limit: Int = 1 << 20, pieces: Int = .max) throws(WebSocketFault) -> [WebSocketEvent] {
        var reader = WebSocketReader(maximumMessageBytes: limit)
        var events: [WebSocketEvent] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            reader.feed(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
            while let event = try reader.next() { events.append(event) }
        }
        return events
    }

    func fault(_ bytes: [UInt8], limit: Int = 1 << 20) -> String? {
        do throws(WebSocketFault) {
            _ = try events(bytes, limit: limit)
            return nil
        } catch {
            return error.detail
        }
    }

    @Test(arguments: [1, 2, 3, 7, Int.max]) func messages(pieces: Int) throws {
        let long = [UInt8](repeating: 7, count: 300), longer = [UInt8](repeating: 9, count: 70_000)
        let bytes =
            frame(1, Array("text".utf8)) + frame(2, []) + frame(2, long, size: [126, 0x01, 0x2C])
            + frame(2, longer, size: [127, 0, 0, 0, 0, 0, 1, 0x11, 0x70])
        #expect(
            try events(bytes, pieces: pieces) == [
                .message(Array("text".utf8)), .message([]), .message(long), .message(longer),
            ])
    }

    @Test(arguments: [1, Int.max]) func fragmentsWithControlFramesBetween(pieces: Int) throws {
        let bytes =
            frame(2, [1, 2], final: false) + frame(9, [42]) + frame(0, [3], final: false) + frame(10, []) + frame(0, [4])
            + frame(8, [0x03, 0xE9] + Array("bye".utf8))
        #expect(
            try events(bytes, pieces: pieces) == [
                .ping([42]), .pong, .message([1, 2, 3, 4]), .close(code: 1001, reason: "bye"),
            ])
        #expect(try events(frame(8, [])) == [.close(code: nil, reason: "")])
    }

    @Test func whatIsNoWebSocket() {
        #expect(fault(frame(2, [1], size: [0x81, 1, 2, 3, 4])) == "a server's frame is masked")
        #expect(fault([0xC2, 0]) == "a frame uses an extension that was not agreed on")
        #expect(fault([0x83, 0]) == "a frame has the unknown opcode 3")
        #expect(fault(frame(9, [], final: false)) == "a control frame is cut into parts, or too long")
        #expect(fault(frame(9, [], size: [126, 0, 0])) == "a control frame is cut into parts, or too long")
        #expect(fault(frame(0, [1])) == "a message goes on that has not begun")
        #expect(fault(frame(1, [1], final: false) + frame(2, [1])) == "a message begins inside another")
        #expect(fault(frame(8, [1])) == "a close frame holds half a code")
    }

    /// A size is refused before the bytes come, also one that no integer holds.
    @Test func sizesAreCapped() {
        let refusal = "a message is larger than 100 bytes"
        #expect(fault([0x82, 101], limit: 100) == refusal)
        #expect(fault(frame(2, [UInt8](repeating: 0, count: 100)), limit: 100) == nil)
        #expect(fault([0x82, 127] + [UInt8](repeating: 0xFF, count: 8), limit: 100) == refusal)
        #expect(fault([0x82, 127, 0x7F] + [UInt8](repeating: 0xFF, count: 7), limit: 100) == refusal)
        let part = frame(0, [UInt8](repeating: 0, count: 60), final: false)
        #expect(fault(frame(2, [0], final: false) + part + part, limit: 100) == refusal)
    }

    /// Whatever comes, in whatever order: an end, or a fault, and no crash.
    @Test func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...40)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            _ = fault(bytes, limit: 64)
            var reader = HTTP1Reader(maximumBodyBytes: 64)
            _ = try? reader.read(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + bytes)
        }
    }

    @Test func clientFrames() {
        #expect(webSocketFrame(.binary, [1, 2, 3, 4, 5], mask: 0x0102_0408) == [0x82, 0x85, 1, 2, 4, 8, 0, 0, 7, 12, 4])
        #expect(webSocketFrame(.pong, [], mask: 0) == [0x8A, 0x80, 0, 0, 0, 0])
        #expect(webSocketFrame(.binary, [UInt8](repeating: 0, count: 300), mask: 0).prefix(4) == [0x82, 0xFE, 0x01, 0x2C])
        #expect(
            webSocketFrame(.binary, [UInt8](repeating: 0, count: 70_000), mask: 0).prefix(10)
                == [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0x11, 0x70])
    }

    /// The example of RFC 6455, 1.3.
    @Test func accept() {
        #expect(webSocketAccept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }
}

/// Answers of HTTP/1.1 as bytes.
struct HTTP1ReaderTests {
    func read(_ text: String, pieces: Int = .max, limit: Int = 1000) throws(HTTPFailure) -> HTTP1Answer {
        var reader = HTTP1Reader(maximumBodyBytes: limit)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if let answer = try reader.read(Array(rest.prefix(pieces))) { return answer }
            rest = rest.dropFirst(pieces)
        }
        return try reader.closed()
    }

    func failure(_ text: String) -> HTTPFailure? {
        do throws(HTTPFailure) {
            _ = try read(text)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [1, 2, 5, Int.max]) func bodies(pieces: Int) throws {
        func body(_ text: String) throws -> String { String(decoding: try read(text, pieces: pieces).body, as: UTF8.self) }
        #expect(try body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") == "hello")
        #expect(
            try body("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n")
                == "hello")
        #expect(try body("HTTP/1.0 200 OK\r\n\r\nhello") == "hello")
        #expect(try body("HTTP/1.1 204 No Content\r\n\r\n") == "")
        let answer = try read(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nX-A:  b \r\nContent-Length: 0\r\n\r\n", pieces: pieces)
        #expect(
            answer == HTTP1Answer(status: 404, headers: [HTTPHeader("X-A", "b"), HTTPHeader("Content-Length", "0")], body: []))
    }

    @Test func whatComesAfterIsKept() throws {
        var reader = HTTP1Reader(maximumBodyBytes: 10)
        #expect(try reader.read(Array("HTTP/1.1 101 Switching\r\n\r\n\u{2}\u{3}".utf8))?.status == 101)
        #expect(reader.rest == [2, 3])
    }

    @Test func broken() {
        #expect(failure("SSH-2.0-OpenSSH_9.2\r\n") == .notHTTP(detail: "it does not begin with HTTP/1"))
        #expect(failure("HTTP/1.1 abc\r\n\r\n") == .notHTTP(detail: "its first line has no status"))
        #expect(failure("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") == .notHTTP(detail: "its length is no number"))
        #expect(failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort") == .closed(phase: .receiving))
        #expect(failure("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n") == .bodyTooLarge(limit: 1000))
        #expect(
            failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx") == .bodyTooLarge(limit: 1000))
        #expect(
            failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")
                == .notHTTP(detail: "a chunk's size is no number"))
        #expect(
            failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n")
                == .notHTTP(detail: "a chunk is longer than it says"))
        #expect(failure("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 1001)) == .bodyTooLarge(limit: 1000))
        #expect(failure("") == .closed(phase: .waiting))
        #expect(
            failure("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000))
                == .notHTTP(detail: "the answer's head is larger than 65536 bytes"))
    }
}
