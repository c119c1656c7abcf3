internal import Facts
internal import Foundation
internal import Mesh

/// A service of the mesh that a gateway can be asked for.
struct ProbeService: Sendable, Equatable {
    var namespace: String
    var name: String
    var port: Int
    /// Istio takes what comes to the port for HTTP/1.1.
    var isHTTP: Bool

    /// The name that a sidecar sends for it: `outbound_.PORT_._.HOST`.
    var serverName: String { "outbound_.\(port)_._.\(name).\(namespace).svc.cluster.local" }

    /// The Services behind which a ready pod with a sidecar stands, those first that are best to ask for.
    ///
    /// Those that the cluster's istiod leaves out come last, since its gateway does not know them, and headless Services before them, since
    /// clients do not address them through a gateway; those that speak HTTP come before others, since they can be asked something; a
    /// Service that is not exported to every namespace does not come at all.
    ///
    /// - Parameter ignored: namespaces that the cluster's istiod leaves out.
    static func candidates(services: [Service], pods: [Pod], ignored: Set<String> = []) -> [ProbeService] {
        let workloads = MeshWorkloads(pods)
        let candidates = services.filter { service in
            !workloads.behind(service).isEmpty
                && (service.exportTo.isEmpty || service.exportTo.contains("*"))
                && service.spec.type != "ExternalName" && service.probePort != nil
        }
        return candidates.sorted { order($0, ignored) < order($1, ignored) }.compactMap { service in
            service.probePort.map {
                ProbeService(
                    namespace: service.metadata.namespace ?? "", name: service.metadata.name, port: $0.port, isHTTP: $0.isHTTP)
            }
        }
    }

    private static func order(_ service: Service, _ ignored: Set<String>) -> (Int, Int, Int, Int, String, String) {
        let namespace = service.metadata.namespace ?? ""
        return (
            ignored.contains(namespace) ? 1 : 0, isSystem(namespace), service.spec.clusterIP == "None" ? 1 : 0,
            service.probePort?.isHTTP == true ? 0 : 1, namespace,
            service.metadata.name
        )
    }

    private static func isSystem(_ namespace: String) -> Int {
        let isOwn = namespace == MeshConstants.systemNamespace || Rows.isPlatform(namespace: namespace)
        return isOwn || ["kube-", "gke-", "anthos-", "gmp-", "asm-", "config-management-"].contains { namespace.hasPrefix($0) }
            ? 1 : 0
    }
}

extension Service {
    /// The first port that speaks HTTP, else the first TCP port.
    fileprivate var probePort: Port? {
        let ports = (spec.ports ?? []).filter { ($0.protocol ?? "TCP") == "TCP" }
        return ports.first(where: \.isHTTP) ?? ports.first
    }
}

extension Rows {
    /// Table `asked_service`: what the cluster itself says of the service that its gateway is asked for.
    ///
    /// - Parameters:
    ///   - pods: those with a sidecar.
    ///   - slices: the service's; `nil` where they cannot be read.
    static func askedService(_ cluster: String, _ service: ProbeService, pods: [Pod], slices: [EndpointSlice]?) -> FactRow {
        let injected = Set(
            pods.filter { $0.metadata.label(MeshConstants.tlsModeLabel) == "istio" }.map(\.metadata.path))
        // Not said is ready: so the API defines it.
        let ready = slices.map { $0.flatMap { $0.endpoints ?? [] }.filter { $0.conditions?.ready ?? true } }
        let inMesh = ready.map { ready in
            ready.filter { endpoint in
                endpoint.targetRef.map { injected.contains("\($0.namespace ?? service.namespace)/\($0.name ?? "")") } ?? false
            }
        }
        return FactRow(
            "asked_service",
            [
                "cluster": .text(cluster), "namespace": .text(service.namespace), "name": .text(service.name),
                "port": .integer(service.port), "sni": .text(service.serverName), "speaks_http": FactValue(service.isHTTP),
                "ready_endpoints": FactValue(ready?.count), "mesh_endpoints": FactValue(inMesh?.count),
            ])
    }
}
