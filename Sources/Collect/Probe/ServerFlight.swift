internal import Foundation
internal import TLS

/// What a server sent after a ClientHello, as far as it is in clear. The bytes may be anything.
struct ServerFlight: Sendable, Equatable {
    /// A ServerHello came.
    private(set) var hasHello = false
    /// The certificates that could be read, the server's own first.
    private(set) var chain: [Certificate] = []
    private(set) var asksClientCertificate = false
    /// ServerHelloDone came: the flight is whole.
    private(set) var isWhole = false
    /// Code of a fatal alert, or of a warning that is the last word.
    private(set) var alert: Int?
    /// How many bytes came at all.
    let count: Int
    /// The first bytes are no TLS record.
    private(set) var isForeign = false

    init(_ bytes: [UInt8]) {
        count = bytes.count
        var messages: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= 5 {
            let head = Array(rest.prefix(5))
            guard (0x14...0x17).contains(head[0]), head[1] == 3 else {
                isForeign = rest.startIndex == 0
                break
            }
            let length = Int(head[3]) << 8 | Int(head[4])
            let body = rest.dropFirst(5).prefix(length)
            switch head[0] {
            case 0x15 where body.count == 2: alert = Int(body[body.startIndex + 1])
            case 0x16: messages += body
            default: break
            }
            guard body.count == length else { break }
            rest = rest.dropFirst(5 + length)
        }
        if (1..<5).contains(count), !(0x14...0x17).contains(bytes[0]) { isForeign = true }
        read(messages[...])
    }

    private mutating func read(_ messages: ArraySlice<UInt8>) {
        var rest = messages
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            let length = Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
            let body = rest.dropFirst(4).prefix(length)
            guard body.count == length else { return }
            switch head[0] {
            case 0x02: hasHello = true
            case 0x0b: chain = Self.certificates(body)
            case 0x0d: asksClientCertificate = true
            case 0x0e: isWhole = hasHello
            default: break
            }
            rest = rest.dropFirst(4 + length)
        }
    }

    private static func certificates(_ body: ArraySlice<UInt8>) -> [Certificate] {
        var rest = body.dropFirst(3)
        var chain: [Certificate] = []
        while rest.count >= 3 {
            let length = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            let der = rest.dropFirst(3).prefix(length)
            guard der.count == length, let certificate = try? Certificate(der: Data(der)) else { break }
            chain.append(certificate)
            rest = rest.dropFirst(3 + length)
        }
        return chain
    }
}
