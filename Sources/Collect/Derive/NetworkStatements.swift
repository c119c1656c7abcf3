internal import Facts
internal import Mesh

/// One place that states a cluster's network.
struct NetworkStatement: Sendable, Equatable {
    enum Kind: String {
        case declared, namespace, injector, proxies
        case gatewayService = "gateway-service"
        case gatewayDeployment = "gateway-deployment"
    }

    var kind: Kind
    var namespace = ""
    var object = ""
    var place: String
    var network: String
}

extension NetworkStatement {
    /// Gathers every place that states the network of a cluster.
    ///
    /// - Parameters:
    ///   - revision: the revision that counts; `nil`: all of them do.
    ///   - rows: those of the tables that hold the places: of this cluster alone.
    static func all(declared: String, systemNamespace: ObjectMeta?, revision: String?, rows: [FactRow]) -> [NetworkStatement] {
        let system = MeshConstants.systemNamespace
        var statements: [NetworkStatement] = []
        if !declared.isEmpty { statements.append(NetworkStatement(kind: .declared, place: "mesh.yaml", network: declared)) }
        if let systemNamespace {
            statements.append(
                NetworkStatement(
                    kind: .namespace, namespace: system, object: system,
                    place: "Namespace \(system) label \(MeshConstants.networkLabel)",
                    network: systemNamespace.label(MeshConstants.networkLabel)))
        }
        for row in rows {
            func text(_ column: String) -> String { row.values[column]?.text ?? "" }
            let path = "\(text("namespace"))/\(text("name"))"
            switch row.table {
            case "injector_values"
            where (revision == nil || Rows.normal(revision ?? "") == text("revision")) && text("parse_error").isEmpty:
                let name = text("revision").isEmpty ? "istio-sidecar-injector" : "istio-sidecar-injector-\(text("revision"))"
                statements.append(
                    NetworkStatement(
                        kind: .injector, namespace: system, object: name, place: "ConfigMap \(system)/\(name) global.network",
                        network: text("network")))
            case "gateway_service":
                statements.append(
                    NetworkStatement(
                        kind: .gatewayService, namespace: text("namespace"), object: text("name"),
                        place: "Service \(path) label \(MeshConstants.networkLabel)", network: text("network")))
            case "gateway_deployment":
                statements.append(
                    NetworkStatement(
                        kind: .gatewayDeployment, namespace: text("namespace"), object: text("name"),
                        place: "Deployment \(path) environment ISTIO_META_REQUESTED_NETWORK_VIEW", network: text("network_view")))
            case "mesh_proxy":
                let parts = text("example").split(separator: "/", maxSplits: 1).map(String.init)
                let statement = NetworkStatement(
                    kind: .proxies, namespace: parts.first ?? "", object: parts.last ?? "",
                    place: "\(text("role")) pods such as \(text("example")) environment ISTIO_META_NETWORK",
                    network: text("network"))
                // Proxies that differ in something else make one place.
                let isKnown = statements.contains {
                    $0.kind == .proxies && $0.network == statement.network && $0.place.hasPrefix(text("role"))
                }
                if !isKnown { statements.append(statement) }
            default: break
            }
        }
        return statements
    }

    func row(_ cluster: String) -> FactRow {
        FactRow(
            "network_statement",
            [
                "cluster": .text(cluster), "kind": .text(kind.rawValue), "namespace": .text(namespace), "object": .text(object),
                "place": .text(place), "network": .text(network),
            ])
    }
}
