import Foundation
import HTTP
import Testing

@testable import Kubernetes
import Secrecy

@Suite struct CredentialTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func authorization(_ source: CredentialSource) async throws(KubeconfigError) -> String? {
        try await source.credential().authorization?.revealed
    }

    private func source(_ user: String) throws -> CredentialSource {
        CredentialSource(try scratch.access(user: user), cache: ExecCache(trust: ExecTrust()))
    }

    @Test func aTokenFileIsReadAgainWhenItChanges() async throws {
        try scratch.write("token", "one\n")
        let source = try source("tokenFile: token, token: fallback")
        #expect(try await authorization(source) == "Bearer one")
        try scratch.write("token", "  two  \n")
        #expect(try await authorization(source) == "Bearer two")
        try FileManager.default.removeItem(atPath: scratch.path("token"))
        #expect(try await authorization(source) == "Bearer fallback")
    }

    @Test(arguments: [("", "is empty"), ("-----BEGIN OPENSSH PRIVATE KEY-----\nSw0rdfish\n", "this is no token")])
    func aFileThatHoldsNoTokenIsNotSent(_ contents: String, _ says: String) async throws {
        try scratch.write("token", contents)
        let error = await #expect(throws: KubeconfigError.self) { try await authorization(try source("tokenFile: token")) }
        let text = try #require(error).description
        #expect(text.contains(says) && text.contains("users[0].user.tokenFile") && !text.contains("Sw0rdfish"), "\(text)")
    }

    /// A pipe that nobody writes to would hold a reader for ever.
    @Test(.timeLimit(.minutes(1))) func aPipeIsNotWaitedFor() async throws {
        #expect(mkfifo(scratch.path("token"), 0o600) == 0)
        let error = await #expect(throws: KubeconfigError.self) { try await authorization(try source("tokenFile: token")) }
        #expect(error?.description.contains("it is a pipe, device or socket, not a file") == true)
        #expect(throws: KubeconfigError.self) { try scratch.access(user: "client-key: token, client-certificate: token") }
        #expect(throws: KubeconfigError.self) {
            try scratch.access(user: "token: t", cluster: "server: https://a, certificate-authority: /dev/zero")
        }
    }

    @Test func basicAuthentication() async throws {
        #expect(try await authorization(try source("username: a, password: b c")) == "Basic YTpiIGM=")
    }

    @Test func impersonationBecomesHeaders() throws {
        let access = try scratch.access(
            user: "token: t, as: a, as-uid: u, as-groups: [g, h], as-user-extra: {Acme/Reason: [x, z]}")
        #expect(
            access.impersonation.headers.map(\.description) == [
                "Impersonate-User: a", "Impersonate-Uid: u", "Impersonate-Group: g", "Impersonate-Group: h",
                "Impersonate-Extra-acme%2Freason: x", "Impersonate-Extra-acme%2Freason: z",
            ])
        #expect(throws: KubeconfigError.self) { try scratch.access(user: #"token: t, as: "a\r\nX: y""#) }
    }

    @Test func othersMayRead() throws {
        for (mode, isOpen) in [(0o600, false), (0o640, true), (0o604, true)] {
            _ = try scratch.access(user: "token: t")
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: scratch.path("config"))
            let access = try Kubeconfig.load(.file(scratch.path("config"))).resolve()
            #expect(access.isReadableByOthers == isOpen)
            #expect(access.warnings.isEmpty != isOpen)
        }
    }
}

