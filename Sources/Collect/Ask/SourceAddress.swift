import Glibc

/// From which address this machine would connect, and whether that is admitted.
enum SourceAddress {
    /// Whether this machine's own address towards a gateway lies in one of a Service's source ranges; true where there are none.
    ///
    /// - Returns: `nil` where the gateway's address is a name, no route leads there, or no range can be read.
    static func isAdmitted(by ranges: [String], towards address: String, port: Int) -> Bool? {
        if ranges.isEmpty { return true }
        let readable = ranges.compactMap(AddressRange.init)
        guard !readable.isEmpty, let own = own(towards: address, port: port) else { return nil }
        return readable.contains { $0.contains(own) }
    }

    /// The bytes of the address that the routing table gives this machine towards another; nothing is sent.
    private static func own(towards address: String, port: Int) -> [UInt8]? {
        guard let target = AddressRange.bytes(address) else { return nil }
        let isIPv6 = target.count == 16
        let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return isIPv6 ? own6(descriptor, target, port) : own4(descriptor, target, port)
    }

    private static func own4(_ descriptor: Int32, _ target: [UInt8], _ port: Int) -> [UInt8]? {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: target) }
        guard Self.own(descriptor, &name) else { return nil }
        return withUnsafeBytes(of: name.sin_addr, Array.init)
    }

    private static func own6(_ descriptor: Int32, _ target: [UInt8], _ port: Int) -> [UInt8]? {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_port = in_port_t(truncatingIfNeeded: port).bigEndian
        withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: target) }
        guard Self.own(descriptor, &name) else { return nil }
        return withUnsafeBytes(of: name.sin6_addr, Array.init)
    }

    /// Connects a datagram socket, which only asks the routing table, and puts its own name in place of the target's.
    private static func own<Name>(_ descriptor: Int32, _ name: inout Name) -> Bool {
        var length = socklen_t(MemoryLayout<Name>.size)
        return withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
    }
}

/// A range of addresses such as 10.10.0.0/16.
struct AddressRange {
    private let network: [UInt8]
    private let prefixLength: Int

    /// `nil` where the text is no such range.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let network = Self.bytes(String(parts[0])), let length = Int(parts[1]),
            (0...network.count * 8).contains(length)
        else { return nil }
        self.network = network
        prefixLength = length
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == network.count else { return false }
        return (0..<prefixLength).allSatisfy { bit in
            (address[bit / 8] ^ network[bit / 8]) & (0x80 >> (bit % 8)) == 0
        }
    }

    /// The 4 or 16 bytes of an address in numbers; `nil` for a name.
    static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four, Array.init) }
        var sixteen = in6_addr()
        if inet_pton(AF_INET6, text, &sixteen) == 1 { return withUnsafeBytes(of: sixteen, Array.init) }
        return nil
    }
}
