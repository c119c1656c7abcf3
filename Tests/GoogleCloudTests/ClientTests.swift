import Foundation
import HTTP
import Peers
import Secrecy
import Testing

@testable import GoogleCloud

private struct Thing: Decodable, Sendable, Hashable {
    let name: String
    let state: String?
    let size: GoogleInt?

    init(name: String, state: String? = nil, size: GoogleInt? = nil) {
        self.name = name
        self.state = state
        self.size = size
    }
}

private struct Page: GooglePage {
    let resources: [Thing]?
    let nextPageToken: String?
    private let unreachablePlaces: [String]?
    var items: [Thing] { resources ?? [] }
    var unreachable: [String] { unreachablePlaces ?? [] }

    private enum CodingKeys: String, CodingKey {
        case resources, nextPageToken
        case unreachablePlaces = "unreachable"
    }
}

/// The client against a stand-in: a real nginx with TLS before a script.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ClientTests {
    /// A client with the token `t0ken`, which asks the stand-in.
    func client(_ google: StandIn, token: String = "t0ken", timeout: Duration = .seconds(30)) async throws -> GoogleClient {
        var machine = try Machine()
        machine.environment["GOOGLE_OAUTH_ACCESS_TOKEN"] = token
        for service in GoogleService.allCases { machine.overrides[service.rawValue] = google.url }
        return try machine.client(try #require(try await machine.find()), timeout: timeout)
    }

    func failure(_ google: StandIn, timeout: Duration = .seconds(30)) async throws -> GoogleFailure {
        let client = try await client(google, timeout: timeout)
        do throws(GoogleFailure) {
            let thing = try await client.get(Thing.self, .container, "/v1/projects/p/locations/-/clusters", permission: "a.b.c")
            throw GoogleFailure(kind: .other(status: 0), message: "an answer: \(thing)", url: "")
        } catch {
            return error
        }
    }

    @Test func followsPagesAndMergesWhatIsUnreachable() async throws {
        let google = try await StandIn { asked, _ in
            guard asked.headers["authorization"] == "Bearer t0ken" else { return .json("{}", status: 401) }
            return asked.path.hasSuffix("pageToken=two%2F%2B")
                ? .json(#"{"resources":[{"name":"b"}],"unreachable":["r1","r2"]}"#)
                : .json(
                    #"{"resources":[{"name":"a","state":"SOMETHING_NEW","size":"9007199254740993"}],"nextPageToken":"two/+","unreachable":["r1"]}"#
                )
        }
        let list = try await client(google).list(
            Page.self, .gkeHub, "/v1/projects/p/locations/-/memberships", query: [("pageSize", "1")])
        #expect(
            list.items == [Thing(name: "a", state: "SOMETHING_NEW", size: GoogleInt(9_007_199_254_740_993)), Thing(name: "b")])
        #expect(list.unreachable == ["r1", "r2"] && list.failure == nil && !list.isComplete)
        #expect(google.asked.map(\.path).first == "/v1/projects/p/locations/-/memberships?pageSize=1")
    }

    @Test func aPageThatFailsKeepsTheOnesBefore() async throws {
        let google = try await StandIn { _, before in
            before == 0
                ? .json(#"{"resources":[{"name":"a"}],"nextPageToken":"two"}"#)
                : .json(#"{"error":{"code":500,"status":"INTERNAL","message":"oh"}}"#, status: 500)
        }
        let list = try await client(google).list(Page.self, .gkeHub, "/v1/x")
        #expect(list.items == [Thing(name: "a")] && list.failure?.kind == .unavailable && !list.isComplete)
    }

    @Test(arguments: [500, 502, 504]) func oneStumbleIsForgiven(status: Int) async throws {
        let google = try await StandIn { _, before in before == 0 ? Told(status: status, body: "") : .json(#"{"name":"a"}"#) }
        #expect(try await client(google).get(Thing.self, .compute, "/compute/v1/x").name == "a")
        #expect(google.asked.count == 2)
    }

    @Test(arguments: [true, false]) func pagesThatNeverEnd(repeats: Bool) async throws {
        let google = try await StandIn { _, before in .json(#"{"nextPageToken":"\#(repeats ? before % 3 : before)"}"#) }
        let list = try await client(google).list(Page.self, .gkeHub, "/v1/x")
        #expect(list.failure?.kind == .malformed(at: "nextPageToken"))
        #expect(google.asked.count == (repeats ? 4 : GoogleClient.maximumPages))
    }

    @Test func anErrorWithAGoodStatus() async throws {
        let google = try await StandIn { _, _ in
            .json(#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no","details":[]}}"#)
        }
        let problem = try await failure(google)
        #expect(problem.kind == .permissionDenied(permission: "a.b.c"))
        #expect(problem.message == "HTTP 403 PERMISSION_DENIED: no")
    }

    @Test(arguments: [
        (#"{"name":1}"#, "name", "expected String"), (#"{"state":"x"}"#, "", "the key name is missing"),
        (#"{"name":"a","size":"many"}"#, "size", "not an integer"), (#"{"name":"a"#, "", "cut off"), ("", "", "an empty body"),
        ("<html>Welcome to the guest network</html>", "", "guest network"), ("[]", "", "\"[]\""), ("null", "", "\"null\""),
    ]) func answersThatCannotBeRead(body: String, place: String, said: String) async throws {
        let google = try await StandIn { _, _ in .json(body) }
        let problem = try await failure(google)
        #expect(problem.kind == .malformed(at: place))
        #expect(problem.message.contains(said), "\(problem)")
    }

    @Test func missingFieldsAndUnknownOnesAreNoFault() async throws {
        let google = try await StandIn { _, _ in .json(#"{"name":"a","new":{"thing":[1]}}"#) }
        #expect(try await client(google).get(Thing.self, .compute, "/compute/v1/x") == Thing(name: "a"))
    }

    @Test func tenMegabytes() async throws {
        let body = #"{"name":"\#(String(repeating: "x", count: 10 << 20))"}"#
        let google = try await StandIn { _, _ in .json(body) }
        #expect(try await client(google).get(Thing.self, .compute, "/compute/v1/x").name.utf8.count == 10 << 20)
    }

    @Test func anEndlessAnswer() async throws {
        let google = try await StandIn { _, _ in .json(String(repeating: " ", count: (32 << 20) + 1)) }
        let problem = try await failure(google)
        #expect(problem.kind == .malformed(at: "") && problem.message.contains("larger than"))
    }

    @Test func laterIsHonoured() async throws {
        let google = try await StandIn { _, before in
            before == 0
                ? Told(status: 429, headers: "Retry-After: 0\r\n", body: #"{"error":{"code":429,"message":"slow down"}}"#)
                : .json(#"{"name":"a"}"#)
        }
        #expect(try await client(google).get(Thing.self, .compute, "/compute/v1/x").name == "a")
        #expect(google.asked.count == 2)
    }

    @Test func muchLaterIsAFailureAtOnce() async throws {
        let google = try await StandIn { _, _ in
            Told(
                status: 429, headers: "Retry-After: 1000\r\n",
                body: #"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"slow down"}}"#)
        }
        #expect(try await failure(google).kind == .rateLimited)
        #expect(google.asked.count == 1)
    }

    @Test func silence() async throws {
        let listener = try Listener { $0.hang() }
        var machine = try Machine()
        machine.environment = ["GOOGLE_OAUTH_ACCESS_TOKEN": "t0ken"]
        machine.overrides["container"] = "http://127.0.0.1:\(listener.port)"
        let client = try machine.client(try #require(try await machine.find()), timeout: .milliseconds(300))
        let problem = await #expect(throws: GoogleFailure.self) { try await client.get(Thing.self, .container, "/v1/x") }
        #expect(problem?.kind == .deadline)
    }

    @Test func nobodyThere() async throws {
        var machine = try Machine()
        machine.environment = ["GOOGLE_OAUTH_ACCESS_TOKEN": "t0ken"]
        machine.overrides["container"] = "https://127.0.0.1:\(try Listener.freePort())"
        let client = try machine.client(try #require(try await machine.find()))
        let problem = await #expect(throws: GoogleFailure.self) { try await client.get(Thing.self, .container, "/v1/x") }
        #expect(problem?.kind == .unreachable && problem?.mend.contains("HTTPS_PROXY") == true)
    }

    @Test func anAuthorityThatIsNotTrusted() async throws {
        let google = try await StandIn { _, _ in .json(#"{"name":"a"}"#) }
        let endpoints = try GoogleEndpoints(environment: [:], overrides: ["container": google.url])
        var machine = try Machine()
        machine.environment = ["GOOGLE_OAUTH_ACCESS_TOKEN": "t0ken"]
        let client = GoogleClient(http: http, credentials: try #require(try await machine.find()), endpoints: endpoints)
        let problem = await #expect(throws: GoogleFailure.self) { try await client.get(Thing.self, .container, "/v1/x") }
        #expect(problem?.kind == .unreachable && problem?.mend.contains("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE") == true)
        #expect(google.asked.isEmpty)
    }

    @Test func postsAndSaysWhoPays() async throws {
        let google = try await StandIn { _, _ in .json(#"{"permissions":["a.b.c"]}"#) }
        var machine = try Machine()
        machine.environment = ["GOOGLE_OAUTH_ACCESS_TOKEN": "t0ken", "GOOGLE_CLOUD_QUOTA_PROJECT": "payer"]
        machine.overrides["cloudresourcemanager"] = "\(google.url)/"
        let client = try machine.client(try #require(try await machine.find()))
        let answer = try await client.post(
            [String: [String]].self, .cloudResourceManager, "/v1/projects/p:testIamPermissions", body: ["permissions": ["a.b.c"]])
        #expect(answer == ["permissions": ["a.b.c"]])
        let asked = try #require(google.asked.first)
        #expect(asked.method == "POST" && asked.path == "/v1/projects/p:testIamPermissions")
        #expect(asked.headers["x-goog-user-project"] == "payer" && asked.headers["content-type"] == "application/json")
        #expect(asked.body == #"{"permissions":["a.b.c"]}"#)
    }

    // MARK: Tokens

    @Test func aRefusedTokenIsFetchedAnewOnce() async throws {
        let google = try await StandIn { asked, before in
            if asked.path == "/token" { return .token("token-\(before)") }
            return asked.headers["authorization"] == "Bearer token-2" ? .json(#"{"name":"a"}"#) : .json("{}", status: 401)
        }
        var machine = try Machine()
        machine.overrides["container"] = google.url
        let credentials = try await machine.credentials(json(authorizedUser(tokenURL: "\(google.url)/token")))
        let client = try machine.client(credentials)
        #expect(try await client.get(Thing.self, .container, "/v1/x").name == "a")
        #expect(google.asked.map(\.path) == ["/token", "/v1/x", "/token", "/v1/x"])
    }

    @Test func aTokenThatIsRefusedForGood() async throws {
        let google = try await StandIn { asked, _ in
            asked.path == "/token"
                ? .token("t0ken") : .json(#"{"error":{"code":401,"status":"UNAUTHENTICATED","message":"expired"}}"#, status: 401)
        }
        var machine = try Machine()
        machine.overrides["container"] = google.url
        let credentials = try await machine.credentials(json(authorizedUser(tokenURL: "\(google.url)/token")))
        let client = try machine.client(credentials)
        let problem = await #expect(throws: GoogleFailure.self) { try await client.get(Thing.self, .container, "/v1/x") }
        #expect(problem?.kind == .unauthenticated && problem?.mend == "gcloud auth application-default login")
        #expect(google.asked.count == 4)
    }

    /// A fixed token is not tried twice.
    @Test func aGivenTokenThatExpired() async throws {
        let google = try await StandIn { _, _ in .json(#"{"error":{"code":401,"message":"expired"}}"#, status: 401) }
        let problem = try await failure(google)
        #expect(problem.kind == .unauthenticated && google.asked.count == 1)
        #expect(problem.mend == "export GOOGLE_OAUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\"")
    }

    @Test func manyRequestsShareOneRefresh() async throws {
        let google = try await StandIn { asked, _ in asked.path == "/token" ? .token("t0ken") : .json(#"{"name":"a"}"#) }
        var machine = try Machine()
        machine.overrides["container"] = google.url
        let credentials = try await machine.credentials(json(authorizedUser(tokenURL: "\(google.url)/token")))
        let client = try machine.client(credentials)
        try await withThrowingTaskGroup { group in
            for index in 0..<50 { group.addTask { try await client.get(Thing.self, .container, "/v1/\(index)") } }
            for try await thing in group { #expect(thing.name == "a") }
        }
        #expect(google.asked.filter { $0.path == "/token" }.count == 1 && google.asked.count == 51)
    }

    @Test func aTokenIsFetchedAnewBeforeItExpires() async throws {
        let google = try await StandIn { _, before in .token("token-\(before)", expiresIn: 3600) }
        let clock = TestClock()
        var machine = try Machine()
        machine.now = clock.now
        let credentials = try await machine.credentials(json(authorizedUser(tokenURL: "\(google.url)/token")))
        #expect(try await credentials.revealed == "token-0")
        clock.advance(3600 - TokenCache.margin - 2)
        #expect(try await credentials.revealed == "token-0")
        clock.advance(4)
        #expect(try await credentials.revealed == "token-1")
    }

    /// A refresh that fails leaves the old token in use while it lasts, and is not repeated with every request.
    @Test func aRefreshThatFails() async throws {
        let google = try await StandIn { _, before in
            before == 0 ? .token("token-0") : .json(#"{"error":"invalid_grant"}"#, status: 400)
        }
        let clock = TestClock()
        var machine = try Machine()
        machine.now = clock.now
        let credentials = try await machine.credentials(json(authorizedUser(tokenURL: "\(google.url)/token")))
        #expect(try await credentials.revealed == "token-0")
        clock.advance(3500)
        for _ in 0..<5 { #expect(try await credentials.revealed == "token-0") }
        #expect(google.asked.count == 2)
        clock.advance(101)
        await #expect(throws: CredentialFailure.self) { try await credentials.check() }
        await #expect(throws: CredentialFailure.self) { try await credentials.check() }
        #expect(google.asked.count == 3)
    }

    /// One that gives up does not take the token from the others.
    @Test func cancellation() async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let credentials = try await Machine().credentials(json(authorizedUser(tokenURL: "\(google.url)/token")))
        let cancelled = Task { try await credentials.revealed }
        cancelled.cancel()
        async let other = credentials.revealed
        #expect(try await other == "t0ken")
        _ = await cancelled.result
    }
}
