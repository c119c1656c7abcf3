import Facts
import Foundation
import HTTP
import Mesh
import Peers
import Testing

@testable import Collect

/// A small sound cluster's API, served by nginx over HTTP/2 from canned answers, with secrets planted where secrets are.
final class FakeCluster {
    /// Texts that must never leave the collector.
    static let planted = ["PLANTED-CALLER", RemoteSecretTests.token, "PLANTED-KEY"]

    let nginx: Nginx
    let gateway: OpenSSLServer
    let name: String
    let kubeconfig: String
    private let folder: Folder

    static let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    static let authority = Identity.make(.authority())
    static let meshRoot = Identity.make(.authority("O=cluster.local"))

    /// - Parameters:
    ///   - answers: in place of the sound ones: path, or path~labelSelector, to text; an empty text is a 404.
    ///   - peer: the cluster to which a remote secret leads.
    ///   - extra: locations of nginx, which take the place of those of the paths in `without`.
    init(
        _ name: String = "a", answers: [String: String] = [:], peer: FakeCluster? = nil, extra: String = "",
        without: [String] = []
    ) async throws {
        self.name = name
        folder = try Folder()
        let leaf = Identity.make(
            .server("URI:spiffe://f.svc.id.goog/ns/sample/sa/hello").with { $0.subject = "x" }, by: Self.meshRoot)
        gateway = try await OpenSSLServer(leaf, options: ["-alpn", "istio"], clientAuthority: Self.meshRoot.certificatePEM)
        var all = Self.sound(uid: "uid-\(name)", gatewayPort: gateway.port)
        if let peer { all["/api/v1/namespaces/istio-system/secrets~istio%2FmultiCluster"] = try Self.remoteSecrets(of: peer) }
        all.merge(answers) { $1 }

        var files: [String: Data] = [:], locations = extra
        let paths = Dictionary(grouping: all.keys) { $0.split(separator: "~")[0] }
        for (number, (path, keys)) in paths.enumerated() where !without.contains(String(path)) {
            locations +=
                "location = \(path) { default_type application/json; try_files /f\(number)~$arg_labelSelector /f\(number) =404; }\n"
            for key in keys where all[key] != "" {
                let label = key.split(separator: "~").dropFirst().first.map { "~\($0)" } ?? ""
                files["f\(number)\(label)"] = Data((all[key] ?? "").utf8)
            }
        }
        if !without.contains(Self.reviews) {
            locations +=
                "location = \(Self.reviews) { default_type application/json; return 201 '{\"status\":{\"allowed\":true}}'; }"
        }
        nginx = try await Nginx(identity: Identity.make(.server(), by: Self.authority), locations: locations, files: files)
        kubeconfig = try folder.write(
            "\(name).kubeconfig", Data(Self.kubeconfig(port: nginx.port, token: "PLANTED-CALLER").utf8))
    }

    var declaration: ClusterDeclaration { ClusterDeclaration(name: name, kubeconfig: kubeconfig, platform: .kubernetes) }

