import Foundation
import Peers
import Testing

@testable import GoogleCloud

/// Broken files of every type: the error names the file and the key, and says how to get a better one.
@Suite(.serialized, .timeLimit(.minutes(1))) struct BadFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let key: String
        let said: String
        var testDescription: String { "\(key): \(said)" }

        init(_ text: String, _ key: String, _ said: String) {
            self.text = text
            self.key = key
            self.said = said
        }
    }

    static func with(_ pairs: [String: Any], _ key: String, _ value: Any?) -> String {
        var pairs = pairs
        pairs[key] = value
        return json(pairs)
    }

    static var account: [String: Any] { serviceAccount(tokenURL: "https://x/") }
    static var person: [String: Any] { authorizedUser(tokenURL: "https://x/") }
    static var federation: [String: Any] { externalAccount("https://x", ["file": "/f"]) }
    static let lender =
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken"
    static var loan: [String: Any] {
        ["type": "impersonated_service_account", "service_account_impersonation_url": lender, "source_credentials": person]
    }

    static let cases: [Case] = [
        Case("", "", "it is empty"), Case("{", "", "not valid JSON, or is cut off"), Case("[]", "", "no object"),
        Case("-----BEGIN PRIVATE KEY-----", "", "it is PEM"), Case("ya29.abc", "", "not JSON"),
        Case("{}", "type", "it is missing"), Case(#"{"type":1}"#, "type", "not a text"),
        Case(#"{"installed":{}}"#, "type", "OAuth client"), Case(#"{"apiVersion":"v1"}"#, "type", "kubeconfig"),
        Case(#"{"type":"gdch_service_account"}"#, "type", "does not know \"gdch_service_account\""),
        Case(with(account, "client_email", nil), "client_email", "it is missing"),
        Case(with(account, "client_email", ""), "client_email", "it is empty"),
        Case(with(account, "private_key", nil), "private_key", "it is missing"),
        Case(with(account, "private_key", 5), "private_key", "not a text"),
        Case(with(account, "private_key", "s3cret-key"), "private_key", "not a private key"),
        Case(with(account, "private_key", "-----BEGIN PRIVATE KEY-----\\nMII"), "private_key", "escaped once too often"),
        Case(
            with(account, "private_key", String(decoding: root.keyPEM, as: UTF8.self)), "private_key", "not an RSA key"),
        Case(
            with(account, "private_key", String(decoding: accountKey.encryptedKeyPEM(password: "x"), as: UTF8.self)),
            "private_key",
            "encrypted"),
        Case(with(account, "token_uri", "http://oauth2.example/token"), "token_uri", "in the clear"),
        Case(with(account, "token_uri", "file:///etc/passwd"), "token_uri", "not a URL"),
        Case(with(account, "token_uri", "https://u:p4ss@x/"), "token_uri", "user name or a password"),
        Case(with(person, "refresh_token", nil), "refresh_token", "it is missing"),
        Case(with(person, "client_secret", [:]), "client_secret", "not a text"),
        Case(with(person, "client_id", NSNull()), "client_id", "it is missing"),
        Case(#"{"type":"external_account_authorized_user"}"#, "client_id", "it is missing"),
        Case(with(federation, "audience", nil), "audience", "it is missing"),
        Case(with(federation, "subject_token_type", nil), "subject_token_type", "it is missing"),
        Case(with(federation, "token_url", "http://x"), "token_url", "in the clear"),
        Case(with(federation, "credential_source", nil), "credential_source", "it is missing"),
        Case(with(federation, "credential_source", "f"), "credential_source", "not an object"),
        Case(with(federation, "credential_source", [:]), "credential_source.file", "none of file, url and executable"),
        Case(
            with(federation, "credential_source", ["file": "f", "url": "u"]), "credential_source.file", "only one of file, url"),
        Case(with(federation, "credential_source", ["environment_id": "aws1"]), "credential_source.environment_id", "AWS"),
        Case(with(federation, "credential_source", ["certificate": [:]]), "credential_source.certificate", "X.509"),
        Case(
            with(federation, "credential_source", ["file": "f", "format": ["type": "xml"]]), "credential_source.format.type",
            "neither text nor json"),
        Case(
            with(federation, "credential_source", ["file": "f", "format": ["type": "json"]]),
            "credential_source.format.subject_token_field_name", "it is missing"),
        Case(with(federation, "credential_source", ["url": "ftp://x"]), "credential_source.url", "not an https URL"),
        Case(
            with(federation, "credential_source", ["executable": ["command": "a 'b"]]), "credential_source.executable.command",
            "a quote is left open"),
        Case(
            with(federation, "credential_source", ["executable": ["command": "a", "timeout_millis": 1]]),
            "credential_source.executable.timeout_millis", "5000 to 120000"),
        Case(
            with(federation, "service_account_impersonation_url", "https://x/"), "service_account_impersonation_url",
            "generateAccessToken"),
        Case(with(loan, "source_credentials", nil), "source_credentials", "it is missing"),
        Case(with(loan, "source_credentials", ["type": "x"]), "source_credentials.type", "does not know"),
        Case(with(loan, "source_credentials", loan), "source_credentials.type", "use delegates"),
        Case(
            with(loan, "source_credentials", ["type": "authorized_user", "client_id": "x"]), "source_credentials.client_secret",
            "it is missing"),
        Case(with(loan, "delegates", "a"), "delegates", "not a list"),
    ]

    @Test(arguments: cases) func namesFileAndKey(_ example: Case) async throws {
        let machine = try Machine()
        let failure = try await machine.failure(json: example.text)
        #expect(failure.said.contains(machine.folder.path("credential.json")), "\(failure)")
        #expect(failure.said.contains(example.said), "\(failure)")
        if !example.key.isEmpty { #expect(failure.said.contains("key \(example.key): "), "\(failure)") }
        #expect(!failure.mend.isEmpty)
        for secret in ["s3cret-key", "cl1ent-secret", "r3fresh-token", "p4ss", "MII", "ya29"] {
            #expect(!"\(failure)".contains(secret), "\(failure)")
        }
    }

    @Test func filesThatAreNone() async throws {
        let machine = try Machine()
        #expect(try await machine.failure(.file(machine.folder.url.path)).said.contains("a directory"))
        #expect(try await machine.failure(.file("/none")).said.contains("it does not exist"))
        let large = try machine.folder.write("large", Data(count: (1 << 20) + 1))
        #expect(try await machine.failure(.file(large)).said.contains("too large"))
    }

    @Test func subjectTokensThatAreNone() async throws {
        let machine = try Machine()
        func said(_ content: String, _ format: [String: Any] = [:]) async throws -> String {
            var source: [String: Any] = ["file": try machine.folder.write("subject", Data(content.utf8))]
            if !format.isEmpty { source["format"] = format }
            return try await machine.failure(json: json(externalAccount("https://127.0.0.1:1", source))).description
        }
        let asJSON: [String: Any] = ["type": "json", "subject_token_field_name": "value"]
        #expect(try await said("").contains("it is empty"))
        #expect(try await said(" \n").contains("it is empty"))
        #expect(try await said("t0ken", asJSON).contains("not JSON"))
        #expect(try await said(#"{"other":"t0ken"}"#, asJSON).contains("no text under value"))
        #expect(try await !said(#"{"other":"t0ken"}"#, asJSON).contains("t0ken"))
        let gone = try await machine.failure(json: json(externalAccount("https://127.0.0.1:1", ["file": "/none/token"])))
        #expect(gone.said.contains("/none/token") && gone.said.contains("does not exist"))
    }
}

/// What token endpoints refuse, and what people are told of it.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RefusedTokenTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let answer: Told
        let said: String
        let mend: String
        var testDescription: String { said }

        init(_ answer: String, status: Int = 400, said: String, mend: String) {
            self.answer = .json(answer, status: status)
            self.said = said
            self.mend = mend
        }
    }

    static let personCases: [Case] = [
        Case(
            #"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
            said: "invalid_grant: Token has been expired or revoked. (the login has ended, or was revoked)",
            mend: "gcloud auth application-default login"),
        Case(
            #"{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}"#,
            said: "your organization wants you to log in again", mend: "gcloud auth application-default login"),
        Case(
            #"{"error":"invalid_client","error_description":"The OAuth client was deleted."}"#, status: 401,
            said: "does not accept the OAuth client", mend: "gcloud auth application-default login"),
        Case(#"{"error":"admin_policy_enforced"}"#, said: "policy forbids it", mend: "Ask the administrator of the organization"),
        Case(
            "<html>Log in to the hotel</html>", status: 200, said: "Log in to the hotel",
            mend: "See whether a proxy or portal answers in the place of Google"),
        Case(
            "{}", status: 200, said: "JSON without access_token",
            mend: "See whether a proxy or portal answers in the place of Google"),
        Case(#"{"access_token":""}"#, status: 200, said: "it is empty", mend: "gcloud auth application-default login"),
        Case(
            #"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no such pool"}}"#,
            said: "INVALID_ARGUMENT: no such pool", mend: "gcloud auth application-default login"),
        Case(
            #"{"error":"invalid_grant","error_description":"r3fresh-token \u001b[31m and cl1ent-secret"}"#,
            said: "REDACTED \\u{1b}[31m and REDACTED", mend: "gcloud auth application-default login"),
    ]

    @Test(arguments: personCases) func aLogin(_ example: Case) async throws {
        let google = try await StandIn { _, _ in example.answer }
        let failure = try await Machine().failure(json: json(authorizedUser(tokenURL: "\(google.url)/token")))
        #expect(failure.said.contains(example.said), "\(failure)")
        #expect(failure.mend == example.mend)
        #expect(failure.source.hasPrefix("credential file "))
    }

    @Test(arguments: [
        ("Invalid JWT Signature.", "deleted or disabled"), ("Invalid grant: account not found", "the service account is deleted"),
    ]) func aKey(description: String, said: String) async throws {
        let google = try await StandIn { _, _ in
            .json(#"{"error":"invalid_grant","error_description":"\#(description)"}"#, status: 400)
        }
        let machine = try Machine()
        let failure = try await machine.failure(json: json(serviceAccount(tokenURL: "\(google.url)/token")))
        #expect(failure.said.contains(said))
        #expect(
            failure.mend
                == "gcloud iam service-accounts keys create \(machine.folder.path("credential.json")) --iam-account=reader@p.iam.gserviceaccount.com"
        )
    }

    static let httpDate = Date.VerbatimFormatStyle.verbatim(
        "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) GMT",
        locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian))

    /// The endpoint's own clock tells by how much this machine's is wrong.
    @Test(arguments: [(600, "600 s behind"), (-600, "600 s ahead of")]) func aWrongClock(skew: Int, said: String) async throws {
        let google = try await StandIn { _, _ in
            let date = Date().addingTimeInterval(TimeInterval(skew)).formatted(Self.httpDate)
            return Told(
                status: 400, headers: "Date: \(date)\r\n",
                body:
                    #"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."}"#
            )
        }
        let failure = try await Machine().failure(json: json(serviceAccount(tokenURL: "\(google.url)/token")))
        let seconds = try #require(failure.said.firstMatch(of: #/clock is (\d+) s (behind|ahead of) Google/#))
        #expect(abs((Int(seconds.output.1) ?? 0) - 600) <= 5 && said.hasSuffix(String(seconds.output.2)))
        #expect(failure.mend.contains("clock"))
    }

    @Test func aLoanThatIsRefused() async throws {
        let google = try await StandIn { asked, _ in
            asked.path == "/token"
                ? .token("0wn-token")
                : .json(
                    #"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist). 0wn-token"}}"#,
                    status: 403)
        }
        let loan: [String: Any] = [
            "type": "impersonated_service_account",
            "service_account_impersonation_url":
                "\(google.url)/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken",
            "source_credentials": authorizedUser(tokenURL: "\(google.url)/token"),
        ]
        let failure = try await Machine().failure(json: json(loan))
        #expect(failure.said.contains("iam.serviceAccounts.getAccessToken") && failure.said.contains("sa@p.iam"))
        #expect(!"\(failure)".contains("0wn-token"))
        #expect(
            failure.mend
                == "gcloud iam service-accounts add-iam-policy-binding sa@p.iam.gserviceaccount.com --member=user:ann@example.com --role=roles/iam.serviceAccountTokenCreator"
        )
    }

    @Test func nobodyThere() async throws {
        let port = try Listener.freePort()
        let failure = try await Machine().failure(
            json: json(authorizedUser(tokenURL: "https://127.0.0.1:\(port)/token?key=qu3ry")))
        #expect(failure.said.contains("refused the connection") && failure.mend.contains("HTTPS_PROXY"))
        #expect(!"\(failure)".contains("qu3ry"))
    }
}
