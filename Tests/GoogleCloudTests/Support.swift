import Foundation
import HTTP
import Peers
import Secrecy
import Synchronization
import Testing

@testable import GoogleCloud

/// One client for all tests, as in the program.
let http = HTTPClient(userAgent: "isthmus-test/1")

let root = Identity.make(.authority())
let serverIdentity = Identity.make(.server(), by: root)
/// A service account's key is an RSA key.
let accountKey = Identity.make(.server().with { $0.rsaBits = 2048 })

/// What a stand-in was asked.
struct Asked: Sendable {
    let method: String
    /// With query.
    let path: String
    let headers: [String: String]
    let body: String

    /// The fields of a form.
    var form: [String: String] {
        var form: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            if parts.count == 2 { form[parts[0]] = parts[1] }
        }
        return form
    }
}

/// What a stand-in answers.
struct Told: Sendable {
    var status = 200
    var headers = ""
    var body: String

    static func json(_ body: String, status: Int = 200) -> Told {
        Told(status: status, headers: "Content-Type: application/json\r\n", body: body)
    }

    static func token(_ token: String, expiresIn: Int = 3600) -> Told {
        .json(#"{"access_token":"\#(token)","expires_in":\#(expiresIn),"token_type":"Bearer"}"#)
    }
}

/// Google as a real nginx with TLS and HTTP/2, behind which a script answers and notes what it was asked.
final class StandIn: Sendable {
    let port: Int
    private let nginx: Nginx
    private let listener: Listener
    private let notes: Notes

    private final class Notes: Sendable { let asked = Mutex<[Asked]>([]) }

    /// - Parameter script: gets the request and how many came before it.
    init(_ script: @escaping @Sendable (Asked, Int) -> Told) async throws {
        let notes = Notes()
        let listener = try Listener { connection in
            guard let asked = Self.read(connection) else { return }
            let before = notes.asked.withLock { all in
                defer { all.append(asked) }
                return all.count
            }
            let told = script(asked, before)
            let head =
                "HTTP/1.1 \(told.status) X\r\nContent-Length: \(told.body.utf8.count)\r\nConnection: close\r\n\(told.headers)\r\n"
            connection.write(head + told.body)
        }
        nginx = try await Nginx(
            identity: serverIdentity,
            locations:
                "location / { proxy_pass http://127.0.0.1:\(listener.port); proxy_pass_header Date; proxy_buffers 8 1m; proxy_buffer_size 1m; }"
        )
        self.listener = listener
        self.notes = notes
        port = nginx.port
    }

    var asked: [Asked] { notes.asked.withLock { $0 } }
    var url: String { "https://127.0.0.1:\(port)" }
    /// Without TLS: a metadata server has none.
    var plainHost: String { "127.0.0.1:\(listener.port)" }

    private static func read(_ connection: borrowing Connection) -> Asked? {
        guard var text = connection.read(until: "\r\n\r\n"), let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
        let first = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            headers[parts[0].lowercased()] = parts.count == 2 ? parts[1] : ""
        }
        let length = Int(headers["content-length"] ?? "") ?? 0
        var body = String(text[end.upperBound...])
        while body.utf8.count < length {
            guard let more = connection.readSome() else { return nil }
            body += String(decoding: more, as: UTF8.self)
        }
        text = ""
        return Asked(method: first[0], path: first[1], headers: headers, body: body)
    }
}

/// A machine of a test: its files, its environment, its clock, and no metadata server unless one is named.
struct Machine {
    let folder: Folder
    var environment: [String: String] = [:]
    var overrides: [String: String] = [:]
    var now: Clock = { Date() }
    var metadataAddress: String
    /// Long, so that a busy machine does not make a server look absent.
    var patience: Duration = .seconds(20)

    init() throws {
        folder = try Folder()
        // A port where nobody listens, so that no test asks the machine on which it runs.
        metadataAddress = "127.0.0.1:\(try Listener.freePort())"
    }

