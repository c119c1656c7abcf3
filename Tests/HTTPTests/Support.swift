import Foundation
import HTTP
import Peers
import Testing

/// One client for all tests, as in the program.
let client = HTTPClient(userAgent: "isthmus-test/1")

let root = Identity.make(.authority())
let serverIdentity = Identity.make(.server(), by: root)
let trusting = HTTPEndpoint(certificateAuthorityPEM: root.certificatePEM)

func get(_ url: String, _ endpoint: HTTPEndpoint = trusting, deadline: Duration = .seconds(10), cap: Int = 64 << 20)
    -> HTTPRequest
{
    HTTPRequest(url: url, endpoint: endpoint, deadline: deadline, maximumBodyBytes: cap)
}

/// The failure of a request that must fail.
func failure(_ request: HTTPRequest, sourceLocation: SourceLocation = #_sourceLocation) async -> HTTPFailure? {
    do throws(HTTPFailure) {
        let response = try await client.send(request)
        Issue.record("an answer where a failure was due: \(response)", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// The kind of a TLS failure; `nil` for any other failure.
func kind(_ failure: HTTPFailure?) -> TLSFailureKind? {
    if case .tls(let kind, _) = failure { kind } else { nil }
}

/// Waits until the condition holds, five seconds at most.
func eventually(_ condition: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(5)
    while !condition() {
        if ContinuousClock.now > end { return false }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return true
}

/// An answer of HTTP/1.1 with a length.
func answer(_ status: String, _ body: String = "", _ headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}
