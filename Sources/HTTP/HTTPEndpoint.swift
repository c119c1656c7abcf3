package import Foundation

/// How to reach a server and what to show it: all that keeps connections to two clusters apart, even under one URL.
///
/// Holds a private key and perhaps a proxy password; its description tells only which parts are set.
package struct HTTPEndpoint: Sendable, Hashable {
    /// Certificates to trust, and no others; `nil`: the system's.
    package var certificateAuthorityPEM: Data?
    /// Client certificate, perhaps with its chain after it.
    package var clientCertificatePEM: Data?
    /// Private key of the client certificate; not encrypted.
    package var clientKeyPEM: Data?
    /// Name for SNI and for verification in place of the URL's host; the `Host` header keeps the URL's.
    package var tlsServerName: String?
    /// Accept any server certificate.
    package var insecureSkipVerify: Bool
    /// `http`, `https`, `socks5` or `socks5h` URL, perhaps with credentials. `nil`: what the environment says
    /// (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), with client-go's rules.
    package var proxy: String?
    /// Connect directly whatever the environment says: a cloud's metadata server is on this machine's own link.
    package var ignoresProxies: Bool

    package init(
        certificateAuthorityPEM: Data? = nil, clientCertificatePEM: Data? = nil, clientKeyPEM: Data? = nil,
        tlsServerName: String? = nil, insecureSkipVerify: Bool = false, proxy: String? = nil,
        ignoresProxies: Bool = false
    ) {
        self.certificateAuthorityPEM = certificateAuthorityPEM
        self.clientCertificatePEM = clientCertificatePEM
        self.clientKeyPEM = clientKeyPEM
        self.tlsServerName = tlsServerName
        self.insecureSkipVerify = insecureSkipVerify
        self.proxy = proxy
        self.ignoresProxies = ignoresProxies
    }
}

extension HTTPEndpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        var parts: [String] = [certificateAuthorityPEM == nil ? "system trust" : "own trust"]
        if clientCertificatePEM != nil { parts.append("client certificate") }
        if let tlsServerName { parts.append("server name \(tlsServerName)") }
        if insecureSkipVerify { parts.append("server not verified") }
        if let proxy { parts.append("proxy \(printable(url: proxy))") }
        return "HTTPEndpoint(\(parts.joined(separator: ", ")))"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["endpoint": description]) }
}