@Suite struct HostileKubeconfigTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func error(_ source: KubeconfigSource) throws -> KubeconfigError {
        try #require(#expect(throws: KubeconfigError.self) { try Kubeconfig.load(source).resolve() })
    }

    @Test func fiftyMegabytes() throws {
        let path = scratch.path("big")
        try Data().write(to: URL(filePath: path))
        try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 50 << 20)
        let error = try error(.file(path))
        #expect(error.kind == .tooLarge && error.description.hasPrefix("\(path): the file is larger than 1024 KiB"))
        #expect(throws: KubeconfigError.self) { try Kubeconfig.parse(Data(count: 50 << 20), name: "secret") }
    }

    /// Texts below the size limit whose aliases would cost minutes or gigabytes. Each is refused at once, with its place.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("wide", "a: &a [\(list("x", 1000))]\nusers: [\(list("*a", 950))]\n", 2, "expand to too many values"),
            (
                "nested",
                "a: &a [\(list("x", 99))]\nb: &b [\(list("*a", 99))]\nc: &c [\(list("*b", 150))]\nd: [\(list("*c", 150))]\n",
                2,
                "could expand to millions"
            ),
            (
                "keys", "a: &a [\(list("x", 9000))]\nb:\n" + (0..<900).map { "  ? [*a, \($0)]\n  : 1\n" }.joined(), 3,
                "a mapping's key"
            ),
            ("alias as key", "a: &a [x]\nb: {c: 1, *a : 1}\n", 2, "a mapping's key"),
            ("flow key", "a: &a [x]\nb: {[[*a]]: 1}\n", 2, "a mapping's key"),
        ])
    func aliases(_ name: String, _ text: String, _ line: Int, _ says: String) throws {
        let error = #expect(throws: KubeconfigError.self) { try Kubeconfig.parse(Data(text.utf8), name: name) }
        #expect(
            error?.kind == .notYAML && error?.line == line && error?.problem.contains(says) == true,
            "\(String(describing: error))")
    }

    private static func list(_ item: String, _ count: Int) -> String {
        Array(repeating: item, count: count).joined(separator: ",")
    }

    /// Aliases as people use them stay allowed, also where many contexts share one user.
    @Test func manyHarmlessAliases() throws {
        let contexts = (0..<200).map { "- {name: c\($0), context: &x\($0) {cluster: a, user: &u\($0) b}}" }
        let plain = try Kubeconfig.parse(Data("contexts:\n\(contexts.joined(separator: "\n"))\n".utf8), name: "anchors")
        #expect(plain.contexts.count == 200)
        let shared = (1..<200).map { "- {name: c\($0), context: *c}" }.joined(separator: "\n")
        let many = try Kubeconfig.parse(
            Data("contexts:\n- {name: c, context: &c {cluster: a, user: b}}\n\(shared)\n".utf8), name: "aliases")
        #expect(many.contexts.count == 200)
    }

    @Test func missingDirectoryAndNothing() throws {
        let missing = try error(.file(scratch.path("missing")))
        #expect(missing.kind == .unreadable && missing.description.contains("it does not exist"))
        let directory = try error(.list([scratch.url.path]))
        #expect(directory.kind == .unreadable && directory.description.contains("it is a directory, not a file"))
        let none = try error(.list([scratch.path("a"), "", scratch.path("b")]))
        #expect(
            none.kind == .empty
                && none.description.contains("no kubeconfig was found: \(scratch.path("a")), \(scratch.path("b"))"))
    }

    /// A pipe that the user names is read to its end, as with `<(command)`.
    @Test(.timeLimit(.minutes(1))) func aPipeFromTheUserIsRead() async throws {
        #expect(mkfifo(scratch.path("pipe"), 0o600) == 0)
        let path = scratch.path("pipe")
        let writer = Task.detached { try? Data("apiVersion: v1\nkind: Pod\n".utf8).write(to: URL(filePath: path), options: []) }
        let error = try error(.file(path))
        await writer.value
        #expect(error.kind == .notKubeconfig)
    }

    @Test func kubectlsOrderOfSources() {
        let home = ["HOME": "/home/a"]
        #expect(KubeconfigSource.standard(flag: "f", environment: ["KUBECONFIG": "x"]) == .file("f"))
        #expect(KubeconfigSource.standard(flag: nil, environment: ["KUBECONFIG": "x::y"]) == .list(["x", "y"]))
        #expect(KubeconfigSource.standard(flag: "", environment: home) == .list(["/home/a/.kube/config"]))
    }

    @Test(arguments: [
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln sent", "token REDACTED sent"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer REDACTED"),
        ("https://user:pw@host/x", "https://REDACTED@host/x"),
        (#"{"token": "abc", "kind": "x"}"#, #"{"token": "REDACTED", "kind": "x"}"#),
        ("key -----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY----- end", "key REDACTED end"),
        (
            "projects/my-project/locations/europe-west1/clusters/cluster-1",
            "projects/my-project/locations/europe-west1/clusters/cluster-1"
        ),
        (
            "gke-gcloud-auth-plugin is not installed for this-user-with-a-long-name",
            "gke-gcloud-auth-plugin is not installed for this-user-with-a-long-name"
        ),
    ])
    func redaction(_ text: String, _ shown: String) {
        #expect(Redaction.text(text) == shown)
    }
}
