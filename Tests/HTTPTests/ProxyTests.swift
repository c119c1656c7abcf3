import Foundation
import Peers
import Testing

@testable import HTTP

/// Through real proxies, and the choice of one.
@Suite(.timeLimit(.minutes(2))) struct ProxyTests {
    func nginx() async throws -> Nginx {
        try await Nginx(
            identity: serverIdentity, locations: "location / { return 200 \"$http_host $http_authorization $remote_addr\"; }")
    }

    func request(_ nginx: Nginx, _ proxy: String, host: String = "127.0.0.1") -> HTTPRequest {
        var endpoint = trusting
        endpoint.proxy = proxy
        var request = get("https://\(host):\(nginx.port)/", endpoint)
        request.headers = [HTTPHeader("Authorization", "Bearer t0ken")]
        return request
    }

    @Test func httpProxy() async throws {
        let nginx = try await nginx()
        let proxy = try await HTTPProxy()
        let response = try await client.send(request(nginx, "http://127.0.0.1:\(proxy.port)"))
        #expect(response.text.hasPrefix("127.0.0.1:\(nginx.port) Bearer t0ken"))
        #expect(response.version == .http2)
        #expect(await eventually { proxy.log.contains("CONNECT 127.0.0.1:\(nginx.port)") })
        // A direct connection to the same server is another one.
        #expect(try await !client.send(get("https://127.0.0.1:\(nginx.port)/")).reusedConnection)
    }

    @Test func theTokenIsNotForTheProxy() async throws {
        let (heads, note) = AsyncStream<String>.makeStream()
        let spy = try Listener { connection in
            note.yield(connection.read(until: "\r\n\r\n") ?? "")
            connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        }
        var target = request(try await nginx(), "http://user:pa%20ss@127.0.0.1:\(spy.port)")
        target.endpoint.tlsServerName = "localhost"
        let problem = try #require(await failure(target))
        guard case .proxy(let detail) = problem else { throw PeerError(description: "\(problem)") }
        #expect(detail.contains("403") && !detail.contains("pa%20ss") && !detail.contains("pa ss"))
        for await head in heads {
            #expect(!head.contains("t0ken"))
            #expect(head.contains("Proxy-Authorization: Basic " + Data("user:pa ss".utf8).base64EncodedString()))
            // To the server's address, not to the name in its certificate.
            #expect(head.hasPrefix("CONNECT 127.0.0.1:"))
            break
        }
    }

    @Test func proxyCredentials() async throws {
        let nginx = try await nginx()
        let proxy = try await HTTPProxy(user: "mesh", password: "s3cret")
        #expect(try await client.send(request(nginx, "http://mesh:s3cret@127.0.0.1:\(proxy.port)")).status == 200)
        let problem = await failure(request(nginx, "http://mesh:wr0ng@127.0.0.1:\(proxy.port)"))
        guard case .proxy(let detail) = problem else { throw PeerError(description: "\(String(describing: problem))") }
        #expect(detail.contains("40") && !detail.contains("wr0ng"))
    }

    /// The proxy must satisfy the endpoint's own trust, as with client-go.
    @Test func proxyBehindTLS() async throws {
        let nginx = try await nginx()
        let proxy = try await HTTPProxy()
        let front = try await TLSFront(serverIdentity, to: proxy.port)
        let response = try await client.send(request(nginx, "https://127.0.0.1:\(front.port)"))
        #expect(response.status == 200 && response.version == .http2)
        #expect(await eventually { proxy.log.contains("CONNECT 127.0.0.1:\(nginx.port)") })
        let stranger = try await TLSFront(.make(.server(), by: .make(.authority("Other"))), to: proxy.port)
        let problem = await failure(request(nginx, "https://127.0.0.1:\(stranger.port)"))
        guard case .proxy = problem else { throw PeerError(description: "\(String(describing: problem))") }
    }

    @Test func socksProxy() async throws {
        let nginx = try await nginx()
        let proxy = try await SOCKSProxy()
        #expect(try await client.send(request(nginx, "socks5://127.0.0.1:\(proxy.port)")).status == 200)
        // The proxy resolves the name, as with client-go.
        #expect(try await client.send(request(nginx, "socks5://127.0.0.1:\(proxy.port)", host: "localhost")).status == 200)
        #expect(await eventually { proxy.log.contains("localhost:\(nginx.port)") })
    }

    @Test func aProxyThatIsDown() async throws {
        let nginx = try await nginx()
        let port = try Listener.freePort()
        for scheme in ["http", "socks5", "https"] {
            let problem = await failure(request(nginx, "\(scheme)://user:s3cret@127.0.0.1:\(port)"))
            guard case .proxy(let detail) = problem else {
                throw PeerError(description: "\(scheme): \(String(describing: problem))")
            }
            #expect(!detail.contains("s3cret"))
        }
        guard case .proxy = await failure(request(nginx, "http://no-such-host.invalid:3128")) else {
            throw PeerError(description: "not .proxy")
        }
        guard case .badURL = await failure(request(nginx, "quic://127.0.0.1:1")) else {
            throw PeerError(description: "not .badURL")
        }
    }

    @Test func aProxyCannotReachTheServer() async throws {
        let proxy = try await SOCKSProxy()
        var endpoint = trusting
        endpoint.proxy = "socks5://127.0.0.1:\(proxy.port)"
        guard case .proxy = await failure(get("https://127.0.0.1:\(try Listener.freePort())/", endpoint)) else {
            throw PeerError(description: "not .proxy")
        }
    }

    // MARK: The environment

    struct Case: Sendable, CustomTestStringConvertible {
        var url: String
        var environment: [String: String]
        var proxy: String?
        var testDescription: String { "\(url) \(environment)" }

        init(_ url: String, _ environment: [String: String], _ proxy: String?) {
            self.url = url
            self.environment = environment
            self.proxy = proxy
        }
    }

    static let cases = [
        Case("https://api.example", [:], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy"], "http://proxy:80/"),
        Case("https://api.example", ["https_proxy": "proxy:3128"], "http://proxy:3128/"),
        Case("https://api.example", ["HTTPS_PROXY": "http://a", "https_proxy": "http://b"], "http://a:80/"),
        Case("https://api.example", ["HTTPS_PROXY": "https://proxy"], "https://proxy:443/"),
        Case("https://api.example", ["HTTPS_PROXY": "socks5://proxy"], "socks5h://proxy:1080/"),
        Case("https://api.example", ["HTTPS_PROXY": ""], nil),
        Case("https://api.example", ["HTTP_PROXY": "http://proxy", "ALL_PROXY": "http://proxy"], nil),
        Case("http://api.example", ["HTTP_PROXY": "http://proxy"], "http://proxy:80/"),
        Case("https://localhost", ["HTTPS_PROXY": "http://proxy"], nil),
        Case("https://127.8.9.1:6443", ["HTTPS_PROXY": "http://proxy"], nil),
        Case("https://[::1]:6443", ["HTTPS_PROXY": "http://proxy"], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "*"], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "no_proxy": " other, Example "], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "api.example"], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": ".api.example"], "http://proxy:80/"),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "*.example"], nil),
        Case("https://notexample", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "example"], "http://proxy:80/"),
        Case("https://api.example:6443", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "api.example:6443"], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "api.example:6443"], "http://proxy:80/"),
        Case("https://10.1.2.3", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "10.0.0.0/8"], nil),
        Case("https://11.1.2.3", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "10.0.0.0/8"], "http://proxy:80/"),
        Case("https://10.1.2.3", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "10.1.2.3"], nil),
        Case("https://10.1.2.31", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "10.1.2.3"], "http://proxy:80/"),
        Case("https://[fd00::1]", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "fd00::/16"], nil),
        Case("https://[fd00::1]:1", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": "[fd00::1]:1"], nil),
        Case("https://api.example", ["HTTPS_PROXY": "http://proxy", "NO_PROXY": ",, ,"], "http://proxy:80/"),
    ]

    @Test(arguments: cases) func choosesAsClientGoDoes(_ example: Case) throws {
        let target = try Target(HTTPRequest(url: example.url))
        #expect(try ProxyChoice(environment: example.environment).proxy(for: target, endpoint: HTTPEndpoint()) == example.proxy)
    }

    @Test func theEndpointsProxyCountsEvenForLoopback() throws {
        let choice = ProxyChoice(environment: ["HTTPS_PROXY": "http://other", "NO_PROXY": "*"])
        let target = try Target(HTTPRequest(url: "https://127.0.0.1:6443"))
        #expect(try choice.proxy(for: target, endpoint: HTTPEndpoint(proxy: "http://own:8080")) == "http://own:8080/")
    }

    @Test func anEndpointMayRefuseEveryProxy() throws {
        let choice = ProxyChoice(environment: ["HTTP_PROXY": "http://other"])
        let target = try Target(HTTPRequest(url: "http://169.254.169.254/"))
        #expect(try choice.proxy(for: target, endpoint: HTTPEndpoint()) == "http://other:80/")
        #expect(try choice.proxy(for: target, endpoint: HTTPEndpoint(ignoresProxies: true)) == nil)
    }
}
