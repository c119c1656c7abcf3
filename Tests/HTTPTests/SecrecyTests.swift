import Foundation
import HTTP
import Peers
import Testing

/// Nothing that can be printed prints a secret.
@Suite(.timeLimit(.minutes(2))) struct SecrecyTests {
    static let secrets = ["t0ken", "pr0xypass", "b0dysecret", "qu3ry", "PRIVATE KEY", root.keyPEM.base64EncodedString()]

    let request = HTTPRequest(
        method: "POST", url: "https://user:pr0xypass@api.example/path?token=qu3ry#qu3ry",
        headers: [HTTPHeader("authorization", "Bearer t0ken")],
        body: Data("b0dysecret".utf8),
        endpoint: HTTPEndpoint(
            certificateAuthorityPEM: root.certificatePEM, clientCertificatePEM: root.certificatePEM, clientKeyPEM: root.keyPEM,
            proxy: "http://user:pr0xypass@proxy:1"))

    func texts(_ value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        return ["\(value)", String(reflecting: value), dumped]
    }

    @Test func requestsAndEndpoints() {
        for value in [request, request.endpoint, request.headers, request.headers[0], [request], Optional(request) as Any]
            as [Any]
        {
            for text in texts(value) {
                for secret in Self.secrets { #expect(!text.contains(secret), "\(type(of: value))") }
            }
        }
        #expect("\(request)" == "POST https://api.example/path (10 bytes)")
        #expect("\(request.endpoint)" == "HTTPEndpoint(own trust, client certificate, proxy http://proxy:1)")
    }

    @Test func responses() async throws {
        let listener = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write(answer("200 OK", "b0dysecret", "Set-Cookie: t0ken\r\nX-Open: yes\r\n"))
        }
        let response = try await client.send(get("http://127.0.0.1:\(listener.port)/", HTTPEndpoint()))
        #expect(response.text == "b0dysecret")
        for text in texts(response) + texts(response.headers) {
            for secret in Self.secrets { #expect(!text.contains(secret)) }
        }
        #expect("\(response.headers)".contains("X-Open: yes"))
    }

    @Test func failuresNameNoSecret() async throws {
        var bad = request
        bad.url = "https://127.0.0.1:\(try Listener.freePort())/path?token=qu3ry"
        for url in [bad.url, request.url, "https://user:pr0xypass@[bad?qu3ry"] {
            bad.url = url
            let problem = try #require(await failure(bad))
            for text in texts(problem) { for secret in Self.secrets { #expect(!text.contains(secret), "\(problem)") } }
        }
    }
}
