import Foundation
import HTTP
import Peers
import Secrecy
import Testing

@testable import GoogleCloud

/// No token, key, assertion or refresh token in anything that can be printed.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SecrecyTests {
    static let secrets = [
        "acc3ss-token", "r3fresh-token", "cl1ent-secret", "subj3ct-token", "env-t0ken", "h3ader-value", "eyJhbGciOiJSUzI1NiI",
        "PRIVATE KEY", String(String(decoding: accountKey.keyPEM, as: UTF8.self).split(separator: "\n")[1]),
    ]

    func check(_ value: Any, sourceLocation: SourceLocation = #_sourceLocation) {
        var dumped = ""
        dump(value, to: &dumped)
        for text in ["\(value)", String(reflecting: value), dumped] {
            for secret in Self.secrets {
                #expect(!text.contains(secret), "\(type(of: value)): \(text)", sourceLocation: sourceLocation)
            }
        }
    }

    /// Each type of credential, with a token fetched and with a token refused by an endpoint that repeats what it was told.
    @Test func credentialsOfEveryType() async throws {
        let google = try await StandIn { asked, _ in
            switch asked.path {
            case "/good": .token("acc3ss-token")
            case "/subject": .json(#"{"value":"subj3ct-token"}"#)
            case "/sts": .token("acc3ss-token")
            default:
                .json(
                    json([
                        "error": "invalid_grant",
                        "error_description": asked.form.values.joined(separator: " ")
                            + " \(asked.headers["authorization"] ?? "")",
                    ]),
                    status: 400)
            }
        }
        let source: [String: Any] = [
            "url": "\(google.url)/subject", "headers": ["X-Own": "h3ader-value"],
            "format": ["type": "json", "subject_token_field_name": "value"],
        ]
        let loan: [String: Any] = [
            "service_account_impersonation_url":
                "\(google.url)/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken"
        ]
        var files: [[String: Any]] = []
        for path in ["good", "bad"] {
            files.append(serviceAccount(tokenURL: "\(google.url)/\(path)"))
            files.append(authorizedUser(tokenURL: "\(google.url)/\(path)"))
            files.append(externalAccount(google.url, source, ["token_url": "\(google.url)/\(path == "good" ? "sts" : "bad")"]))
            files.append(externalAccount(google.url, source, loan))
            files.append(
                loan.merging(
                    [
                        "type": "impersonated_service_account",
                        "source_credentials": authorizedUser(tokenURL: "\(google.url)/\(path)"),
                    ]
                ) { $1 })
        }
        var machine = try Machine()
        machine.environment["CI_TOKEN"] = "env-t0ken"
        machine.overrides["container"] = google.url
        var failures = 0
        for file in files {
            let credentials = try await machine.credentials(json(file))
            do throws(CredentialFailure) { try await credentials.check() } catch {
                failures += 1
                check(error)
            }
            check(credentials)
            let client = try machine.client(credentials)
            check(client)
            let failure = await #expect(throws: GoogleFailure.self) {
                try await client.get([String: String].self, .container, "/v1/x")
            }
            check(failure as Any)
        }
        #expect(failures == 7)
        #expect(google.asked.contains { $0.headers["x-own"] == "h3ader-value" })
    }

    /// The parts below the credential, should one of them ever be printed.
    @Test func theSourcesThemselves() async throws {
        let machine = try Machine()
        var search = try machine.search()
        search = Search(
            environment: ["X": "env-t0ken"], home: search.home, http: http, endpoints: search.endpoints,
            metadataAddress: search.metadataAddress)
        for pairs in [
            serviceAccount(tokenURL: "https://x/"), authorizedUser(tokenURL: "https://x/"),
            externalAccount(
                "https://x", ["url": "https://x/", "headers": ["X-Own": "h3ader-value"]],
                ["client_id": "a", "client_secret": "cl1ent-secret"]),
        ] {
            let path = try machine.folder.write("credential.json", Data(json(pairs).utf8))
            check(try CredentialFile(path: path, source: "test", search: search).plan().tokens)
        }
        check(GcloudTokens(program: "/bin/echo", environment: Secret(["X": "env-t0ken"])))
        for variable in ["GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"] {
            var machine = machine
            machine.environment = [variable: "env-t0ken"]
            check(try await machine.find() as Any)
            machine.environment = [variable: "env-t0ken with blanks"]
            check(try await machine.failure())
        }
    }
}
