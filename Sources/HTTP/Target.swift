import CCurl
import Foundation

/// A request's URL taken apart, by the parser that will connect to it.
struct Target: Sendable, Hashable {
    var scheme: String
    /// With brackets around an IPv6 address.
    var host: String
    var port: Int
    /// `host:port`, the port only where the URL names one: the `Host` header.
    var authority: String
    /// What to hand to libcurl: the URL, its host replaced by the TLS server name where there is one.
    var url: String
    /// The value of CURLOPT_CONNECT_TO that undoes the replacement.
    var connectTo: String?

    var address: String { "\(host):\(port)" }
    var bareHost: String { host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host }

    init(_ request: HTTPRequest) throws(HTTPFailure) {
        let shown = printable(url: request.url)
        let parts = URLParts()
        if let problem = parts.set(CURLUPART_URL, request.url, CURLU_PATH_AS_IS) { throw .badURL("\(problem): \(shown)") }
        guard let scheme = parts.get(CURLUPART_SCHEME), scheme == "https" || scheme == "http" else {
            throw .badURL("neither https nor http: \(shown)")
        }
        guard let host = parts.get(CURLUPART_HOST), !host.isEmpty,
            let port = parts.get(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap({ Int($0) })
        else { throw .badURL("no host: \(shown)") }
        guard parts.get(CURLUPART_USER) == nil, parts.get(CURLUPART_PASSWORD) == nil else {
            throw .badURL("it holds a user name or password, which belong elsewhere: \(shown)")
        }
        self.scheme = scheme
        self.host = host
        self.port = port
        authority = host + (parts.get(CURLUPART_PORT).map { ":\($0)" } ?? "")
        if scheme == "https", let name = request.endpoint.tlsServerName, !name.isEmpty {
            let bracketed = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
            if let problem = parts.set(CURLUPART_HOST, bracketed) { throw .badURL("\(problem) in the TLS server name \(name)") }
            connectTo = "\(bracketed):\(port):\(host):\(port)"
        }
        guard let url = parts.get(CURLUPART_URL) else { throw .badURL(shown) }
        self.url = url
    }
}

/// The owner of a CURLU handle.
struct URLParts: ~Copyable {
    private let handle = curl_url()

    deinit { curl_url_cleanup(handle) }

    /// The problem with the value, if any.
    func set(_ part: CURLUPart, _ value: String, _ flags: Int32 = 0) -> String? {
        let code = curl_url_set(handle, part, value, UInt32(flags))
        return code == CURLUE_OK ? nil : String(cString: curl_url_strerror(code)).lowercased()
    }

    func get(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