    static func kubeconfig(port: Int, token: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: 'https://127.0.0.1:\(port)', certificate-authority-data: \(authority.certificatePEM.base64EncodedString())}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        users: [{name: u, user: {token: \(token)}}]
        """
    }

    private static func remoteSecrets(of peer: FakeCluster) throws -> String {
        let config = Data(kubeconfig(port: peer.nginx.port, token: RemoteSecretTests.token).utf8).base64EncodedString()
        return list(
            #"{"metadata":{"name":"istio-remote-secret-cn-\#(peer.name)","namespace":"istio-system","labels":{"istio/multiCluster":"true"}},"data":{"cn-\#(peer.name)":"\#(config)"}}"#
        )
    }

    static func list(_ items: String...) -> String {
        #"{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[\#(items.joined(separator: ","))]}"#
    }

    static let groups = """
        {"kind":"APIGroupList","groups":[
         {"name":"networking.istio.io","versions":[{"version":"v1"}],"preferredVersion":{"version":"v1"}},
         {"name":"security.istio.io","versions":[{"version":"v1"}]},
         {"name":"hub.gke.io","versions":[{"version":"v1"}]},{"name":"apps","versions":[{"version":"v1"}]},
         {"name":"admissionregistration.k8s.io","versions":[{"version":"v1"}]},
         {"name":"discovery.k8s.io","versions":[{"version":"v1beta1"}]}]}
        """

    static let rootCopy: String = {
        let root = jsonText(["root-cert.pem": String(decoding: meshRoot.certificatePEM, as: UTF8.self)]).text ?? ""
        return #"{"metadata":{"name":"istio-ca-root-cert","namespace":"istio-system"},"data":\#(root)}"#
    }()

    private static func sound(uid: String, gatewayPort: Int) -> [String: String] {
        let system = "/api/v1/namespaces/istio-system"
        let gatewayLabels = GatewayTests.labels
        let copy = rootCopy
        let proxy = #"{"name":"istio-proxy","image":"proxyv2","env":[{"name":"ISTIO_META_NETWORK","value":"net-a"}]}"#
        return [
            "/version": #"{"major":"1","minor":"30","gitVersion":"v1.30.5"}"#,
            "/apis": groups,
            "/api/v1/namespaces": list(
                #"{"metadata":{"name":"kube-system","uid":"\#(uid)"}}"#,
                #"{"metadata":{"name":"istio-system","uid":"s","labels":{"topology.istio.io/network":"net-a"}}}"#),
            "/api/v1/namespaces/kube-system": #"{"metadata":{"name":"kube-system","uid":"\#(uid)"}}"#,
            "/api/v1/nodes": list(#"{"metadata":{"name":"n"}}"#),
            "/apis/apps/v1/deployments~app%3Distiod": list(
                #"{"metadata":{"name":"istiod-asm-1246-9","namespace":"istio-system","labels":{"app":"istiod","istio.io/rev":"asm-1246-9"}},"spec":{"selector":{},"template":{"spec":{"containers":[{"name":"discovery","image":"pilot:1.24.6","env":[{"name":"SECRET","value":"PLANTED-KEY"}]}]}}}}"#
            ),
            "/apis/apps/v1/deployments": list(),
            "/apis/apps/v1/namespaces/istio-system/deployments": list(
                #"{"metadata":{"name":"istio-eastwestgateway","namespace":"istio-system","labels":{\#(gatewayLabels)}},"spec":{"selector":{"matchLabels":{\#(gatewayLabels)}},"template":{"metadata":{"labels":{\#(gatewayLabels)}},"spec":{"containers":[{"name":"istio-proxy","image":"auto"}]}}}}"#
            ),
            "/api/v1/pods": list(),
            "/api/v1/pods~security.istio.io%2FtlsMode%3Distio": list(
                #"{"metadata":{"name":"hello","namespace":"sample","labels":{"app":"hello","security.istio.io/tlsMode":"istio"}},"spec":{"containers":[\#(proxy)]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#
            ),
            "\(system)/configmaps": list(
                #"{"metadata":{"name":"istio-asm-1246-9","namespace":"istio-system"},"data":{"mesh":"defaultConfig: {meshId: proj-1}"}}"#,
                #"{"metadata":{"name":"istio-sidecar-injector-asm-1246-9","namespace":"istio-system"},"data":{"values":"{}"}}"#,
                copy),
            "/api/v1/configmaps": list(copy),
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": list(),
            "/api/v1/services": list(
                #"{"metadata":{"name":"istio-eastwestgateway","namespace":"istio-system","labels":{"topology.istio.io/network":"net-a","networking.istio.io/gatewayPort":"\#(gatewayPort)"}},"spec":{"selector":{"istio":"eastwestgateway"},"externalIPs":["127.0.0.1"],"ports":[{"port":\#(gatewayPort)}]}}"#,
                #"{"metadata":{"name":"hello","namespace":"sample"},"spec":{"selector":{"app":"hello"},"ports":[{"port":5000}]}}"#
            ),
            "/apis/networking.istio.io/v1/destinationrules": list(), "/apis/security.istio.io/v1/peerauthentications": list(),
            "/apis/security.istio.io/v1/authorizationpolicies": list(),
            "/api/v1/events": list(),
            "\(system)/secrets": list(#"{"metadata":{"name":"cacerts","creationTimestamp":"2026-01-01T00:00:00Z"}}"#),
            "\(system)/secrets~istio%2FmultiCluster": list(),
            "/apis/networking.istio.io/v1/gateways": list(),
            "/apis/hub.gke.io/v1/memberships/membership":
                #"{"metadata":{"name":"membership"},"spec":{"owner":{"id":"//gkehub.googleapis.com/projects/f/locations/global/memberships/a"}}}"#,
            "/apis/discovery.k8s.io/v1beta1/namespaces/istio-system/endpointslices": list(),
            "/apis/discovery.k8s.io/v1beta1/namespaces/sample/endpointslices": list(
                #"{"metadata":{"name":"hello-1","namespace":"sample","labels":{"kubernetes.io/service-name":"hello"}},"endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"hello","namespace":"sample"}},{"addresses":["10.0.0.2"],"targetRef":{"kind":"Pod","name":"plain"}}]}"#
            ),
        ]
    }
}

/// Collects from clusters and checks that what came fits the tables and holds none of the planted secrets.
func collect(
    _ declarations: [ClusterDeclaration], timeout: Duration = .seconds(10), google: GoogleOptions? = nil,
    level: Collect.Level = .read, withCAKey: Bool = false, progress: @escaping @Sendable (CollectEvent) -> Void = { _ in }
) async throws -> FactBatch {
    let http = HTTPClient(userAgent: "isthmus/test")
    defer { http.shutdown() }
    let mesh = MeshDeclaration(fleetProject: "f", revision: "asm-1246-9", clusters: declarations)
    let options = CollectOptions(
        level: level, timeout: timeout, google: google, withCAKey: withCAKey, toolVersion: "0", command: "test")
    let batch = await Collector(mesh: mesh, http: http, options: options, progress: progress).collect()
    try Snapshot.inMemory(schema: .embedded()).insert(batch)
    let everything = "\(batch)"
    for secret in FakeCluster.planted { #expect(!everything.contains(secret)) }
    try expectCompleteLedger(batch, declarations.map(\.name))
    return batch
}

/// Every declared table must say for every cluster what became of it.
func expectCompleteLedger(_ batch: FactBatch, _ clusters: [String]) throws {
    let entries = Dictionary(grouping: batch.ledger) { "\($0.fact) \($0.cluster)" }
    for table in try FactSchema.embedded().tables where table.name != FactSchema.ledger {
        for cluster in table.scope == .mesh ? [""] : clusters {
            let found = entries["\(table.name) \(cluster)"] ?? []
            #expect(found.count == 1, "\(table.name) for \"\(cluster)\": \(found.count) entries")
            #expect(found.allSatisfy { ($0.status == .collected) == $0.reason.isEmpty })
        }
    }
}
