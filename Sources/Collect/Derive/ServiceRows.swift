internal import Facts
internal import Foundation
internal import Mesh

/// The ready pods with sidecars of one cluster, by namespace.
struct MeshWorkloads {
    private let byNamespace: [String?: [Pod]]

    init(_ pods: [Pod]) {
        let ready = pods.filter { $0.isReady && $0.metadata.label(MeshConstants.tlsModeLabel) == "istio" }
        byNamespace = Dictionary(grouping: ready, by: \.metadata.namespace)
    }

    func count(in namespace: String) -> Int { byNamespace[namespace]?.count ?? 0 }

    /// Those that a Service's selector picks.
    func behind(_ service: Service) -> [Pod] {
        (byNamespace[service.metadata.namespace] ?? []).filter { service.selects($0.metadata.labels ?? [:]) }
    }
}

/// Table `mesh_service`: in every cluster, those Services behind which a ready pod with a sidecar stands in any cluster.
struct ServiceFacts {
    private(set) var batch = FactBatch()

    /// A cluster's Services by `namespace/name`, and what stands behind those that have something.
    private struct View {
        var services: [String: Service]
        var pods: [String: [Pod]]
        var policies: MutualTLSPolicies
        var sight: GatewaySight?
    }

    /// What one cluster's rows are made of.
    struct Source {
        var cluster: String
        var services: Answer<[Service]>
        /// With the label `security.istio.io/tlsMode=istio`.
        var pods: Answer<[Pod]>
        var policies: Answer<MutualTLSPolicies>
        /// `nil` where it is not known.
        var sight: GatewaySight?
    }

    init(_ sources: [Source]) {
        let views = sources.map(Self.view)
        let names = Set(views.compactMap(\.value).flatMap(\.pods.keys)).sorted()
        for (cluster, view) in zip(sources.map(\.cluster), views) {
            switch view {
            case .failure(let reason):
                batch.add(fact: "mesh_service", cluster: cluster, .failed, reason: reason.reason)
            case .success(let view):
                batch.add(fact: "mesh_service", cluster: cluster, .collected)
                batch.rows += names.compactMap { name in
                    view.services[name].map { Self.row(cluster, $0, pods: view.pods[name] ?? [], view) }
                }
            }
        }
    }

    private static func view(_ source: Source) -> Answer<View> {
        both(both(source.services, source.pods), source.policies).map { objects, policies in
            let workloads = MeshWorkloads(objects.1)
            let known = objects.0.filter { $0.spec.type != "ExternalName" }
            var view = View(services: [:], pods: [:], policies: policies, sight: source.sight)
            for service in known {
                view.services[service.metadata.path] = service
                let pods = workloads.behind(service)
                if !pods.isEmpty { view.pods[service.metadata.path] = pods }
            }
            return view
        }
    }

    private static func row(_ cluster: String, _ service: Service, pods: [Pod], _ view: View) -> FactRow {
        let ports = (service.spec.ports ?? []).filter { ($0.protocol ?? "TCP") == "TCP" }
        let disabling = pods.lazy.compactMap { pod in
            view.policies.disabling(pod, ports: ports.compactMap { pod.number(of: $0) })
        }.first
        return FactRow(
            "mesh_service",
            [
                "cluster": .text(cluster), "namespace": .text(service.metadata.namespace ?? ""),
                "name": .text(service.metadata.name), "ports": jsonText(Set(ports.map(\.port)).sorted()),
                "headless": FactValue(service.spec.clusterIP == "None"), "mesh_pods": .integer(pods.count),
                "disabled_by": .text(disabling?.metadata.path ?? ""), "export_to": .text(service.exportTo.joined(separator: ",")),
                "gateway_sees": FactValue(view.sight.map { $0.sees(service) }),
            ])
    }
}

extension Service {
    /// Annotation `networking.istio.io/exportTo`, the parts of its list; none where it is absent.
    /// https://istio.io/latest/docs/reference/config/annotations/
    var exportTo: [String] {
        metadata.annotation("networking.istio.io/exportTo").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}

/// Which Services the east-west gateway sees, and so passes TLS on to: those that are exported to its namespace.
struct GatewaySight: Sendable {
    private let namespaces: Set<String>
    private let defaults: Set<String>

    /// - Parameters:
    ///   - namespaces: of gateways; where there is none yet, it will stand in istio-system.
    ///   - defaults: of the mesh configuration, for Services that do not say to whom they are exported; empty: to all.
    init(namespaces: [String] = [], defaults: Set<String> = []) {
        self.namespaces = namespaces.isEmpty ? [MeshConstants.systemNamespace] : Set(namespaces)
        self.defaults = defaults
    }

    func sees(_ service: Service) -> Bool {
        let exported = service.exportTo.isEmpty ? defaults : Set(service.exportTo)
        return exported.isEmpty || exported.contains("*") || !exported.isDisjoint(with: namespaces)
            || exported.contains(".") && namespaces.contains(service.metadata.namespace ?? "")
    }
}

extension Pod {
    /// The pod's own number of a Service's port; `nil` where a name leads to none.
    fileprivate func number(of port: Service.Port) -> Int? {
        switch port.targetPort {
        case nil: port.port
        case .number(let number): number == 0 ? port.port : number
        case .name(let name): spec.containers.lazy.flatMap { $0.ports ?? [] }.first { $0.name == name }?.containerPort
        }
    }
}
