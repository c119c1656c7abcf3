/// What a WebSocket's other end sends (RFC 6455).
enum WebSocketEvent: Sendable, Equatable {
    /// A whole message, of text or of bytes.
    case message([UInt8])
    /// To be answered with the same bytes.
    case ping([UInt8])
    case pong
    /// The end; the code is `nil` where none was given.
    case close(code: Int?, reason: String)
}

/// What a frame is, by its four bits.
enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10

    var isControl: Bool { rawValue >= 8 }
}

/// What a peer sent that is no WebSocket; after it nothing that it sends can be read.
struct WebSocketFault: Error, Equatable {
    var detail: String
}

/// Reads what a server sends, in whatever pieces it arrives. Trusts none of it: sizes are capped before anything is kept.
struct WebSocketReader: Sendable {
    /// Most bytes of one message, its fragments together.
    let maximumMessageBytes: Int
    private var buffer: [UInt8] = []
    /// The fragments so far; `nil` outside of a message.
    private var message: [UInt8]?

    init(maximumMessageBytes: Int) { self.maximumMessageBytes = maximumMessageBytes }

    mutating func feed(_ bytes: [UInt8]) { buffer += bytes }

    /// The next event; `nil`: more bytes are needed.
    mutating func next() throws(WebSocketFault) -> WebSocketEvent? {
        while let frame = try takeFrame() {
            switch frame.opcode {
            case .ping: return .ping(frame.payload)
            case .pong: return .pong
            case .close: return try close(frame.payload)
            case .text, .binary:
                guard message == nil else { throw WebSocketFault(detail: "a message begins inside another") }
                message = frame.payload
            case .continuation:
                guard message != nil else { throw WebSocketFault(detail: "a message goes on that has not begun") }
                message?.append(contentsOf: frame.payload)
            }
            if frame.isFinal, let whole = message {
                message = nil
                return .message(whole)
            }
        }
        return nil
    }

    private struct Frame {
        var isFinal: Bool
        var opcode: WebSocketOpcode
        var payload: [UInt8]
    }

    /// Takes one frame out of the buffer, once it is there as a whole.
    private mutating func takeFrame() throws(WebSocketFault) -> Frame? {
        guard buffer.count >= 2 else { return nil }
        let first = buffer[0], second = buffer[1]
        guard first & 0x70 == 0 else { throw WebSocketFault(detail: "a frame uses an extension that was not agreed on") }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw WebSocketFault(detail: "a frame has the unknown opcode \(first & 0x0F)")
        }
        guard second & 0x80 == 0 else { throw WebSocketFault(detail: "a server's frame is masked") }
        let isFinal = first & 0x80 != 0
        let extra = second == 126 ? 2 : second == 127 ? 8 : 0
        guard !opcode.isControl || (isFinal && extra == 0) else {
            throw WebSocketFault(detail: "a control frame is cut into parts, or too long")
        }
        guard buffer.count >= 2 + extra else { return nil }
        let size = extra == 0 ? UInt64(second) : buffer[2..<2 + extra].reduce(0) { $0 << 8 | UInt64($1) }
        guard size <= UInt64(max(0, maximumMessageBytes - (opcode.isControl ? 0 : message?.count ?? 0))) || opcode.isControl
        else {
            throw WebSocketFault(detail: "a message is larger than \(maximumMessageBytes) bytes")
        }
        let end = 2 + extra + Int(size)
        guard buffer.count >= end else { return nil }
        let frame = Frame(isFinal: isFinal, opcode: opcode, payload: Array(buffer[(2 + extra)..<end]))
        buffer.removeFirst(end)
        return frame
    }

    private func close(_ payload: [UInt8]) throws(WebSocketFault) -> WebSocketEvent {
        guard payload.count != 1 else { throw WebSocketFault(detail: "a close frame holds half a code") }
        guard payload.count >= 2 else { return .close(code: nil, reason: "") }
        return .close(
            code: Int(payload[0]) << 8 | Int(payload[1]), reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
    }
}

/// One unfragmented frame as a client sends it.
///
/// - Parameter mask: four bytes that nobody could foresee, so that no proxy on the way can be made to take the payload for a request.
func webSocketFrame(_ opcode: WebSocketOpcode, _ payload: [UInt8], mask: UInt32) -> [UInt8] {
    var frame = [0x80 | opcode.rawValue]
    switch payload.count {
    case ..<126: frame.append(0x80 | UInt8(payload.count))
    case ..<65_536:
        frame.append(0x80 | 126)
        frame += bigEndian(UInt16(payload.count))
    default:
        frame.append(0x80 | 127)
        frame += bigEndian(UInt64(payload.count))
    }
    let key = bigEndian(mask)
    frame += key
    frame += payload.indices.map { payload[$0] ^ key[$0 % 4] }
    return frame
}

private func bigEndian<T: FixedWidthInteger>(_ number: T) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
