import Foundation
import Testing

@testable import Kubernetes
import Secrecy

private let v1 = "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never"

/// An `ExecCredential` as a plugin prints it.
private func credential(_ status: String) -> String {
    #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{\#(status)}}"#
}

@Suite struct ExecPluginTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func plugin(_ exec: String, cluster: String = "server: https://127.0.0.1:1") throws -> ExecPlugin {
        let access = try scratch.access(user: "exec: {\(exec)}", cluster: cluster)
        guard case .exec(let plugin) = access.credential else { throw Unexpected() }
        return plugin
    }

    private struct Unexpected: Error {}

    private func runner(_ allowed: [String] = [], deadline: Duration = .seconds(20), hasTerminal: Bool = false) -> ExecRunner {
        ExecRunner(
            trust: ExecTrust(allowed: allowed), environment: scratch.environment, deadline: deadline, hasTerminal: hasTerminal)
    }

    private func failure(_ plugin: ExecPlugin, _ runner: ExecRunner) async -> KubeconfigError? {
        do {
            _ = try await runner.run(plugin)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Trust

    @Test func anUnknownProgramIsNotRunAndTheRefusalShowsTheCommand() async throws {
        try scratch.script("bin/evil", "touch $D/was-run")
        let plugin = try plugin(
            #"\#(v1), command: evil, args: ["-c", "rm -rf ~; echo $HOME", --client-secret=Sw0rdfish, --token, Sw0rdfish, "a\e[2Jb"], "#
                + "env: [{name: API_TOKEN, value: Sw0rdfish}, {name: MODE, value: x y}]")
        let error = try #require(await failure(plugin, runner()))
        #expect(error.kind == .untrustedProgram)
        let text = error.description
        let command =
            #"API_TOKEN=REDACTED MODE='x y' evil -c 'rm -rf ~; echo $HOME' --client-secret=REDACTED --token REDACTED 'a\u{1b}[2Jb'"#
        #expect(text.contains(command), "\(text)")
        #expect(text.contains("--allow-exec evil"))
        #expect(text.hasPrefix("\(scratch.path("config")):6:") && text.contains("users[0].user.exec"), "\(text)")
        #expect(!text.contains("Sw0rdfish") && !text.contains("\u{1b}"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("was-run")))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let exec: String
        var allowed: [String] = []
        let says: String
        var testDescription: String { exec }
    }

    @Test(arguments: [
        Refusal(exec: "command: ./gke-gcloud-auth-plugin", says: "is not the gke-gcloud-auth-plugin that PATH leads to"),
        Refusal(exec: "command: /tmp/gke-gcloud-auth-plugin", says: "is not the gke-gcloud-auth-plugin that PATH leads to"),
        Refusal(
            exec: "command: gke-gcloud-auth-plugin, env: [{name: LD_PRELOAD, value: /tmp/x.so}]", says: "the variable LD_PRELOAD"),
        Refusal(exec: "command: gke-gcloud-auth-plugin, env: [{name: HTTPS_PROXY, value: x}]", says: "the variable HTTPS_PROXY"),
        Refusal(exec: "command: gke-gcloud-auth-plugin, env: [{name: CLOUDSDK_PYTHON, value: x}]", says: "CLOUDSDK_PYTHON"),
        Refusal(exec: "command: gke-gcloud-auth-plugin, env: [{name: PATH, value: /tmp}]", says: "the variable PATH"),
        Refusal(exec: "command: aws, args: [s3, rm, --recursive]", says: "trusted only as `aws eks get-token`"),
        Refusal(exec: "command: aws, args: [--endpoint-url, x, eks, get-token]", says: "trusted only as"),
        Refusal(exec: "command: aws, args: [eks, get-token, --endpoint-url=http://x]", says: "with the flag --endpoint-url"),
        Refusal(exec: "command: kubectl, args: [delete, ns, --all]", says: "trusted only as `kubectl oidc-login get-token`"),
        Refusal(exec: "command: sh, env: [{name: LD_PRELOAD, value: x}]", allowed: ["sh"], says: "the variable LD_PRELOAD"),
        Refusal(exec: "command: ./bin/own", allowed: ["own"], says: "is not on the list"),
        Refusal(exec: "command: /bin/../bin/sh", allowed: ["sh"], says: "is not on the list"),
    ])
    func refused(_ refusal: Refusal) async throws {
        for name in ["gke-gcloud-auth-plugin", "aws", "kubectl", "own"] { try scratch.script("bin/\(name)", "touch $D/was-run") }
        try scratch.script("gke-gcloud-auth-plugin", "touch $D/was-run")
        let error = try #require(await failure(try plugin("\(v1), \(refusal.exec)"), runner(refusal.allowed)))
        #expect(error.kind == .untrustedProgram)
        #expect(error.description.contains(refusal.says), "\(error)")
        #expect(!FileManager.default.fileExists(atPath: scratch.path("was-run")))
    }

    @Test(arguments: [
        "command: gke-gcloud-auth-plugin",
        "command: BIN/gke-gcloud-auth-plugin",
        "command: ./bin/gke-gcloud-auth-plugin",
        "command: aws, args: [--region, eu-west-1, eks, get-token, --cluster-name, c], env: [{name: AWS_PROFILE, value: p}]",
        "command: own", "command: ./tools/own",
    ])
    func run(_ exec: String) async throws {
        try FileManager.default.createDirectory(atPath: scratch.path("tools"), withIntermediateDirectories: true)
        for name in ["bin/gke-gcloud-auth-plugin", "bin/aws", "bin/own", "tools/own"] {
            try scratch.script(name, "echo '\(credential(#""token":"secret-token""#))'")
        }
        let plugin = try plugin("\(v1), \(exec.replacing("BIN", with: scratch.path("bin")))")
        let given = try await runner(["own", scratch.path("tools/own")]).run(plugin)
        #expect(given.token?.revealed == "secret-token")
        #expect(!"\(given)".contains("secret-token"))
    }

    // MARK: Protocol

    @Test func thePluginIsToldAboutTheClusterWhereItShallBe() async throws {
        try scratch.script(
            "bin/own", "echo \"$KUBERNETES_EXEC_INFO\" >$D/info; echo \"$A/$HOME\" >$D/env; echo '\(credential(#""token":"t""#))'"
        )
        let cluster =
            "server: https://10.0.0.1, tls-server-name: k, proxy-url: http://proxy:1, disable-compression: true, "
            + "extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a, n: 3}}]"
        let exec =
            "apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: own, env: [{name: A, value: b c}]"
        _ = try await runner(["own"]).run(try plugin("\(exec), provideClusterInfo: true", cluster: cluster))
        let info = try JSONDecoder().decode(JSONValue.self, from: Data(scratch.read("info").utf8))
        #expect(
            info == [
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "spec": [
                    "interactive": false,
                    "cluster": [
                        "server": "https://10.0.0.1", "tls-server-name": "k", "proxy-url": "http://proxy:1",
                        "disable-compression": true,
                        "config": ["audience": "a", "n": 3],
                    ],
                ],
            ])
        #expect(scratch.read("env") == "b c/\(scratch.url.path)\n")
        _ = try await runner(["own"]).run(try plugin(exec, cluster: cluster))
        #expect(!scratch.read("info").contains("cluster"))
    }

    struct Output: Sendable, CustomTestStringConvertible {
        let script: String
        let says: String
        var testDescription: String { says }
    }

    @Test(arguments: [
        Output(script: "echo hello", says: "printed no ExecCredential (6 bytes"),
        Output(script: "echo '{}'", says: "answered with no version"),
        Output(
            script:
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"t"}}'"#,
            says: "answered with client.authentication.k8s.io/v1beta1"),
        Output(script: "echo '\(credential(""))'", says: "neither a token nor a certificate"),
        Output(script: "echo '\(credential(#""clientKeyData":"Sw0rdfish""#))'", says: "but not both"),
        Output(script: #"printf '%s' '\#(credential(#""token":"Sw0rd\nfish""#))'"#, says: "this is no token"),
        Output(script: "echo '\(credential(#""token":"Sw0rdfish","expirationTimestamp":"soon""#))'", says: "no RFC 3339 time"),
        Output(
            script: #"echo 'bad token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl' >&2; printf '\033[2Jgone' >&2; exit 3"#,
            says: #"failed with exit code 3; it said: bad token=REDACTED / \u{1b}[2Jgone"#),
        Output(script: "kill -9 $$", says: "was ended by signal 9"),
        Output(script: "head -c 2000000 /dev/zero", says: "printed more than 1 MiB"),
    ])
    func failures(_ output: Output) async throws {
        try scratch.script("bin/own", output.script)
        let error = try #require(await failure(try plugin("\(v1), command: own"), runner(["own"])))
        #expect(error.kind == .plugin || error.kind == .badValue)
        #expect(error.description.contains(output.says), "\(error)")
        #expect(!error.description.contains("Sw0rdfish") && !error.description.contains("eyJ"))
    }

    @Test func aMissingProgramShowsItsInstallHint() async throws {
        let plugin = try plugin(#"\#(v1), command: kubelogin, args: [get-token], installHint: "Get it\nfrom \e[1mhere""#)
        let error = try #require(await failure(plugin, runner()))
        #expect(
            error.description.contains(#"the program kubelogin was not found. Its kubeconfig says: Get it from \u{1b}[1mhere"#),
            "\(error)")
    }

    @Test func aPluginThatMustAskNeedsATerminal() async throws {
        try scratch.script("bin/own", "exit 0")
        let plugin = try plugin("apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always, command: own")
        let error = try #require(await failure(plugin, runner(["own"])))
        #expect(error.description.contains("standard input is not a terminal"))
    }

    // MARK: Lifetime

    @Test func anOverduePluginIsEndedWithItsChildren() async throws {
        try scratch.script("bin/own", "trap '' TERM; sleep 1000 & echo $! >$D/child; echo waiting >&2; wait")
        let error = try #require(await failure(try plugin("\(v1), command: own"), runner(["own"], deadline: .seconds(1))))
        #expect(error.description.contains("did not end within 1 s, and was ended; it said: waiting"), "\(error)")
        #expect(await eventually { isGone(scratch.read("child")) })
    }

    @Test func cancellationEndsThePluginWithItsChildren() async throws {
        try scratch.script("bin/own", "sleep 1000 & echo $! >$D/child; wait")
        let cache = ExecCache(runner: runner(["own"]))
        let plugin = try plugin("\(v1), command: own")
        let task = Task { try await cache.credential(plugin, rejected: nil) }
        #expect(await eventually { scratch.read("child").hasSuffix("\n") })
        task.cancel()
        let began = ContinuousClock.now
        await #expect(throws: KubeconfigError.self) { try await task.value }
        #expect(ContinuousClock.now - began < .seconds(5))
        #expect(await eventually { isGone(scratch.read("child")) })
    }

    private func isGone(_ pid: String) -> Bool {
        guard let pid = Int32(pid.trimmingCharacters(in: .whitespacesAndNewlines)) else { return false }
        return kill(pid, 0) != 0 || scratchState(pid) == "Z"
    }

    private func scratchState(_ pid: Int32) -> String {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") Z"
        return status.split(separator: ")").last?.split(separator: " ").first.map(String.init) ?? ""
    }

    // MARK: Cache

    @Test func manyRequestsRunThePluginOnce() async throws {
        try scratch.script("bin/own", "echo run >>$D/runs; sleep 0.2; echo '\(credential(#""token":"t""#))'")
        let cache = ExecCache(runner: runner(["own"]))
        let plugin = try plugin("\(v1), command: own")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await cache.credential(plugin, rejected: nil) } }
            try await group.waitForAll()
        }
        let given = try await cache.credential(plugin, rejected: nil)
        #expect(scratch.read("runs") == "run\n")
        // What the server refuses is asked for again.
        _ = try await cache.credential(plugin, rejected: RequestCredential(given))
        #expect(scratch.read("runs") == "run\nrun\n")
        // Another configuration has its own credential.
        _ = try await cache.credential(try self.plugin("\(v1), command: own, args: [a]"), rejected: nil)
        #expect(scratch.read("runs") == "run\nrun\nrun\n")
    }

    @Test(arguments: [("2001-01-01T00:00:00Z", 3), ("2999-01-01T00:00:00.5+02:00", 1)])
    func anExpiredCredentialIsAskedForAgain(_ expiry: String, _ runs: Int) async throws {
        try scratch.script(
            "bin/own", "echo run >>$D/runs; echo '\(credential(#""token":"t","expirationTimestamp":"\#(expiry)""#))'")
        let cache = ExecCache(runner: runner(["own"]))
        let plugin = try plugin("\(v1), command: own")
        for _ in 0..<3 { _ = try await cache.credential(plugin, rejected: nil) }
        #expect(scratch.read("runs").split(separator: "\n").count == runs)
    }
}
