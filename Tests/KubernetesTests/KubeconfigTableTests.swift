import Foundation
import Testing
import Yams

@testable import Kubernetes

private let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Kubeconfigs")

/// A file that kubectl and isthmus must read alike: a row of `Kubeconfigs/good.yaml`.
struct GoodKubeconfig: Decodable, Sendable, CustomTestStringConvertible {
    let files: [String]
    var context: String?
    let credential: String
    var server: String?
    var warnings: Int?
    var notes: [String]?

    var testDescription: String { files.joined(separator: ":") + (context.map { " \($0)" } ?? "") }

    static let all = Result {
        try YAMLDecoder().decode([GoodKubeconfig].self, from: Data(contentsOf: folder.appending(path: "good.yaml")))
    }

    var paths: [String] { files.map { folder.appending(path: $0).path } }
    var source: KubeconfigSource { paths.count == 1 ? .file(paths[0]) : .list(paths) }
    var kubectlArguments: [String] {
        (paths.count == 1 ? ["--kubeconfig", paths[0]] : []) + (context.map { ["--context", $0] } ?? [])
    }
    var environment: [String: String?] { ["KUBECONFIG": paths.count == 1 ? nil : paths.joined(separator: ":")] }
}

/// A file that isthmus must refuse: a row of `Kubeconfigs/bad.yaml`.
struct BadKubeconfig: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    let says: String
    var key: String?
    var line: Int?
    let kubectl: String
    var why: String?
    var since: Int?

    var testDescription: String { file }
    var path: String { folder.appending(path: "bad/\(file).yaml").path }

    static let all = Result {
        try YAMLDecoder().decode([BadKubeconfig].self, from: Data(contentsOf: folder.appending(path: "bad.yaml")))
    }
}

@Suite struct KubeconfigTableTests {
    @Test func tablesNameEveryFile() throws {
        let good = Set(try GoodKubeconfig.all.get().flatMap(\.files).map { $0.split(separator: "/").last.map(String.init) ?? "" })
        let bad = Set(try BadKubeconfig.all.get().map { "\($0.file).yaml" })
        #expect(try files("good").union(files("good/sub")).subtracting(["sub"]) == good.subtracting(["no-such-file.yaml"]))
        #expect(try files("bad") == bad)
        #expect(good.count + bad.count >= 40)
    }

