import Foundation
package import HTTP
package import Kubernetes

/// A real etcd and kube-apiserver on free loopback ports. Nothing else runs: no controller, no scheduler, no kubelet.
package final class KubeAPIServer: Sendable {
    package static let authority = Identity.make(.authority("isthmus-test-ca"))
    /// Tokens of the users that the server knows: `admin` of system:masters, `reader` of readers, who may do nothing at first.
    package static let adminToken = "admin-token-5e1f"
    package static let readerToken = "reader-token-77aa"

    package let port: Int
    private let folder: Folder
    private let etcd: Daemon
    private let server: Daemon

    /// Starts both; the server may not be ready yet when it answers.
    ///
    /// - Parameter isAudited: whether the server writes down every request that it completes.
    package init(isAudited: Bool = false) async throws {
        folder = try Folder()
        port = try Listener.freePort()
        let clients = try Listener.freePort()
        let peers = try Listener.freePort()
        etcd = try await Daemon(
            try Self.program("etcd"),
            [
                "--data-dir", folder.path("etcd"), "--listen-client-urls", "http://127.0.0.1:\(clients)",
                "--advertise-client-urls", "http://127.0.0.1:\(clients)", "--listen-peer-urls", "http://127.0.0.1:\(peers)",
                "--initial-advertise-peer-urls", "http://127.0.0.1:\(peers)", "--initial-cluster",
                "default=http://127.0.0.1:\(peers)",
            ], port: clients, folder: folder)
        let identity = Identity.make(.server("DNS:localhost,DNS:api.test,IP:127.0.0.1,IP:10.0.0.1"), by: Self.authority)
        try folder.write("ca.crt", Self.authority.certificatePEM)
        let key = try folder.write("server.key", identity.keyPEM)
        try folder.write(
            "tokens",
            Data("\(Self.adminToken),admin,1,\"system:masters\"\n\(Self.readerToken),reader,2,\"readers\"\n".utf8))
        let certificate = try folder.write("server.crt", identity.chainPEM)
        var audit: [String] = []
        if isAudited {
            let policy = """
                {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}
                """
            audit = [
                "--audit-policy-file=\(try folder.write("audit-policy", Data(policy.utf8)))",
                "--audit-log-path=\(folder.path("audit"))",
                "--audit-log-mode=blocking",
            ]
        }
        server = try await Daemon(
            try Self.program("kube-apiserver"),
            [
                "--etcd-servers=http://127.0.0.1:\(clients)", "--secure-port=\(port)", "--bind-address=127.0.0.1",
                "--tls-cert-file=\(certificate)", "--tls-private-key-file=\(key)",
                "--client-ca-file=\(folder.path("ca.crt"))", "--token-auth-file=\(folder.path("tokens"))",
                "--authorization-mode=RBAC",
                "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=\(certificate)",
                "--service-account-signing-key-file=\(key)", "--service-cluster-ip-range=10.0.0.0/24",
                "--disable-admission-plugins=ServiceAccount", "--cert-dir=\(folder.path("certs"))",
            ] + audit, port: port, folder: folder)
    }

    /// A program of Kubernetes: below `KUBEBUILDER_ASSETS`, in isthmus' cache where `lab/install` builds it, or in PATH.
    private static func program(_ name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let cache = (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache") + "/isthmus"
        let built = (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
        var candidates = environment["KUBEBUILDER_ASSETS"].map { ["\($0)/\(name)"] } ?? []
        candidates += built.filter { $0.hasPrefix("kubernetes-") }.sorted().reversed().map { "\(cache)/\($0)/bin/\(name)" }
        candidates += (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw PeerError(description: "\(name) was not found; run lab/install, or set KUBEBUILDER_ASSETS")
        }
        return found
    }

    /// A kubeconfig's `cluster` for this server.
    package var cluster: String {
        "server: https://127.0.0.1:\(port), certificate-authority-data: \(Self.authority.certificatePEM.base64EncodedString())"
    }

    /// A client of the server, for the user whose token it is.
    package func client(
        token: String = adminToken, http: HTTPClient, timeout: Duration = .seconds(20)
    ) throws -> KubernetesClient {
        let folder = try Folder()
        let file = try folder.write(
            "config",
            Data(
                """
                apiVersion: v1
                kind: Config
                current-context: x
                contexts: [{name: x, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {\(cluster)}}]
                users: [{name: u, user: {token: \(token)}}]
                """.utf8))
        return KubernetesClient(
            access: try Kubeconfig.load(.file(file)).resolve(), http: http, timeout: timeout,
            plugins: ExecCache(trust: ExecTrust()))
    }

    /// Waits until the server has made the namespaces that it makes by itself.
    package func waitUntilReady(_ client: KubernetesClient) async throws {
        let end = ContinuousClock.now + .seconds(90)
        while (try? await client.get("/api/v1/namespaces/default", as: JSONValue.self)) == nil {
            guard ContinuousClock.now < end else { throw PeerError(description: "no API server: \(output.suffix(1000))") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Ends the server at once; what it stores stays with etcd.
    package func stop() { server.stop() }

    /// The requests that an audited server has completed, one JSON object (`audit.k8s.io/v1` Event) per line.
    package var audit: String { folder.read("audit") }

    /// What the server printed.
    package var output: String { server.output }
}
