import Foundation
import Peers
import Testing

@testable import GoogleCloud

/// Every type of credential gives the token that it should, from a real nginx with TLS.
@Suite(.serialized, .timeLimit(.minutes(1))) struct CredentialTypeTests {
    let machine: Machine

    init() throws { machine = try Machine() }

    /// The parts of a JSON Web Token, its signature verified by the openssl program.
    func claims(_ assertion: String) throws -> (header: [String: Any], claims: [String: Any]) {
        let parts = assertion.split(separator: ".").map(String.init)
        func bytes(_ part: String) throws -> Data {
            let plain = part.replacing("-", with: "+").replacing("_", with: "/")
            return try #require(Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)))
        }
        try #require(parts.count == 3)
        let folder = machine.folder
        let certificate = try folder.write("account.pem", accountKey.certificatePEM)
        let publicKey = try Daemon.run("/usr/bin/openssl", ["x509", "-in", certificate, "-noout", "-pubkey"])
        let said = try Daemon.run(
            "/usr/bin/openssl",
            [
                "dgst", "-sha256", "-verify", folder.write("public.pem", Data(publicKey.utf8)), "-signature",
                folder.write("signature", try bytes(parts[2])), folder.write("message", Data("\(parts[0]).\(parts[1])".utf8)),
            ])
        #expect(said == "Verified OK\n")
        func object(_ part: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: bytes(part)) as? [String: Any])
        }
        return (try object(parts[0]), try object(parts[1]))
    }

    @Test func serviceAccountSignsAnAssertion() async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let credentials = try await machine.credentials(json(serviceAccount(tokenURL: "\(google.url)/token")))
        #expect(credentials.kind == "service_account" && credentials.principal == "reader@p.iam.gserviceaccount.com")
        #expect(google.asked.isEmpty)
        #expect(try await credentials.revealed == "t0ken")
        let form = try #require(google.asked.first).form
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
        let (header, claims) = try claims(try #require(form["assertion"]))
        #expect(header["alg"] as? String == "RS256" && header["kid"] as? String == "key-1")
        #expect(
            claims["iss"] as? String == "reader@p.iam.gserviceaccount.com"
                && claims["aud"] as? String == "https://oauth2.googleapis.com/token")
        #expect(claims["scope"] as? String == "https://www.googleapis.com/auth/cloud-platform")
        let issued = try #require(claims["iat"] as? Double)
        let age = Date().timeIntervalSince1970 - issued
        // A little in the past, so that a clock ahead of Google's does no harm, and never beyond the hour that Google takes.
        #expect(age >= 10 && age < 30 && claims["exp"] as? Double == issued + 3600)
    }

    /// Other universes have no token endpoint.
    @Test func serviceAccountOfAnotherUniverse() async throws {
        var machine = machine
        machine.environment["GOOGLE_CLOUD_UNIVERSE_DOMAIN"] = "example.goog"
        let credentials = try await machine.credentials(
            json(serviceAccount(tokenURL: "https://127.0.0.1:1/", ["universe_domain": "example.goog"])))
        let (_, claims) = try claims(try await credentials.revealed)
        #expect(claims["aud"] == nil && claims["sub"] as? String == "reader@p.iam.gserviceaccount.com")
        #expect(try machine.endpoints()[.container] == "https://container.example.goog")
        machine.environment = [:]
        let failure = try await machine.failure(
            json: json(serviceAccount(tokenURL: "https://x", ["universe_domain": "example.goog"])))
        #expect(failure.said.contains("universe_domain") && failure.mend == "export GOOGLE_CLOUD_UNIVERSE_DOMAIN=example.goog")
    }

    @Test func authorizedUserRefreshes() async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let credentials = try await machine.credentials(
            json(authorizedUser(tokenURL: "\(google.url)/token", ["quota_project_id": "payer"])))
        #expect(try await credentials.revealed == "t0ken")
        #expect(
            google.asked.first?.form == [
                "grant_type": "refresh_token", "client_id": "client-1", "client_secret": "cl1ent-secret",
                "refresh_token": "r3fresh-token",
            ])
        #expect(credentials.principal == "ann@example.com" && credentials.quotaProject == "payer")
    }

    @Test func workforceUserRefreshes() async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let credentials = try await machine.credentials(
            json([
                "type": "external_account_authorized_user", "client_id": "client-1", "client_secret": "cl1ent-secret",
                "refresh_token": "r3fresh-token", "token_url": "\(google.url)/v1/oauthtoken",
            ]))
        #expect(try await credentials.revealed == "t0ken")
        let asked = try #require(google.asked.first)
        #expect(asked.form == ["grant_type": "refresh_token", "refresh_token": "r3fresh-token"])
        #expect(asked.headers["authorization"] == "Basic \(Data("client-1:cl1ent-secret".utf8).base64EncodedString())")
    }

    @Test(arguments: ["text", "json"]) func federationFromAFile(format: String) async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let content = format == "text" ? "subj3ct-token\n" : #"{"access":{},"value":"subj3ct-token"}"#
        var source: [String: Any] = ["file": try machine.folder.write("subject", Data(content.utf8))]
        if format == "json" { source["format"] = ["type": "json", "subject_token_field_name": "value"] }
        let credentials = try await machine.credentials(json(externalAccount(google.url, source)))
        #expect(try await credentials.revealed == "t0ken")
        let asked = try #require(google.asked.first)
        #expect(asked.path == "/sts")
        #expect(
            asked.form == [
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "subj3ct-token",
                "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
                "scope": "https://www.googleapis.com/auth/cloud-platform",
                "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            ])
    }

    @Test func federationFromAURLAndImpersonation() async throws {
        let google = try await StandIn { asked, _ in
            switch asked.path {
            case "/subject?audience=x":
                asked.headers["metadata"] == "True" ? .json(#"{"access_token":"subj3ct-token"}"#) : .json("{}", status: 400)
            case "/sts": .token("federated")
            default: .json(#"{"accessToken":"t0ken","expireTime":"2050-01-01T00:00:00Z"}"#)
            }
        }
        var machine = machine
        machine.overrides["iamcredentials"] = google.url
        let credentials = try await machine.credentials(
            json(
                externalAccount(
                    google.url,
                    [
                        "url": "\(google.url)/subject?audience=x", "headers": ["Metadata": "True"],
                        "format": ["type": "json", "subject_token_field_name": "access_token"],
                    ],
                    [
                        "service_account_impersonation_url":
                            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken",
                        "service_account_impersonation": ["token_lifetime_seconds": 900],
                    ])))
        #expect(credentials.principal == "sa@p.iam.gserviceaccount.com")
        #expect(try await credentials.revealed == "t0ken")
        #expect(
            google.asked.map(\.path).last == "/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken")
        #expect(google.asked[2].headers["authorization"] == "Bearer federated")
        #expect(google.asked[2].body.contains(#""lifetime":"900s""#))
    }

    @Test func impersonationWithDelegates() async throws {
        let google = try await StandIn { asked, _ in
            asked.path == "/token" ? .token("own") : .json(#"{"accessToken":"t0ken","expireTime":"2050-01-01T00:00:00.5Z"}"#)
        }
        let credentials = try await machine.credentials(
            json([
                "type": "impersonated_service_account",
                "delegates": ["projects/-/serviceAccounts/middle@p.iam.gserviceaccount.com"],
                "service_account_impersonation_url":
                    "\(google.url)/v1/projects/-/serviceAccounts/sa@p.iam.gserviceaccount.com:generateAccessToken",
                "source_credentials": authorizedUser(tokenURL: "\(google.url)/token", ["quota_project_id": "payer"]),
            ]))
        #expect(try await credentials.revealed == "t0ken")
        let asked = try #require(google.asked.last)
        #expect(asked.headers["authorization"] == "Bearer own")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(asked.body.utf8)) as? [String: Any])
        #expect(body["delegates"] as? [String] == ["projects/-/serviceAccounts/middle@p.iam.gserviceaccount.com"])
        #expect(body["scope"] as? [String] == ["https://www.googleapis.com/auth/cloud-platform"])
        #expect(credentials.principal == "sa@p.iam.gserviceaccount.com" && credentials.quotaProject == "payer")
    }

    // MARK: Programs

    func program(_ script: String) throws -> String { try machine.folder.script("program", script) }

    static let goodAnswer =
        #"{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:id_token","id_token":"subj3ct-token"}"#

    @Test func aProgramRunsOnlyWhereAllowed() async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let mark = machine.folder.path("ran")
        let command =
            "\(try program("echo \"$1 $GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE $GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE\" > \(mark); echo '\(Self.goodAnswer)'")) 'one word'"
        let text = json(externalAccount(google.url, ["executable": ["command": command]]))
        var machine = machine
        let failure = try await machine.failure(json: text)
        #expect(failure.said.contains("was not:") && failure.said.contains("program 'one word'"))
        #expect(failure.mend.contains("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1"))
        #expect(!FileManager.default.fileExists(atPath: mark) && google.asked.isEmpty)
        machine.environment = ["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1", "PATH": "/usr/bin:/bin"]
        #expect(try await machine.credentials(text).revealed == "t0ken")
        #expect(google.asked.first?.form["subject_token"] == "subj3ct-token")
        #expect(
            machine.folder.read("ran")
                == "one word //iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci 0\n")
    }

    @Test(arguments: [
        (#"echo '{"version":1,"success":false,"code":"401","message":"not logged in"}'; exit 1"#, "401: not logged in"),
        ("echo subj3ct-token; exit 0", "printed no JSON"), ("echo broken >&2; exit 3", "exit code 3; it said: broken"),
        (#"echo '{"version":2,"success":true}'"#, "version 2"),
        (#"echo '{"version":1,"success":true,"id_token":"subj3ct-token","expiration_time":1000}'"#, "has expired"),
        (#"echo '{"version":1,"success":true}'"#, "no id_token"),
    ]) func programsThatFail(script: String, said: String) async throws {
        var machine = machine
        machine.environment = ["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"]
        let failure = try await machine.failure(
            json: json(externalAccount("https://127.0.0.1:1", ["executable": ["command": try program(script)]])))
        #expect(failure.said.contains(said), "\(failure)")
        #expect(!"\(failure)".contains("subj3ct-token"))
    }

    @Test func aKeptAnswerSavesARun() async throws {
        let google = try await StandIn { _, _ in .token("t0ken") }
        let answer =
            #"{"version":1,"success":true,"id_token":"k3pt","expiration_time":\#(Int(Date().timeIntervalSince1970) + 600)}"#
        var machine = machine
        machine.environment = ["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"]
        let kept = try machine.folder.write("kept", Data(answer.utf8))
        let credentials = try await machine.credentials(
            json(externalAccount(google.url, ["executable": ["command": try program("exit 1"), "output_file": kept]])))
        #expect(try await credentials.revealed == "t0ken")
        #expect(google.asked.first?.form["subject_token"] == "k3pt")
    }

    @Test(arguments: [
        ("a b", ["a", "b"]), ("  a  'b c' \"d e\"f ", ["a", "b c", "d ef"]), (#"a\ b "c\"d" '\'"#, ["a b", "c\"d", "\\"]),
        ("a ''", ["a", ""]), ("a 'b", nil),
    ]) func commandsAreSplit(command: String, words: [String]?) {
        #expect(SubjectTokenProgram.words(command) == words)
    }
}
