package import Foundation
import CCurl

/// The version of HTTP that an exchange used.
package enum HTTPVersion: String, Sendable, Hashable {
    case http10 = "HTTP/1.0"
    case http11 = "HTTP/1.1"
    case http2 = "HTTP/2"
    case unknown = "HTTP"
}

/// Where the time of an exchange went, in seconds from its start to the end of each rung; the last attempt's, when there were
/// several.
/// On a connection that was there already, `dns`, `connect` and `tls` are 0.
package struct HTTPTiming: Sendable, Hashable {
    package var dns: Double
    package var connect: Double
    package var tls: Double
    package var firstByte: Double
    package var total: Double
}

/// A server's answer, whatever its status, with the whole body. Its description withholds the body.
package struct HTTPResponse: Sendable, Hashable {
    package var status: Int
    package var headers: [HTTPHeader]
    package var body: Data
    package var version: HTTPVersion
    package var timing: HTTPTiming
    /// Whether the exchange found a connection open.
    package var reusedConnection: Bool
    /// The server's (or proxy's) address that the connection went to.
    package var remoteAddress: String
    /// How often the request was sent, this answer's time included.
    package var attempts: Int
    /// When the answer was complete, by this machine's clock, in seconds since 1970.
    package var receivedAt: Double

    /// The first header of this name; upper and lower case are the same.
    package func header(_ name: String) -> String? { headers.first(named: name) }

    /// The `Date` header in seconds since 1970: what the server thinks the time is. `nil`: absent or not a date.
    package var date: Int? { header("Date").flatMap(epochSeconds(httpDate:)) }
}

/// The head of an answer whose body is still coming.
package struct HTTPStream: Sendable {
    package var status: Int
    package var headers: [HTTPHeader]
    package var version: HTTPVersion
    /// The body in the pieces in which it arrives. Throws `HTTPFailure`. Leaving the loop, or the task's cancellation, ends the
    /// transfer.
    package var body: AsyncThrowingStream<Data, any Error>

    /// The first header of this name; upper and lower case are the same.
    package func header(_ name: String) -> String? { headers.first(named: name) }
}

extension [HTTPHeader] {
    func first(named name: String) -> String? {
        first { $0.name.caseInsensitiveCompare(name) == .orderedSame }?.value
    }
}

/// Seconds since 1970 of an HTTP date, in any of the three forms of RFC 9110.
func epochSeconds(httpDate: String) -> Int? {
    let seconds = curl_getdate(httpDate, nil)
    return seconds < 0 ? nil : seconds
}

extension HTTPResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(version.rawValue) \(status) (\(body.count) bytes)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["response": description]) }
}