    func endpoints() throws -> GoogleEndpoints {
        try GoogleEndpoints(environment: environment, overrides: overrides, certificateAuthorityPEM: root.certificatePEM)
    }

    func search() throws -> Search {
        Search(
            environment: environment, home: folder.url.path, http: http, endpoints: try endpoints(), now: now,
            metadataAddress: metadataAddress, patience: patience,
            productNameFile: folder.path("product_name"))
    }

    func find(_ choice: CredentialChoice = .applicationDefault) async throws -> GoogleCredentials? {
        try await search().find(choice)
    }

    /// The credential in a file of this content.
    func credentials(_ json: String) async throws -> GoogleCredentials {
        try #require(try await find(.file(folder.write("credential.json", Data(json.utf8)))))
    }

    /// The failure of finding or of using what is found.
    func failure(_ choice: CredentialChoice = .applicationDefault, _ sourceLocation: SourceLocation = #_sourceLocation)
        async throws
        -> CredentialFailure
    {
        let search = try search()
        do throws(CredentialFailure) {
            let found = try await search.find(choice)
            try await found?.check()
            throw CredentialFailure(source: "test", said: "no failure", mend: "")
        } catch {
            if error.source == "test" { Issue.record("no failure where one was due", sourceLocation: sourceLocation) }
            return error
        }
    }

    func failure(json: String, _ sourceLocation: SourceLocation = #_sourceLocation) async throws -> CredentialFailure {
        try await failure(.file(folder.write("credential.json", Data(json.utf8))), sourceLocation)
    }

    func client(_ credentials: GoogleCredentials, timeout: Duration = .seconds(30)) throws -> GoogleClient {
        GoogleClient(
            http: http, credentials: credentials, endpoints: try endpoints(), timeout: timeout,
            connectTimeout: timeout)
    }
}

/// A clock that a test turns.
final class TestClock: Sendable {
    private let time = Mutex(Date())
    var now: Clock { { self.time.withLock { $0 } } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

/// A JSON object's text.
func json(_ pairs: [String: Any]) -> String {
    guard let data = try? JSONSerialization.data(withJSONObject: pairs) else { return "" }
    return String(decoding: data, as: UTF8.self)
}

func serviceAccount(tokenURL: String, _ more: [String: Any] = [:]) -> [String: Any] {
    var pairs: [String: Any] = [
        "type": "service_account", "project_id": "p", "private_key_id": "key-1",
        "private_key": String(decoding: accountKey.keyPEM, as: UTF8.self), "client_email": "reader@p.iam.gserviceaccount.com",
        "token_uri": tokenURL,
    ]
    for (key, value) in more { pairs[key] = value }
    return pairs
}

func authorizedUser(tokenURL: String, _ more: [String: Any] = [:]) -> [String: Any] {
    var pairs: [String: Any] = [
        "type": "authorized_user", "client_id": "client-1", "client_secret": "cl1ent-secret", "refresh_token": "r3fresh-token",
        "token_uri": tokenURL, "account": "ann@example.com",
    ]
    for (key, value) in more { pairs[key] = value }
    return pairs
}

func externalAccount(_ url: String, _ source: [String: Any], _ more: [String: Any] = [:]) -> [String: Any] {
    var pairs: [String: Any] = [
        "type": "external_account", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "\(url)/sts",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
        "credential_source": source,
    ]
    for (key, value) in more { pairs[key] = value }
    return pairs
}

extension GoogleCredentials {
    var revealed: String { get async throws { try await token().revealed } }
}

extension Folder {
    /// Writes a shell script that can be run. Another process writes it: a test that starts a program at this moment would inherit
    /// the open file, and the system runs no file that is open for writing.
    func script(_ name: String, _ text: String) throws -> String {
        let source = try write("\(name).sh", Data("#!/bin/sh\n\(text)\n".utf8))
        _ = try Daemon.run("/usr/bin/install", ["-m", "0755", source, path(name)])
        return path(name)
    }
}