    private func files(_ name: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: name).path))
    }

    @Test(arguments: try GoodKubeconfig.all.get())
    func equalsKubectl(_ good: GoodKubeconfig) async throws {
        let kubectl = try await Kubectl.installed()
        let result = try await kubectl.run(
            ["config", "view", "--minify", "--flatten", "-o", "json"] + good.kubectlArguments, good.environment)
        try #require(result.status == 0, "kubectl: \(result.errors)")
        let theirs = try JSONDecoder().decode(JSONValue.self, from: Data(result.output.utf8))

        let config = try Kubeconfig.load(good.source)
        let ours = try config.view(context: good.context, withSecrets: true)
        #expect(kubectl.normalized(ours) == kubectl.normalized(theirs))

        // Without secrets the same entries, and none of the secrets that kubectl has just printed.
        let shown = try config.view(context: good.context)
        for format in ViewFormat.allCases {
            let document = try shown.document(format)
            let read = try #require(try PositionedYAML.read(Data(document.utf8), file: "view"))
            #expect(read.json == shown)
            for secret in theirs.secrets { #expect(!document.contains(secret)) }
        }
    }

    @Test(arguments: try GoodKubeconfig.all.get())
    func resolves(_ good: GoodKubeconfig) throws {
        let config = try Kubeconfig.load(good.source)
        let access = try config.resolve(context: good.context)
        #expect(access.credentialKind.rawValue == good.credential)
        if let server = good.server { #expect(access.server.url == server) }
        let warnings = access.warnings.filter { if case .readableByOthers = $0 { false } else { true } }
        #expect(warnings.count == good.warnings ?? 0)
        #expect(config.notes.count == good.notes?.count ?? 0 || good.files.count > 1, "\(config.notes)")
        for note in good.notes ?? [] { #expect(config.notes.contains { $0.description.contains(note) }, "\(note)") }
        for secret in try config.view(context: good.context, withSecrets: true).secrets {
            #expect(!"\(access) \(String(reflecting: access))".contains(secret))
            var dumped = ""
            dump(access, to: &dumped)
            #expect(!dumped.contains(secret))
        }
    }

    @Test(arguments: try BadKubeconfig.all.get())
    func refused(_ bad: BadKubeconfig) async throws {
        let error = #expect(throws: KubeconfigError.self) {
            let config = try Kubeconfig.load(.file(bad.path))
            _ = try config.view()
            _ = try config.resolve()
        }
        let text = try #require(error).description
        #expect(text.hasPrefix(bad.path), "\(text)")
        #expect(text.contains(bad.says), "\(text)")
        #expect(error?.line == bad.line, "\(text)")
        #expect(error?.key == bad.key, "\(text)")
        #expect(!text.contains("Sw0rdfish") && !text.unicodeScalars.contains { $0.value < 0x20 }, "\(text)")
    }

    @Test(arguments: try BadKubeconfig.all.get())
    func refusedByKubectlToo(_ bad: BadKubeconfig) async throws {
        let kubectl = try await Kubectl.installed()
        let view = try await kubectl.run(["config", "view", "--minify", "--flatten", "--kubeconfig", bad.path])
        switch bad.kubectl {
        case "view":
            #expect(view.status != 0)
        case "get":
            #expect(view.status == 0)
            let get = try await kubectl.run(["get", "--raw", "/version", "--request-timeout=5s", "--kubeconfig", bad.path])
            #expect(get.status != 0)
            if kubectl.minor >= bad.since ?? 0 { #expect(!get.errors.contains("refused"), "kubectl has connected") }
        default:
            #expect(bad.kubectl == "accepts" && bad.why?.isEmpty == false)
            #expect(view.status == 0)
        }
    }
}

/// The kubectl that is installed. A missing one fails the test: nothing would be compared.
struct Kubectl {
    let minor: Int

    private static let found = Task {
        let result = try await command("kubectl", ["version", "--client", "-o", "json"])
        let version = try JSONDecoder().decode(JSONValue.self, from: Data(result.output.utf8))["clientVersion"]
        return Kubectl(minor: try #require(version?["minor"]?.string.flatMap { Int($0.prefix { $0.isNumber }) }))
    }

    static func installed() async throws -> Kubectl { try await found.value }

    func run(_ arguments: [String], _ environment: [String: String?] = ["KUBECONFIG": nil]) async throws -> CommandResult {
        try await Self.turns.take { try await command("kubectl", arguments, environment: environment) }
    }

    /// The tests of a table run side by side; a hundred kubectls at once would starve whatever else is tested.
    private static let turns = Turns(count: 2)

    /// Keys that older releases of kubectl drop, with the first release that has them.
    private static let since = ["as-uid": 22, "interactiveMode": 22, "disable-compression": 26]

    /// Null and absent are the same, an empty `preferences` too, and so is what this kubectl does not know yet.
    func normalized(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            let kept = members.filter { key, value in
                value != .null && !(key == "preferences" && value == [:]) && minor >= Self.since[key] ?? 0
            }
            return .object(kept.mapValues(normalized))
        case .array(let values): return .array(values.map(normalized))
        case .number(let number) where number == number.rounded(): return .integer(Int64(number))
        default: return value
        }
    }
}

extension JSONValue {
    /// Everything under a key that holds a secret.
    var secrets: [String] {
        switch self {
        case .object(let members):
            members.flatMap { key, value -> [String] in
                switch key {
                case "token", "password", "client-key-data", "id-token":
                    value.string.map { $0.count > 3 ? [$0] : [] } ?? []
                case "proxy-url":
                    value.string.flatMap { $0.contains("@") ? ["pr0xyPassw0rd"] : nil } ?? []
                default: value.secrets
                }
            }
        case .array(let values): values.flatMap(\.secrets)
        default: []
        }
    }
}
