internal import Foundation
import Glibc

/// What the host of an API server's URL is, by its form alone: whether other clusters can use it as it stands.
enum ServerKind: String, Sendable, CaseIterable {
    case `public`, `private`, loopback, unspecified, unqualified, hostname
    case linkLocal = "link-local"
    case connectGateway = "connect-gateway"
    case dnsEndpoint = "dns-endpoint"
    /// A name that means something else on every machine, as host.docker.internal.
    case localAlias = "local-alias"
    case notHTTPS = "not-https"
}

/// The URL of an API server, taken apart; what can be secret in it (user information, query) is dropped.
struct ServerURL: Sendable, Hashable {
    var scheme: String
    /// A name in lower case, or an IP address without brackets.
    var host: String
    var port: Int
    /// Empty where the URL has none, or only `/`.
    var path: String

    /// - Returns: `nil` where the text is no URL with scheme and host.
    init?(_ url: String) {
        guard let separator = url.range(of: "://") else { return nil }
        scheme = url[..<separator.lowerBound].lowercased()
        let rest = url[separator.upperBound...]
        let authorityEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let path = rest[authorityEnd...].prefix { $0 != "?" && $0 != "#" }
        self.path = path == "/" ? "" : String(path)

        var portText: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end].lowercased()
            let after = authority[authority.index(after: end)...]
            if after.first == ":" { portText = after.dropFirst() } else if !after.isEmpty { return nil }
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts[0].lowercased()
            portText = parts.count > 1 ? parts[1] : nil
        }
        guard !host.isEmpty, !scheme.isEmpty else { return nil }
        if let portText, !portText.isEmpty {
            guard let number = Int(portText), (1...65535).contains(number) else { return nil }
            port = number
        } else {
            port = scheme == "http" ? 80 : 443
        }
    }

    /// The URL again, without user information and query.
    var url: String {
        let standard = port == (scheme == "http" ? 80 : 443)
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)\(standard ? "" : ":\(port)")\(path)"
    }

    var kind: ServerKind { scheme == "https" ? Self.kind(ofHost: host) : .notHTTPS }

    /// Class of a name or an address. Ranges: RFC 1918, RFC 6598, RFC 4193 and (deprecated) RFC 3513 site-local are private.
    static func kind(ofHost host: String) -> ServerKind {
        let host = host.lowercased()
        let bare = host.prefix { $0 != "%" }
        if let kind = kind(ofAddress: String(bare)) { return kind }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if name == "localhost" || name.hasSuffix(".localhost") || name == "localhost.localdomain" { return .loopback }
        if localAliases.contains(where: { name == $0 || name.hasSuffix("." + $0) }) { return .localAlias }
        if name.hasSuffix(".googleapis.com"), name.split(separator: ".")[0].hasSuffix("connectgateway") { return .connectGateway }
        if name.hasSuffix(".gke.goog") { return .dnsEndpoint }
        return name.contains(".") ? .hostname : .unqualified
    }

    /// Class of an IPv4 or IPv6 address; `nil` where the text is none.
    static func kind(ofAddress text: String) -> ServerKind? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return kind(ofIPv4: withUnsafeBytes(of: v4) { Array($0) }) }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: v6) { Array($0) }
        let head = bytes[..<10]
        if head.allSatisfy({ $0 == 0 }) {
            if bytes[10] == 0xff, bytes[11] == 0xff { return kind(ofIPv4: Array(bytes[12...])) }
            if bytes[10...].allSatisfy({ $0 == 0 }) { return .unspecified }
            if bytes[10..<15].allSatisfy({ $0 == 0 }), bytes[15] == 1 { return .loopback }
        }
        if bytes[0] == 0xfe {
            if bytes[1] & 0xc0 == 0x80 { return .linkLocal }
            if bytes[1] & 0xc0 == 0xc0 { return .private }
        }
        return bytes[0] & 0xfe == 0xfc ? .private : .public
    }

    private static func kind(ofIPv4 bytes: [UInt8]) -> ServerKind {
        switch (bytes[0], bytes[1]) {
        case (127, _): .loopback
        case (0, _): .unspecified
        case (169, 254): .linkLocal
        case (10, _), (192, 168), (172, 16...31), (100, 64...127): .private
        default: .public
        }
    }

    /// Names that lead each machine, or each cluster, to itself.
    private static let localAliases = [
        "docker.internal", "minikube.internal", "containers.internal", "lima.internal", "k3d.internal",
        "rancher-desktop.internal", "orb.local", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ]
}
