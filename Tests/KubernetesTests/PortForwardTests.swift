import Foundation
import HTTP
import Peers
import Testing

@testable import Kubernetes

/// Port-forwards through the stand-in for a kubelet to a real nginx. The real kubelet is the lab's.
@Suite(.timeLimit(.minutes(2))) struct PortForwardTests {
    static let token = "Sw0rdfish"
    static let identity = Identity.make(.server(), by: APIServer.authority)

    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func client(_ port: Int, timeout: Duration = .seconds(10)) throws -> KubernetesClient {
        let authority = APIServer.authority.certificatePEM.base64EncodedString()
        let access = try scratch.access(
            user: "token: \(Self.token)",
            cluster: "server: \"https://127.0.0.1:\(port)\", certificate-authority-data: \(authority)",
            name: UUID().uuidString)
        return KubernetesClient(access: access, http: sharedHTTP, timeout: timeout, plugins: ExecCache(trust: ExecTrust()))
    }

    private func error(_ client: KubernetesClient, limit: Int = 1 << 20) async -> KubernetesError? {
        do {
            _ = try await client.forwarded(["/x"], namespace: "istio-system", pod: "istiod-1", port: 15014, bodyLimit: limit)
            Issue.record("an answer where an error was due")
            return nil
        } catch {
            return error
        }
    }

    /// Several questions over one connection; one of the answers in chunks, as Go's servers give them, and larger than a frame's
    /// shorter lengths.
    @Test func severalQuestionsOverOneConnection() async throws {
        let large = String(repeating: "{\"id\":\"cluster\"},", count: 20_000)
        let nginx = try await Nginx(
            locations: """
                location = /debug/clusterz { default_type application/json; return 200 '[]'; }
                location = /large { gzip off; chunked_transfer_encoding on; ssi on; ssi_types text/plain; try_files /file =404; }
                location = /none { return 404; }
                """, files: ["file": Data(large.utf8)])
        let kubelet = try await PortForwardStandIn(to: nginx.port, token: Self.token, identity: Self.identity)
        let answers = try await client(kubelet.port).forwarded(
            ["/debug/clusterz", "/large", "/none", "/debug/clusterz"], namespace: "istio-system", pod: "istiod-1", port: 15014)
        #expect(answers.map(\.status) == [200, 200, 404, 200])
        #expect(answers[1].header("Transfer-Encoding") == "chunked")
        #expect(String(decoding: answers[1].body, as: UTF8.self) == large)
        #expect(String(decoding: answers[3].body, as: UTF8.self) == "[]")
        #expect(kubelet.log == ["GET /api/v1/namespaces/istio-system/pods/istiod-1/portforward?ports=15014 HTTP/1.1"])
        #expect(nginx.connections == 1 && nginx.log.count == 4)
    }

    @Test func nobodyListensInThePod() async throws {
        let kubelet = try await PortForwardStandIn(to: try Listener.freePort(), token: Self.token, identity: Self.identity)
        let text = try #require(await error(try client(kubelet.port))).description
        #expect(
            text.contains("/pods/istiod-1/portforward: the node could not forward port 15014: error forwarding port 15014")
                && text.contains("refused"), "\(text)")
    }

    @Test func notAllowed() async throws {
        let kubelet = try await PortForwardStandIn(to: 1, token: "another", identity: Self.identity)
        let error = try #require(await error(try client(kubelet.port)))
        #expect(error.isForbidden)
        #expect("\(error)".contains("cannot get resource \"pods/portforward\""))
        #expect(!"\(error)".contains(Self.token))
    }

    @Test func anAnswerThatIsTooLarge() async throws {
        let nginx = try await Nginx(locations: "location / { return 200 '\(String(repeating: "x", count: 3000))'; }")
        let kubelet = try await PortForwardStandIn(to: nginx.port, token: Self.token, identity: Self.identity)
        let error = try #require(await error(try client(kubelet.port), limit: 2000))
        guard case .transport(let failure) = error.cause else { throw NotReady(description: "\(error)") }
        #expect(
            [.bodyTooLarge(limit: 2000), .notHTTP(detail: "no WebSocket: a message is larger than 2001 bytes")].contains(failure))
    }

    @Test func aPodThatSaysNothing() async throws {
        let silent = try Listener { $0.hang() }
        let kubelet = try await PortForwardStandIn(to: silent.port, token: Self.token, identity: Self.identity)
        let error = try #require(await error(try client(kubelet.port, timeout: .seconds(1))))
        #expect(error.cause == .transport(.timedOut(after: .seconds(1), phase: .waiting)))
    }
}
