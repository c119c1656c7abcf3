/// A ClientHello of TLS 1.2 for one service behind a gateway, made by hand: the gateway passes it on by name and protocol alone,
/// and the sidecar's whole first flight comes back in clear, without a key on this side.
enum ClientHello {
    /// - Parameters:
    ///   - serverName: as a sidecar sends it: `outbound_.PORT_._.HOST`.
    ///   - random: 32 bytes.
    ///   - ciphers: what is offered. With ``none`` no server can go on, and each answers with an alert of seven bytes: that
    ///     shows whether a small answer passes where a large one does not.
    static func bytes(serverName: String, random: [UInt8], ciphers: [UInt16] = usual) -> [UInt8] {
        let name = Array(serverName.utf8)
        let alpn = Array("istio".utf8)
        let extensions =
            extend(0x0000, block16([0] + block16(name))) + extend(0x0010, block16(block8(alpn)))
            + extend(0x000a, block16(words([0x001d, 0x0017, 0x0018])))
            + extend(0x000d, block16(words([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201])))
            + extend(0x0017, []) + extend(0xff01, [0])
        let body = [0x03, 0x03] + random + [0] + block16(words(ciphers)) + [1, 0] + block16(extensions)
        let message = [0x01, UInt8(truncatingIfNeeded: body.count >> 16)] + block16(body)
        return [0x16, 0x03, 0x01] + block16(message)
    }

    /// ECDHE and RSA with AES-GCM and ChaCha20: what Envoy accepts.
    static let usual: [UInt16] = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009c, 0x009d]
    /// `TLS_RSA_WITH_NULL_MD5` alone.
    static let none: [UInt16] = [0x0001]

    private static func words(_ words: [UInt16]) -> [UInt8] {
        words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    private static func block8(_ bytes: [UInt8]) -> [UInt8] { [UInt8(truncatingIfNeeded: bytes.count)] + bytes }

    private static func block16(_ bytes: [UInt8]) -> [UInt8] {
        words([UInt16(truncatingIfNeeded: bytes.count)]) + bytes
    }

    private static func extend(_ type: UInt16, _ bytes: [UInt8]) -> [UInt8] { words([type]) + block16(bytes) }
}
