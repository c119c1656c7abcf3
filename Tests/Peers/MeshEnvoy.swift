package import Foundation

/// A real Envoy, configured as Istio configures an east-west gateway and the sidecar behind it: the gateway passes TLS through by SNI
/// and ALPN, the sidecar wants a client certificate of the mesh's root and trust domain, and answers HTTP.
package final class MeshEnvoy: Sendable {
    package static let serverName = "outbound_.5000_._.hello.sample.svc.cluster.local"

    /// The gateway's port.
    package let port: Int
    private let daemon: Daemon

    /// How the sidecar treats those who come.
    package struct Sidecar: Sendable {
        package var asksForCertificate = true
        /// Which client identities it accepts; `nil`: any of the root's.
        package var trustDomain: String?
        /// `TLSv1_2` or `TLSv1_3`
        package var minimumVersion = "TLSv1_2"
        package var maximumVersion = "TLSv1_3"
        /// Expired certificates are as good.
        package var acceptsExpired = false

        package init(trustDomain: String? = nil, _ change: (inout Sidecar) -> Void = { _ in }) {
            self.trustDomain = trustDomain
            change(&self)
        }
    }

    /// - Parameters:
    ///   - identity: the sidecar's certificate.
    ///   - root: PEM that client certificates must lead to.
    package init(_ identity: Identity, root: Data, _ sidecar: Sidecar) async throws {
        let folder = try Folder()
        port = try Listener.freePort()
        let inner = try Listener.freePort()
        func file(_ name: String, _ data: Data) throws -> String { "{filename: \(try folder.write(name, data))}" }
        let names =
            sidecar.trustDomain.map {
                "match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: \"spiffe://\($0)/\"}}],"
            } ?? ""
        let validation = """
            validation_context: {\(names) allow_expired_certificate: \(sidecar.acceptsExpired), trusted_ca: \(try file("root.pem", root))}
            """
        let protocols = "[istio, istio-peer-exchange, istio-http/1.0, istio-http/1.1, istio-h2]"
        let inspector =
            "{name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}}"
        let configuration = """
            static_resources:
              clusters:
              - name: workload
                type: STATIC
                connect_timeout: 1s
                load_assignment: {cluster_name: workload, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: \(inner)}}}}]}]}
              listeners:
              - name: gateway
                address: {socket_address: {address: 127.0.0.1, port_value: \(port)}}
                listener_filters: [\(inspector)]
                filter_chains:
                - filter_chain_match: {server_names: ["\(Self.serverName)"], application_protocols: \(protocols)}
                  filters:
                  - name: tcp
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: p, cluster: workload}
              - name: sidecar
                address: {socket_address: {address: 127.0.0.1, port_value: \(inner)}}
                listener_filters: [\(inspector)]
                filter_chains:
                - filter_chain_match: {transport_protocol: tls}
                  transport_socket:
                    name: tls
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
                      require_client_certificate: \(sidecar.asksForCertificate)
                      common_tls_context:
                        alpn_protocols: [h2, http/1.1]
                        tls_params: {tls_minimum_protocol_version: \(sidecar.minimumVersion), tls_maximum_protocol_version: \(sidecar.maximumVersion)}
                        tls_certificates: [{certificate_chain: \(try file("chain.pem", identity.chainPEM)), private_key: \(try file("key.pem", identity.keyPEM))}]
                        \(sidecar.asksForCertificate ? validation : "")
                  filters:
                  - name: http
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: inbound
                      http_filters: [{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
                      route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: hello}}}]}]}
            """
        let path = try folder.write("envoy.yaml", Data(configuration.utf8))
        daemon = try await Daemon(
            try Self.program(),
            ["-c", path, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"], port: port, folder: folder)
    }

    package var log: String { daemon.output }

    /// Envoy, in isthmus' cache where `lab/install` puts it, or in PATH.
    private static func program() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let cache = (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache") + "/isthmus"
        let kept = (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
        var candidates = kept.filter { $0.hasPrefix("envoy-") }.sorted().reversed().map { "\(cache)/\($0)/envoy" }
        candidates += (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/envoy" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw PeerError(description: "envoy was not found; run lab/install")
        }
        return found
    }
}
