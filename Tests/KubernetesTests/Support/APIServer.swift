import Foundation
import HTTP
import Peers
import Testing

@testable import Kubernetes

/// A real API server, with clients of it, for the time of a suite.
final class APIServer: Sendable {
    private let server: KubeAPIServer
    static let adminToken = KubeAPIServer.adminToken
    static let readerToken = KubeAPIServer.readerToken
    static let authority = KubeAPIServer.authority

    init() async throws { server = try await KubeAPIServer() }

    var port: Int { server.port }
    var cluster: String { server.cluster }

    /// A client as the given `user` of a kubeconfig; the administrator by default.
    func client(
        user: String = "token: \(adminToken)", scratch: Scratch, timeout: Duration = .seconds(20), allowed: [String] = []
    ) throws -> KubernetesClient {
        let runner = ExecRunner(trust: ExecTrust(allowed: allowed), environment: scratch.environment, hasTerminal: false)
        return KubernetesClient(
            access: try scratch.access(user: user, cluster: cluster), http: sharedHTTP, timeout: timeout,
            plugins: ExecCache(runner: runner))
    }

    /// Waits until the server has made its own objects and answers that it is ready.
    func waitUntilReady() async throws {
        let client = try client(scratch: try Scratch())
        let end = ContinuousClock.now + .seconds(60)
        while true {
            do {
                let answer = try await client.send(.init("GET", "/readyz", accept: "*/*"))
                if String(decoding: answer.body, as: UTF8.self) == "ok" { return }
            } catch {
                if ContinuousClock.now > end {
                    throw NotReady(description: "kube-apiserver is not ready: \(error)\n\(server.output.suffix(2000))")
                }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @TaskLocal static var current: APIServer?
}

let sharedHTTP = HTTPClient(userAgent: "isthmus-test/1")

/// Starts one API server for a suite and ends it afterwards.
struct APIServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let server = try await APIServer()
        try await server.waitUntilReady()
        try await APIServer.$current.withValue(server) { try await function() }
    }
}

extension Trait where Self == APIServerTrait {
    static var apiServer: Self { APIServerTrait() }
}

/// Why there is no API server to test against.
struct NotReady: Error, CustomStringConvertible {
    let description: String
}
