import Foundation

@testable import Kubernetes

/// A folder for one test, with a `bin` for its programs; it goes away with its owner.
final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "isthmus-kube-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url.appending(path: "bin"), withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func read(_ name: String) -> String { (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? "" }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: url.appending(path: name))
        return path(name)
    }

    /// A shell script that may be run; `$D` is this folder.
    @discardableResult
    func script(_ name: String, _ body: String) throws -> String {
        let file = try write(name, "#!/bin/sh\nD='\(url.path)'\n\(body)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return file
    }

    /// A kubeconfig with one context, resolved.
    func access(
        user: String, cluster: String = "server: https://127.0.0.1:1", name: String = "config"
    ) throws -> ClusterAccess {
        let file = try write(
            name,
            """
            apiVersion: v1
            kind: Config
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {\(cluster)}}]
            users: [{name: u, user: {\(user)}}]
            """)
        return try Kubeconfig.load(.file(file)).resolve()
    }

    var environment: [String: String] { ["PATH": "\(path("bin")):/usr/bin:/bin", "HOME": url.path] }
}

/// Waits until a condition holds, ten seconds at most.
func eventually(_ condition: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(10)
    while !condition() {
        if ContinuousClock.now > end { return false }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return true
}
