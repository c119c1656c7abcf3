package import Kubernetes
internal import Mesh

/// What the other clusters' istiods have to see of a cluster, as the account whose token the remote secrets hold.
package enum ReaderRole {
    /// Isthmus' own name: the charts of Istio must be able to make theirs, `istio-reader-clusterrole-REVISION-istio-system`, beside it.
    package static let name = "isthmus-istio-reader"

    /// Resources that istiod (1.24) watches through a remote secret, by API group. Secrets are those of every namespace, as in Istio's
    /// own role: gateways are given certificates from them.
    package static let resources: [(group: String, names: [String])] = [
        ("", ["pods", "services", "endpoints", "nodes", "namespaces", "secrets"]),
        ("discovery.k8s.io", ["endpointslices"]), ("apps", ["replicasets"]),
        ("gateway.networking.k8s.io", ["gateways"]), ("apiextensions.k8s.io", ["customresourcedefinitions"]),
    ]
    package static let verbs = ["get", "list", "watch"]

    /// Role and binding, in the order of applying.
    package static func objects(meshID: String) -> [JSONValue] {
        let api = "rbac.authorization.k8s.io"
        var labels = Ownership.labels(meshID)
        labels["app"] = "istio-reader"
        let rules = resources.map { group, names -> JSONValue in
            [
                "apiGroups": [.string(group)], "resources": .array(names.map(JSONValue.string)),
                "verbs": .array(verbs.map(JSONValue.string)),
            ]
        }
        return [
            .kubernetes("\(api)/v1", "ClusterRole", name, namespace: nil, labels: labels, ["rules": .array(rules)]),
            .kubernetes(
                "\(api)/v1", "ClusterRoleBinding", name, namespace: nil, labels: labels,
                [
                    "roleRef": ["apiGroup": .string(api), "kind": "ClusterRole", "name": .string(name)],
                    "subjects": [
                        [
                            "kind": "ServiceAccount", "name": .string(RemoteSecretManifest.serviceAccount),
                            "namespace": .string(MeshConstants.systemNamespace),
                        ]
                    ],
                ]),
        ]
    }
}
