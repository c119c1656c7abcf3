import CCurl
import Foundation

/// Which proxy a request takes. The rules are client-go's, not libcurl's, so that isthmus goes the way that kubectl goes: the
/// upper-case variables count first, ALL_PROXY does not count, loopback is never proxied by the environment, NO_PROXY knows
/// ports and CIDRs.
struct ProxyChoice: Sendable {
    private let environment: [String: String]

    init(environment: [String: String]) { self.environment = environment }

    /// The proxy's URL as libcurl wants it, or `nil` to connect directly.
    func proxy(for target: Target, endpoint: HTTPEndpoint) throws(HTTPFailure) -> String? {
        if endpoint.ignoresProxies { return nil }
        if let own = endpoint.proxy, !own.isEmpty { return try Self.normalized(own) }
        guard let value = first("\(target.scheme.uppercased())_PROXY", "\(target.scheme)_proxy"), isProxied(target) else {
            return nil
        }
        return try Self.normalized(value.contains("://") ? value : "http://" + value)
    }

    private func first(_ names: String...) -> String? {
        names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }

    private func isProxied(_ target: Target) -> Bool {
        let host = target.bareHost.lowercased()
        let address = IPAddress(host)
        if host == "localhost" || address?.isLoopback == true { return false }
        let entries = (first("NO_PROXY", "no_proxy") ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
        return !entries.contains { Self.covers($0, host, address, target.port) }
    }

    /// Whether an entry of NO_PROXY covers a host.
    private static func covers(_ entry: String, _ host: String, _ address: IPAddress?, _ port: Int) -> Bool {
        if entry == "*" { return true }
        if let network = IPNetwork(entry) { return address.map(network.contains) ?? false }
        var name = entry
        // `host:port`, `[v6]:port`; a bare IPv6 address has colons and no port.
        if IPAddress(name) == nil, let colon = name.lastIndex(of: ":"), let number = Int(name[name.index(after: colon)...]) {
            guard number == port else { return false }
            name = String(name[..<colon])
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
        guard !name.isEmpty else { return false }
        if let own = IPAddress(name) { return own == address }
        if name.hasPrefix("*.") { name.removeFirst() }
        // `.example.com` covers what is below it, `example.com` itself as well.
        return name.hasPrefix(".") ? host.hasSuffix(name) : host == name || host.hasSuffix("." + name)
    }

    /// With Go's default port, which libcurl does not share, and with names resolved by a SOCKS proxy, which is what client-go
    /// does.
    private static func normalized(_ url: String) throws(HTTPFailure) -> String {
        let shown = printable(url: url)
        let parts = URLParts()
        if let problem = parts.set(CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) {
            throw .badURL("\(problem) in the proxy \(shown)")
        }
        let ports = ["http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"]
        guard let scheme = parts.get(CURLUPART_SCHEME), let port = ports[scheme] else {
            throw .badURL("the proxy \(shown) is none of http, https, socks5")
        }
        if parts.get(CURLUPART_PORT) == nil { _ = parts.set(CURLUPART_PORT, port) }
        if scheme == "socks5" { _ = parts.set(CURLUPART_SCHEME, "socks5h", CURLU_NON_SUPPORT_SCHEME) }
        guard let text = parts.get(CURLUPART_URL) else { throw .badURL("the proxy \(shown)") }
        return text
    }
}

/// An IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is the IPv4 address.
struct IPAddress: Hashable {
    let bytes: [UInt8]

    init?(_ text: String) {
        var buffer = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &buffer) == 1 {
            bytes = Array(buffer.prefix(4))
        } else if inet_pton(AF_INET6, text, &buffer) == 1 {
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
            bytes = buffer.starts(with: mapped) ? Array(buffer.suffix(4)) : buffer
        } else {
            return nil
        }
    }

    var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1] }
}

/// `10.0.0.0/8`.
struct IPNetwork {
    let address: IPAddress
    let length: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), length >= 0,
            length <= address.bytes.count * 8
        else { return nil }
        self.address = address
        self.length = length
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return (0..<length).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return (other.bytes[bit / 8] ^ address.bytes[bit / 8]) & mask == 0
        }
    }
}
