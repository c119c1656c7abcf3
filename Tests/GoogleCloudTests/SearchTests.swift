import Foundation
import HTTP
import Peers
import Testing

@testable import GoogleCloud

/// Where credentials are looked for, and in which order.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SearchTests {
    static let wellKnown = ".config/gcloud/application_default_credentials.json"

    /// Writes a login for the given person where gcloud does.
    func login(_ machine: Machine, _ account: String, at path: String = wellKnown) throws -> String {
        let url = machine.folder.url.appending(path: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        return try machine.folder.write(
            path, Data(json(authorizedUser(tokenURL: "https://x/", ["account": account, "quota_project_id": "from-file"])).utf8))
    }

    func metadata(_ status: Int = 200, flavor: Bool = true) async throws -> StandIn {
        try await StandIn { asked, _ in
            let headers = flavor ? "Metadata-Flavor: Google\r\n" : ""
            guard asked.headers["metadata-flavor"] == "Google", status == 200 else {
                return Told(status: status == 200 ? 403 : status, headers: headers, body: "no")
            }
            let body =
                asked.path.hasSuffix("/token")
                ? #"{"access_token":"m3tadata-token","expires_in":3599,"token_type":"Bearer"}"#
                : #"{"aliases":["default"],"email":"node@p.iam.gserviceaccount.com","scopes":[]}"#
            return Told(headers: headers, body: body)
        }
    }

    @Test func nothingAnywhere() async throws {
        #expect(try await Machine().find() == nil)
        var machine = try Machine()
        machine.environment["GOOGLE_OAUTH_ACCESS_TOKEN"] = "t0ken"
        #expect(try await machine.find(.none) == nil)
    }

    /// Every source at once; then the first is taken away, until nothing is left.
    @Test func theDocumentedOrder() async throws {
        let server = try await metadata()
        var machine = try Machine()
        _ = try login(machine, "well@known")
        let named = try login(machine, "named@example", at: "named.json")
        machine.environment = [
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": try machine.folder.write("token", Data("fr0m-file\n".utf8)),
            "CLOUDSDK_AUTH_ACCESS_TOKEN": "gcl0ud", "GOOGLE_OAUTH_ACCESS_TOKEN": "0auth",
            "GOOGLE_APPLICATION_CREDENTIALS": named, "GCE_METADATA_HOST": server.plainHost,
        ]
        for (variable, token) in [
            ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "fr0m-file"), ("CLOUDSDK_AUTH_ACCESS_TOKEN", "gcl0ud"),
            ("GOOGLE_OAUTH_ACCESS_TOKEN", "0auth"),
        ] {
            let found = try #require(try await machine.find())
            #expect(found.source.hasPrefix(variable) && found.kind == "access_token")
            #expect(try await found.revealed == token)
            machine.environment[variable] = variable == "GOOGLE_OAUTH_ACCESS_TOKEN" ? "" : nil
        }
        let second = try #require(try await machine.find())
        #expect(second.source == "GOOGLE_APPLICATION_CREDENTIALS=\(named)" && second.principal == "named@example")
        machine.environment["GOOGLE_APPLICATION_CREDENTIALS"] = nil
        let third = try #require(try await machine.find())
        #expect(third.source == machine.folder.path(Self.wellKnown) && third.principal == "well@known")
        try FileManager.default.removeItem(atPath: machine.folder.path(Self.wellKnown))
        #expect(server.asked.isEmpty)
        let last = try #require(try await machine.find())
        #expect(last.kind == "metadata_server" && last.principal == "node@p.iam.gserviceaccount.com")
        #expect(try await last.revealed == "m3tadata-token")
        machine.environment["NO_GCE_CHECK"] = "true"
        #expect(try await machine.find() == nil)
    }

    @Test func gcloudsFolderCanBeElsewhere() async throws {
        var machine = try Machine()
        _ = try login(machine, "home@example")
        machine.environment["CLOUDSDK_CONFIG"] = machine.folder.path("other")
        #expect(try await machine.find() == nil)
        _ = try login(machine, "other@example", at: "other/application_default_credentials.json")
        #expect(try await machine.find()?.principal == "other@example")
    }

    /// What was found and is broken is an error; the good login after it is not used in its place.
    @Test func aBrokenSourceIsNotSkipped() async throws {
        var machine = try Machine()
        let good = try login(machine, "well@known")
        for (variable, value) in [
            ("GOOGLE_APPLICATION_CREDENTIALS", machine.folder.path("none.json")),
            ("GOOGLE_APPLICATION_CREDENTIALS", try machine.folder.write("broken.json", Data("{".utf8))),
            ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", machine.folder.path("none")),
            ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", good), ("GOOGLE_OAUTH_ACCESS_TOKEN", "two words"),
        ] {
            machine.environment = [variable: value]
            let failure = try await machine.failure()
            #expect(failure.source.hasPrefix(variable) && !failure.mend.isEmpty)
        }
        machine.environment = [:]
        _ = try machine.folder.write(Self.wellKnown, Data("{}".utf8))
        #expect(try await machine.failure().source == machine.folder.path(Self.wellKnown))
        // A link that leads nowhere is there, too.
        try FileManager.default.removeItem(atPath: machine.folder.path(Self.wellKnown))
        try FileManager.default.createSymbolicLink(
            atPath: machine.folder.path(Self.wellKnown), withDestinationPath: machine.folder.path("gone"))
        #expect(try await machine.failure().said.contains("it does not exist"))
    }

    @Test func whoPays() async throws {
        var machine = try Machine()
        _ = try login(machine, "ann@example.com")
        #expect(try await machine.find()?.quotaProject == "from-file")
        machine.environment["CLOUDSDK_BILLING_QUOTA_PROJECT"] = "LEGACY"
        #expect(try await machine.find()?.quotaProject == "from-file")
        machine.environment["CLOUDSDK_BILLING_QUOTA_PROJECT"] = "from-gcloud"
        #expect(try await machine.find()?.quotaProject == "from-gcloud")
        machine.environment["GOOGLE_CLOUD_QUOTA_PROJECT"] = "from-google"
        #expect(try await machine.find()?.quotaProject == "from-google")
    }

    @Test func aTokenFileIsReadAgain() async throws {
        let machine = try Machine()
        let path = try machine.folder.write("token", Data("first\n".utf8))
        let found = try #require(try await machine.find(.tokenFile(path)))
        #expect(try await found.revealed == "first")
        _ = try machine.folder.write("token", Data("second".utf8))
        #expect(try await found.revealed == "second")
    }

    // MARK: gcloud

    func gcloud(_ machine: inout Machine, _ script: String) throws {
        _ = try machine.folder.script("gcloud", script)
        machine.environment["PATH"] = "\(machine.folder.url.path):/usr/bin:/bin"
    }

    @Test func gcloudIsAskedOnlyOnRequest() async throws {
        var machine = try Machine()
        let mark = machine.folder.path("ran")
        try gcloud(&machine, "echo \"$@\" >> \(mark); echo gcl0ud-token")
        #expect(try await machine.find() == nil)
        #expect(!FileManager.default.fileExists(atPath: mark))
        let found = try #require(try await machine.find(.gcloud))
        for _ in 0..<3 { #expect(try await found.revealed == "gcl0ud-token") }
        #expect(machine.folder.read("ran") == "auth print-access-token --quiet\n")
    }

    @Test func gcloudThatFails() async throws {
        var machine = try Machine()
        try gcloud(&machine, "echo 'ERROR: (gcloud.auth.print-access-token) You do not have an active account' >&2; exit 1")
        let failure = try await machine.failure(.gcloud)
        #expect(failure.said.contains("You do not have an active account") && failure.mend == "gcloud auth login")
        machine.environment["PATH"] = machine.folder.path("nowhere")
        #expect(try await machine.failure(.gcloud).said == "the program gcloud is not in PATH")
    }

    // MARK: Metadata server

    /// The address answers, but not as Google's server does: another cloud, or a guest network's portal.
    @Test(arguments: [200, 404, 302]) func anotherCloud(status: Int) async throws {
        let server = try await metadata(status, flavor: false)
        var machine = try Machine()
        machine.metadataAddress = server.plainHost
        #expect(try await machine.find() == nil)
        #expect(server.asked.count == 1)
        machine.environment["GCE_METADATA_HOST"] = server.plainHost
        let failure = try await machine.failure()
        #expect(failure.mend.contains("GCE_METADATA_HOST"))
    }

    /// Where nothing says that the machine is Google's, a server that stays silent costs a second.
    @Test func silence() async throws {
        let silent = try Listener { $0.hang() }
        let full = try FullListener()
        for port in [silent.port, full.port] {
            var machine = try Machine()
            machine.metadataAddress = "127.0.0.1:\(port)"
            machine.patience = Search(environment: [:], home: "", http: http, endpoints: try machine.endpoints()).patience
            let begin = ContinuousClock.now
            #expect(try await machine.find() == nil)
            #expect(begin.duration(to: .now) < .seconds(4))
        }
    }

    /// On a machine of Google's the silence is an error.
    @Test func noServiceAccount() async throws {
        var machine = try Machine()
        _ = try machine.folder.write("product_name", Data("Google Compute Engine\n".utf8))
        #expect(try await machine.failure().said.contains("it gives no answer"))
        let server = try await metadata(404)
        machine.metadataAddress = server.plainHost
        let failure = try await machine.failure()
        #expect(failure.said == "no service account is attached to this machine")
        #expect(failure.source == "metadata server \(server.plainHost)")
    }

    @Test func theMetadataServerIsNeverAskedThroughAProxy() async throws {
        // The rules of the environment never proxy loopback, so the choice itself is what can be seen.
        let server = MetadataServer(host: "169.254.169.254", isCertain: false, http: http, now: { Date() })
        #expect(server.request("/x", timeout: nil).endpoint.ignoresProxies)
        #expect(server.request("/x", timeout: nil).url == "http://169.254.169.254/x")
    }

    // MARK: Endpoints

    @Test func endpoints() throws {
        let endpoints = try GoogleEndpoints(
            environment: [
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": "https://compute.p.googleapis.com/compute/v1/",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": "https://container.example/",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_GKEHUB": "",
            ], overrides: ["container": "https://declared.example"])
        #expect(endpoints[.compute] == "https://compute.p.googleapis.com")
        #expect(endpoints[.container] == "https://declared.example")
        #expect(endpoints[.gkeHub] == "https://gkehub.googleapis.com")
        #expect(endpoints.endpoint.certificateAuthorityPEM == nil)
    }

    @Test(arguments: [
        (["container": "http://container.example"], "in the clear"), (["container": "https://user:pass@x"], "user name"),
        (["container": "container.example"], "not a URL"), (["containers": "https://x"], "asks no API containers; it asks"),
    ]) func badEndpoints(overrides: [String: String], said: String) throws {
        let error = #expect(throws: EndpointError.self) { try GoogleEndpoints(environment: [:], overrides: overrides) }
        #expect(error?.description.contains(said) == true, "\(String(describing: error))")
        #expect(error?.description.contains("user:pass") != true)
    }

    @Test func ownAuthorities() throws {
        let folder = try Folder()
        let file = try folder.write("ca.pem", root.certificatePEM)
        let variable = "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"
        let trust = try GoogleEndpoints(environment: [variable: file]).endpoint.certificateAuthorityPEM
        let pem = try #require(trust.map { String(decoding: $0, as: UTF8.self) })
        #expect(pem.contains(String(decoding: root.certificatePEM, as: UTF8.self)))
        // Google's public hosts are trusted still.
        #expect(pem.components(separatedBy: "-----BEGIN CERTIFICATE-----").count > 50)
        for (path, said) in [(folder.path("none"), "does not exist"), (try folder.write("x", Data("x".utf8)), "not PEM")] {
            let error = #expect(throws: EndpointError.self) { try GoogleEndpoints(environment: [variable: path]) }
            #expect(error?.description.contains(said) == true && error?.description.contains(path) == true)
        }
    }
}
