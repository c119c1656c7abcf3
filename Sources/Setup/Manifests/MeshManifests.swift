package import Kubernetes
internal import Mesh

/// The step "network": the label by which istiod tells endpoints' networks.
package enum NetworkManifest {
    /// Only the label: the namespace is the control plane's, and gets no mark of isthmus.
    package static func namespace(network: String) -> JSONValue {
        .kubernetes(
            "v1", "Namespace", MeshConstants.systemNamespace, namespace: nil,
            labels: [MeshConstants.networkLabel: .string(network)])
    }
}

/// The step "expose": the guide's `expose-services.yaml`.
package enum ExposeManifest {
    /// The versions of `networking.istio.io` in which it can be written, the guide's own first.
    package static let versions = ["v1alpha3", "v1beta1", "v1"]

    /// - Parameter hosts: the guide's is `*.local`, every service of the mesh.
    package static func gateway(version: String, hosts: [String], meshID: String) -> JSONValue {
        let (key, value) = MeshConstants.eastWestGatewayLabel
        return .kubernetes(
            "networking.istio.io/\(version)", "Gateway", MeshConstants.crossNetworkGateway, labels: Ownership.labels(meshID),
            [
                "spec": [
                    "selector": .object([key: .string(value)]),
                    "servers": [
                        [
                            "port": ["number": .integer(Int64(MeshConstants.gatewayPort)), "name": "tls", "protocol": "TLS"],
                            "tls": ["mode": "AUTO_PASSTHROUGH"],
                            "hosts": .array(hosts.map(JSONValue.string)),
                        ]
                    ],
                ]
            ])
    }
}
