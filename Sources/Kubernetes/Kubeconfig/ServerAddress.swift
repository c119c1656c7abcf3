import Foundation
package import Secrecy

/// The address of an API server or a proxy, taken apart.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// `https`, `http`; for a proxy also `socks5`.
    package let scheme: String
    /// A name or address; IPv6 without brackets.
    package let host: String
    package let port: Int
    /// Whether the port is written in the address, and not the scheme's own.
    package let portIsWritten: Bool
    /// The path that comes before `/api…`: empty, or with a leading and without a trailing slash.
    package let path: String
    /// `user:password` of a proxy's address.
    package let userInfo: Secret<String>?

    /// The address as a URL, without credentials.
    package var url: String { "\(scheme)://\(authority)\(path)" }

    /// `host` or `host:port`, IPv6 in brackets.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return portIsWritten ? "\(name):\(port)" : name
    }

    package var description: String { url }

    /// The URL with its credentials, for the one who connects.
    var urlWithCredentials: String {
        "\(scheme)://\(userInfo.map { $0.revealed + "@" } ?? "")\(authority)\(path)"
    }

    /// What is wrong with an address.
    struct Problem: Error {
        let text: String
    }

    /// Reads a URL, or `host:port`, which gets the scheme `bareScheme`. Query and fragment are dropped, as client-go does.
    init(_ text: String, bareScheme: String, schemes: Set<String>) throws(Problem) {
        guard !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F || $0.value > 0x7E }) else {
            throw Problem(text: "it holds a blank, a control character, or a letter outside ASCII")
        }
        var rest = Substring(text)
        if let separator = text.range(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            rest = text[separator.upperBound...]
        } else {
            scheme = bareScheme
        }
        guard schemes.contains(scheme) else {
            throw Problem(text: "the scheme \"\(scheme)\" is not one of \(schemes.sorted().joined(separator: ", "))")
        }
        rest = rest.prefix { $0 != "?" && $0 != "#" }
        var authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
        if let at = authority.lastIndex(of: "@") {
            userInfo = Secret(String(authority[..<at]))
            authority = authority[authority.index(after: at)...]
        } else {
            userInfo = nil
        }
        let (host, port) = try Self.split(authority)
        self.host = host
        portIsWritten = port != nil
        self.port = port ?? Self.defaultPorts[scheme] ?? 443
    }

    private static let defaultPorts = ["https": 443, "http": 80, "socks5": 1080]

    private static func split(_ authority: Substring) throws(Problem) -> (String, Int?) {
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else {
                throw Problem(text: "the bracket of the IPv6 address is not closed")
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw Problem(text: "only a port may follow the IPv6 address") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
            guard !host.contains(":") else { throw Problem(text: "an IPv6 address needs brackets, as in https://[::1]:6443") }
        }
        guard !host.isEmpty else { throw Problem(text: "it names no host") }
        guard let port, !port.isEmpty else { return (String(host), nil) }
        guard let number = Int(port), (1...65535).contains(number), port.allSatisfy(\.isNumber) else {
            throw Problem(text: "\"\(printable(String(port)))\" is no port (1 to 65535)")
        }
        return (String(host), number)
    }
}
