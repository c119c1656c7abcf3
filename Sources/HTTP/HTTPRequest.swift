package import Foundation

/// One header line. Its description withholds the value of headers that carry credentials.
package struct HTTPHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether the value is a credential and must not be printed.
    var isSecret: Bool {
        switch name.lowercased() {
        case "authorization", "proxy-authorization", "cookie", "set-cookie", "x-goog-iam-authorization-token": true
        default: false
        }
    }
}

/// When a request may be sent again: after a connection that broke, or a 429 or 503 answer. The pauses grow with jitter, honour
/// `Retry-After`, and never reach beyond the request's deadline.
package enum RetryPolicy: Sendable, Hashable {
    /// Never; also not on a kept-alive connection that turns out to be dead, so the request opens its own connection.
    case never
    /// If the method is idempotent (RFC 9110): GET, HEAD, OPTIONS, TRACE, PUT, DELETE.
    case whenSafe
    /// Whatever the method: the caller knows that repeating does no harm (an access review, a server-side apply).
    case vouched
}

/// One HTTP exchange to make.
///
/// The description shows method, URL without query, and sizes; never header values, body or keys.
package struct HTTPRequest: Sendable {
    package var method: String
    /// `https://host:port/path?query`; also `http`. Must not hold a user name or password.
    package var url: String
    package var headers: [HTTPHeader]
    package var body: Data?
    /// How to connect: trust, client certificate, proxy. Exchanges with different endpoints never share a connection.
    package var endpoint: HTTPEndpoint
    /// Time for the whole exchange from `send` on, with name lookup, retries and pauses.
    package var deadline: Duration
    /// Time for one attempt to look up the name, connect and shake hands; cut short by `deadline`.
    package var connectTimeout: Duration
    /// Most bytes of (decompressed) body to accept; more is `HTTPFailure.bodyTooLarge`. For a stream, over its whole life.
    package var maximumBodyBytes: Int
    package var retries: RetryPolicy
    /// Whether to offer gzip.
    package var acceptsCompression: Bool

    package init(
        method: String = "GET", url: String, headers: [HTTPHeader] = [], body: Data? = nil,
        endpoint: HTTPEndpoint = HTTPEndpoint(),
        deadline: Duration = .seconds(30), connectTimeout: Duration = .seconds(10), maximumBodyBytes: Int = 64 << 20,
        retries: RetryPolicy = .whenSafe, acceptsCompression: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.endpoint = endpoint
        self.deadline = deadline
        self.connectTimeout = connectTimeout
        self.maximumBodyBytes = maximumBodyBytes
        self.retries = retries
        self.acceptsCompression = acceptsCompression
    }

    /// Whether the request may be sent a second time, by its method or by the caller's word.
    var mayRepeat: Bool {
        switch retries {
        case .never: false
        case .vouched: true
        case .whenSafe: ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(method)
        }
    }
}

extension HTTPHeader: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { isSecret ? "\(name): (withheld)" : "\(name): \(value)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["header": description]) }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(method) \(printable(url: url))" + (body.map { " (\($0.count) bytes)" } ?? "") }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// A URL as it may be printed: without user, password, query and fragment, where tokens hide.
func printable(url: String) -> String {
    var text = url.prefix { $0 != "?" && $0 != "#" }
    if let scheme = text.range(of: "://") {
        let authority = text[scheme.upperBound...].prefix { $0 != "/" }
        if let at = authority.lastIndex(of: "@") {
            text.removeSubrange(scheme.upperBound...at)
        }
    }
    return String(text)
}
