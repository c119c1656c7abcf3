import Foundation
import HTTP
import Peers
import Synchronization
import Testing

@testable import Kubernetes

/// Servers that are no API server, or a broken one. Each must end in an error that names cluster and URL, and delay nobody else.
@Suite(.timeLimit(.minutes(1))) struct BadPeerTests {
    static let identity = Identity.make(.server(), by: APIServer.authority)

    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func client(
        _ url: String, user: String = "token: Sw0rdfish", timeout: Duration = .seconds(10), trust: Identity? = APIServer.authority
    ) throws -> KubernetesClient {
        let authority = trust.map { ", certificate-authority-data: \($0.certificatePEM.base64EncodedString())" } ?? ""
        let access = try scratch.access(user: user, cluster: "server: \"\(url)\"\(authority)", name: UUID().uuidString)
        return KubernetesClient(access: access, http: sharedHTTP, timeout: timeout, plugins: ExecCache(trust: ExecTrust()))
    }

    private func error(_ client: KubernetesClient) async -> KubernetesError? {
        do {
            _ = try await client.list(Resource.namespaces.path(), as: JSONValue.self)
            Issue.record("an answer where an error was due")
            return nil
        } catch {
            return error
        }
    }

    struct Peer: Sendable, CustomTestStringConvertible {
        let name: String
        /// What nginx does with any request.
        let location: String
        let says: String
        var status: Int?
        var testDescription: String { name }
    }

    static let peers = [
        Peer(
            name: "HTML", location: "default_type text/html; return 200 '<!DOCTYPE html>\n<title>Login</title>';",
            says: #"HTTP 200, but not from a Kubernetes API (text/html, "<!DOCTYPE html> <title>Login</title>")"#, status: 200),
        Peer(name: "empty", location: "return 200 '';", says: "an empty body", status: 200),
        Peer(
            name: "half a JSON", location: "default_type application/json; return 200 '{\"metadata\":{},\"items\":[{\"meta';",
            says: "the answer cannot be read at its beginning: it is not valid JSON, or is cut off"),
        Peer(
            name: "another JSON", location: "default_type application/json; return 200 '{\"hello\":\"world\"}';",
            says: "the answer cannot be read at its beginning: the key metadata is missing"),
        Peer(
            name: "a list of wrong things",
            location: "default_type application/json; return 200 '{\"metadata\":{},\"items\":7}';",
            says: "the answer cannot be read at items: expected Array"),
        Peer(
            name: "100 MB", location: "default_type application/json; try_files /big =404;",
            says: "the answer is larger than 67108864 bytes"),
        Peer(
            name: "401", location: "default_type text/html; return 401 '<h1>Authorization Required</h1>';",
            says: "HTTP 401 (the credential was not accepted), but not from a Kubernetes API", status: 401),
        Peer(
            name: "403 with escapes",
            location: "return 403 'Access denied \u{1b}[2J by proxy token=eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.c2ln';",
            says:
                #"HTTP 403 (the credential is not allowed to do this), but not from a Kubernetes API (text/plain, "Access denied \u{1b}[2J by proxy token=REDACTED")"#,
            status: 403),
        Peer(
            name: "403 of Kubernetes",
            location:
                "default_type application/json; return 403 '{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"namespaces is forbidden\",\"code\":403}';",
            says: "HTTP 403 (the credential is not allowed to do this): namespaces is forbidden", status: 403),
        Peer(name: "404", location: "return 404;", says: "HTTP 404 (not found), but not from a Kubernetes API", status: 404),
        Peer(
            name: "429", location: "add_header Retry-After 1 always; return 429 'Too many requests, please try again later.';",
            says: "HTTP 429 (too many requests), but not from a Kubernetes API", status: 429),
        Peer(
            name: "500", location: "return 500 'boom';",
            says: #"HTTP 500 (the server failed), but not from a Kubernetes API (text/plain, "boom")"#, status: 500),
        Peer(name: "503", location: "return 503;", says: "HTTP 503 (the server is not available)", status: 503),
        Peer(
            name: "redirect loop", location: "return 302 https://$host:$server_port$request_uri;",
            says: "the server redirects (302) to https://"),
    ]

    @Test(arguments: peers) func overTLS(_ peer: Peer) async throws {
        let nginx = try await Nginx(identity: Self.identity, locations: "location / { \(peer.location) }")
        if peer.name == "100 MB" {
            let file = try nginx.folder.write("big", Data("{\"metadata\":{},\"items\":[\"".utf8))
            try FileHandle(forWritingTo: URL(filePath: file)).truncate(atOffset: 100 << 20)
        }
        let error = try #require(await error(try client("https://127.0.0.1:\(nginx.port)/prefix/", timeout: .seconds(4))))
        let text = error.description
        #expect(text.hasPrefix("cluster c: GET https://127.0.0.1:\(nginx.port)/prefix/api/v1/namespaces: "), "\(text)")
        #expect(text.contains(peer.says), "\(text)")
        #expect(error.httpStatus == peer.status)
        #expect(
            !text.contains("Sw0rdfish") && !text.contains("eyJ") && !text.unicodeScalars.contains { $0.value < 0x20 }, "\(text)")
    }

    @Test func noServerAtAll() async throws {
        let port = try Listener.freePort()
        let refused = try #require(await error(try client("https://127.0.0.1:\(port)")))
        #expect(
            refused.description
                == "cluster c: GET https://127.0.0.1:\(port)/api/v1/namespaces: 127.0.0.1:\(port) refused the connection")
        let unknown = try #require(await error(try client("https://no-such-host.invalid", timeout: .seconds(5))))
        guard case .transport(.nameNotFound("no-such-host.invalid")) = unknown.cause else {
            Issue.record("\(unknown)")
            return
        }
    }

    @Test func anotherAuthority() async throws {
        let nginx = try await Nginx(identity: Self.identity, locations: "location / { return 200; }")
        let other = Identity.make(.authority("isthmus-test-ca"))
        let error = try #require(await error(try client("https://127.0.0.1:\(nginx.port)", trust: other)))
        guard case .transport(.tls(.unknownAuthority, _)) = error.cause else {
            Issue.record("\(error)")
            return
        }
        // The credential must not have been sent.
        #expect(nginx.log.isEmpty)
    }

    @Test func notTLS() async throws {
        let nginx = try await Nginx(locations: "location / { return 200; }")
        let error = try #require(await error(try client("https://127.0.0.1:\(nginx.port)")))
        guard case .transport(.notTLS) = error.cause else {
            Issue.record("\(error)")
            return
        }
    }

    /// A server that never answers, one that never ends its answer, and one that drops the connection, beside one that is well:
    /// the well one is not delayed.
    @Test func aSilentServerDelaysNobody() async throws {
        let silent = try Listener { $0.hang() }
        let behind = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.hang()
        }
        let proxy = try await Nginx(
            identity: Self.identity,
            locations: "location / { proxy_pass http://127.0.0.1:\(behind.port); proxy_read_timeout 60s; }")
        let half = try Listener { connection in
            connection.read(until: "\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"metadata\":")
        }
        let well = try await Nginx(
            identity: Self.identity,
            locations: "location / { return 200 '{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"a\"}}]}'; }")
        async let noHandshake = error(try client("https://127.0.0.1:\(silent.port)", timeout: .seconds(6)))
        async let noAnswer = error(try client("https://127.0.0.1:\(proxy.port)", timeout: .seconds(6)))
        async let noEnd = error(try client("http://127.0.0.1:\(half.port)", user: "", timeout: .seconds(6), trust: nil))
        let good = try client("https://127.0.0.1:\(well.port)")
        let began = ContinuousClock.now
        for _ in 0..<20 { #expect(try await good.list(Resource.namespaces.path(), as: JSONValue.self).items.count == 1) }
        #expect(ContinuousClock.now - began < .seconds(5))
        switch try #require(try await noHandshake).cause {
        case .transport(.timedOut(_, .handshaking)), .transport(.connectTimedOut): break
        case let cause: Issue.record("\(cause)")
        }
        guard case .transport(.timedOut(_, .waiting)) = try #require(try await noAnswer).cause else {
            Issue.record("\(String(describing: try await noAnswer))")
            return
        }
        guard case .transport(.closed(.receiving)) = try #require(try await noEnd).cause else {
            Issue.record("\(String(describing: try await noEnd))")
            return
        }
    }

    // MARK: Lists and watches that go wrong half way

    /// Answers each request on a connection of its own with the next text.
    private func scripted(_ answers: [String]) throws -> (Listener, Requests) {
        let requests = Requests(answers)
        let listener = try Listener { connection in
            guard let head = connection.read(until: "\r\n\r\n") else { return }
            let body = requests.next(head)
            connection.write(body)
        }
        return (listener, requests)
    }

    private func json(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    private let gone = #"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#

    @Test func aListThatExpiresBeginsAnew() async throws {
        let (listener, requests) = try scripted([
            json(#"{"metadata":{"continue":"one"},"items":[1]}"#), json(gone, status: "410 Gone"),
            json(#"{"metadata":{"continue":"two"},"items":[2]}"#), json(#"{"metadata":{"resourceVersion":"9"},"items":[3]}"#),
        ])
        let client = try client("http://127.0.0.1:\(listener.port)", user: "", trust: nil)
        let list = try await client.list("/api/v1/pods", as: Int.self, pageSize: 1)
        #expect(list.items == [2, 3] && list.resourceVersion == "9" && list.pages == 2)
        #expect(requests.targets.map { $0.contains("continue=one") } == [false, true, false, false])
        #expect(requests.targets.last?.contains("continue=two") == true)
    }

    @Test func aListThatAlwaysExpiresOrTurnsInACircleEnds() async throws {
        let page = json(#"{"metadata":{"continue":"one"},"items":[1]}"#)
        let expiring = try scripted(Array(repeating: [page, json(gone, status: "410 Gone")], count: 5).flatMap(\.self))
        let first = try client("http://127.0.0.1:\(expiring.0.port)", user: "", trust: nil)
        let error = await #expect(throws: KubernetesError.self) { try await first.list("/api/v1/pods", as: Int.self) }
        #expect(error?.isGone == true && expiring.1.targets.count == 6)
        let circle = try scripted(Array(repeating: page, count: 5))
        let second = try client("http://127.0.0.1:\(circle.0.port)", user: "", trust: nil)
        let same = await #expect(throws: KubernetesError.self) { try await second.list("/api/v1/pods", as: Int.self) }
        #expect(same?.description.contains("the same page again") == true)
    }

    @Test func aServerThatSendsASecretsDataWhereOnlyMetadataWasAskedForIsAnError() async throws {
        let (listener, requests) = try scripted([
            json(#"{"kind":"Secret","metadata":{"name":"s"},"data":{"key":"U3cwcmRmaXNo"}}"#)
        ])
        let client = try client("http://127.0.0.1:\(listener.port)", user: "", trust: nil)
        let error = await #expect(throws: KubernetesError.self) {
            try await client.findMetadata("/api/v1/secrets/s", as: JSONValue.self)
        }
        #expect(error?.description.contains("only metadata was asked for, and the server sent more") == true)
        #expect(error?.description.contains("U3cw") == false)
        #expect(
            requests.heads.first?.contains("Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1\r\n") == true)
    }

    @Test func aWatchGoesOnAfterABreakAndBeginsAnewWhenItIsTooOld() async throws {
        func event(_ type: String, _ name: String, _ version: Int) -> String {
            #"{"type":"\#(type)","object":{"metadata":{"name":"\#(name)","resourceVersion":"\#(version)"}}}"# + "\n"
        }
        func chunked(_ text: String, end: Bool = true) -> String {
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                + "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" + (end ? "0\r\n\r\n" : "")
        }
        func list(_ version: Int, _ names: String...) -> String {
            let items = names.map { #"{"metadata":{"name":"\#($0)"}}"# }.joined(separator: ",")
            return json(#"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(items)]}"#)
        }
        let expired = #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"# + "\n"
        let (listener, requests) = try scripted([
            list(1, "a"), chunked(event("ADDED", "b", 2) + event("BOOKMARK", "", 5), end: false),
            chunked(event("MODIFIED", "b", 6)), chunked(expired), list(9, "c"), chunked(event("DELETED", "c", 10)),
        ])
        let client = try client("http://127.0.0.1:\(listener.port)", user: "", trust: nil)
        var seen: [String] = []
        for try await event in client.watch("/api/v1/pods", as: JSONValue.self, deadline: .seconds(20)) {
            switch event {
            case .all(let all): seen.append("all \(all.compactMap { $0["metadata"]?["name"]?.string })")
            case .added(let object): seen.append("added \(object["metadata"]?["name"]?.string ?? "")")
            case .modified(let object): seen.append("modified \(object["metadata"]?["name"]?.string ?? "")")
            case .deleted(let object): seen.append("deleted \(object["metadata"]?["name"]?.string ?? "")")
            }
            if seen.count == 5 { break }
        }
        #expect(seen == [#"all ["a"]"#, "added b", "modified b", #"all ["c"]"#, "deleted c"])
        let versions = requests.targets.map { target in
            target.split(separator: "&").first { $0.hasPrefix("resourceVersion=") }.map { $0.dropFirst(16).description } ?? ""
        }
        #expect(versions.prefix(6) == ["", "1", "5", "6", "", "9"])
    }

    @Test func versionsOfEveryVendor() async throws {
        let cases: [(String, Int?)] = [
            (#"{"major":"1","minor":"30","gitVersion":"v1.30.5-gke.1014001"}"#, 1030),
            (#"{"major":"1","minor":"27+","gitVersion":"v1.27.16-eks-a18cd3a"}"#, 1027),
            (#"{"gitVersion":"v1.28.3+rke2r1"}"#, 1028), (#"{"major":"1","minor":"29+"}"#, 1029),
            (#"{"gitVersion":"devel"}"#, nil),
        ]
        for (body, number) in cases {
            let (listener, _) = try scripted([json(body)])
            let version = try await client("http://127.0.0.1:\(listener.port)", user: "", trust: nil).version()
            #expect(version.number == number)
        }
        let (listener, _) = try scripted([json("{}")])
        let client = try client("http://127.0.0.1:\(listener.port)", user: "", trust: nil)
        await #expect(throws: KubernetesError.self) { try await client.version() }
    }
}

/// The requests that came, and the answers that are left.
final class Requests: Sendable {
    private let state: Mutex<(answers: ArraySlice<String>, heads: [String])>

    init(_ answers: [String]) { state = Mutex((answers[...], [])) }

    func next(_ head: String) -> String {
        state.withLock {
            $0.heads.append(head)
            return $0.answers.popFirst() ?? ""
        }
    }

    var heads: [String] { state.withLock { $0.heads } }

    /// Path and query of each request.
    var targets: [String] { heads.map { $0.split(separator: " ").dropFirst().first.map(String.init) ?? "" } }
}
