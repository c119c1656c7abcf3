package import Kubernetes
internal import Mesh

/// The versions in which a server takes the objects of the gateway that it may have in several, or not at all.
package struct GatewayAPIs: Hashable, Sendable {
    /// Of `autoscaling`: `v2`, `v2beta2` or `v1`; `nil` where there is none.
    package var autoscaling: String?
    /// Of `policy`: `v1` or `v1beta1`.
    package var policy: String?

    package init(autoscaling: String?, policy: String?) {
        self.autoscaling = autoscaling
        self.policy = policy
    }

    /// The newest that the server has.
    package init(_ groups: APIGroups) {
        autoscaling = groups.firstServed("autoscaling", ["v2", "v2beta2", "v1"])
        policy = groups.firstServed("policy", ["v1", "v1beta1"])
    }
}

/// What the gateway of one cluster is to be.
package struct GatewayWish: Hashable, Sendable {
    package var meshID: String
    package var network: String
    /// `""` for the default revision.
    package var revision: String
    package var service: GatewayServiceWish

    package init(meshID: String, network: String, revision: String, service: GatewayServiceWish = GatewayServiceWish()) {
        self.meshID = meshID
        self.network = network
        self.revision = revision
        self.service = service
    }
}

/// The step "gateway", native: what `gen-eastwest-gateway.sh | istioctl install -f -` makes, without istioctl.
///
/// Held against istioctl's and the chart's objects by a table of every field that istiod and Envoy read
/// (Tests/SetupTests/GatewayTableTests). Different on purpose: the selector leaves the network out, as the chart does, so that it can
/// be changed; a PodDisruptionBudget stands there with one replica, too, and lets that one go.
package enum GatewayManifests {
    private static let name = MeshConstants.eastWestGateway
    package static let serviceAccount = "istio-eastwestgateway-service-account"
    package static let role = "istio-eastwestgateway-sds"

    /// In the order in which they are to be applied.
    package static func objects(_ wish: GatewayWish, _ apis: GatewayAPIs) -> [JSONValue] {
        var objects = [account(wish), roleObject(wish), binding(wish), deployment(wish), service(wish)]
        if let version = apis.autoscaling { objects.append(autoscaler(wish, version)) }
        if let version = apis.policy { objects.append(budget(wish, version)) }
        return objects
    }

    /// A pod as the Deployment would make it: where a server, asked in a dry run, gives it back with an image other than `auto`, the
    /// injector works.
    package static func pod(_ wish: GatewayWish) -> JSONValue {
        let template = template(wish)
        var spec = template["spec"]?.object ?? [:]
        // The gateway's own account may not be there yet, and a pod of an account that is not there is refused.
        spec["serviceAccountName"] = nil
        return .kubernetes(
            "v1", "Pod", "\(name)-injection-proof", labels: template["metadata"]?["labels"]?.object ?? [:],
            annotations: template["metadata"]?["annotations"]?.object ?? [:], ["spec": .object(spec)])
    }

    private static let selector: [String: JSONValue] = {
        let (key, value) = MeshConstants.eastWestGatewayLabel
        return ["app": .string(name), key: .string(value)]
    }()

    private static func labels(_ wish: GatewayWish) -> [String: JSONValue] {
        selector.merging(Ownership.labels(wish.meshID)) { $1 }
    }

    private static func account(_ wish: GatewayWish) -> JSONValue {
        .kubernetes("v1", "ServiceAccount", serviceAccount, labels: labels(wish))
    }

    private static func roleObject(_ wish: GatewayWish) -> JSONValue {
        .kubernetes(
            "rbac.authorization.k8s.io/v1", "Role", role, labels: labels(wish),
            ["rules": [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]]]])
    }

    private static func binding(_ wish: GatewayWish) -> JSONValue {
        .kubernetes(
            "rbac.authorization.k8s.io/v1", "RoleBinding", role, labels: labels(wish),
            [
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(role)],
                "subjects": [
                    [
                        "kind": "ServiceAccount", "name": .string(serviceAccount),
                        "namespace": .string(MeshConstants.systemNamespace),
                    ]
                ],
            ])
    }

    private static func deployment(_ wish: GatewayWish) -> JSONValue {
        // Without replicas: the autoscaler has them.
        .kubernetes(
            "apps/v1", "Deployment", name, labels: labels(wish),
            [
                "spec": [
                    "selector": ["matchLabels": .object(selector)],
                    "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": "100%", "maxUnavailable": "25%"]],
                    "template": template(wish),
                ]
            ])
    }

    private static func template(_ wish: GatewayWish) -> JSONValue {
        var labels = selector
        labels[MeshConstants.networkLabel] = .string(wish.network)
        labels["sidecar.istio.io/inject"] = "true"
        if !wish.revision.isEmpty { labels[MeshConstants.revisionLabel] = .string(wish.revision) }
        labels["service.istio.io/canonical-name"] = .string(name)
        labels["service.istio.io/canonical-revision"] = .string(wish.revision.isEmpty ? "latest" : wish.revision)
        return [
            "metadata": [
                "labels": .object(labels),
                "annotations": [
                    "inject.istio.io/templates": "gateway", "sidecar.istio.io/inject": "true",
                    "prometheus.io/port": "15020", "prometheus.io/scrape": "true", "prometheus.io/path": "/stats/prometheus",
                ],
            ],
            "spec": [
                "serviceAccountName": .string(serviceAccount),
                "securityContext": [
                    "runAsUser": 1337, "runAsGroup": 1337, "runAsNonRoot": true, "fsGroup": 1337,
                    "seccompProfile": ["type": "RuntimeDefault"],
                ],
                "containers": [container(wish)],
            ],
        ]
    }

    private static func container(_ wish: GatewayWish) -> JSONValue {
        [
            // The injector looks for this name and this image.
            "name": "istio-proxy", "image": "auto",
            "ports": .array(
                (GatewayPort.all + [GatewayPort(name: "http-envoy-prom", number: 15090)]).map { port in
                    [
                        "name": .string(port.name), "containerPort": .integer(Int64(port.number)), "protocol": "TCP",
                    ]
                }),
            "env": [
                ["name": "ISTIO_META_UNPRIVILEGED_POD", "value": "true"],
                ["name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": .string(wish.network)],
            ],
            "resources": [
                "requests": ["cpu": "100m", "memory": "128Mi"], "limits": ["cpu": "2", "memory": "1Gi"],
            ],
            "securityContext": [
                "allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
                "runAsUser": 1337, "runAsGroup": 1337, "capabilities": ["drop": ["ALL"]],
            ],
        ]
    }

    private static func service(_ wish: GatewayWish) -> JSONValue {
        var labels = labels(wish)
        labels[MeshConstants.networkLabel] = .string(wish.network)
        if !wish.revision.isEmpty { labels[MeshConstants.revisionLabel] = .string(wish.revision) }
        var spec: [String: JSONValue] = [
            "type": "LoadBalancer", "selector": .object(selector),
            "ports": .array(GatewayPort.all.map { $0.service(nodePort: wish.service.nodePorts[$0.name]) }),
        ]
        if !wish.service.sourceRanges.isEmpty {
            spec["loadBalancerSourceRanges"] = .array(wish.service.sourceRanges.map(JSONValue.string))
        }
        if let address = wish.service.loadBalancerIP { spec["loadBalancerIP"] = .string(address) }
        return .kubernetes(
            "v1", "Service", name, labels: labels, annotations: wish.service.annotations.mapValues(JSONValue.string),
            ["spec": .object(spec)])
    }

    private static func autoscaler(_ wish: GatewayWish, _ version: String) -> JSONValue {
        var spec: [String: JSONValue] = [
            "minReplicas": 1, "maxReplicas": 5,
            "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": .string(name)],
        ]
        if version == "v1" {
            spec["targetCPUUtilizationPercentage"] = 80
        } else {
            let target: JSONValue = ["type": "Utilization", "averageUtilization": 80]
            spec["metrics"] = [["type": "Resource", "resource": ["name": "cpu", "target": target]]]
        }
        return .kubernetes(
            "autoscaling/\(version)", "HorizontalPodAutoscaler", name, labels: labels(wish), ["spec": .object(spec)])
    }

    private static func budget(_ wish: GatewayWish, _ version: String) -> JSONValue {
        // Not minAvailable: with one replica that would keep a node from ever being drained.
        .kubernetes(
            "policy/\(version)", "PodDisruptionBudget", name, labels: labels(wish),
            ["spec": ["maxUnavailable": 1, "selector": ["matchLabels": .object(selector)]]])
    }
}

/// A port of the gateway.
package struct GatewayPort: Hashable, Sendable {
    package let name: String
    package let number: Int

    package static let all = [
        GatewayPort(name: "status-port", number: MeshConstants.statusPort),
        GatewayPort(name: "tls", number: MeshConstants.gatewayPort),
        GatewayPort(name: "tls-istiod", number: 15012),
        GatewayPort(name: "tls-webhook", number: 15017),
    ]

    /// With its protocol: an old server cannot apply a list whose key it must guess.
    func service(nodePort: Int?) -> JSONValue {
        var port: [String: JSONValue] = [
            "name": .string(name), "port": .integer(Int64(number)), "targetPort": .integer(Int64(number)), "protocol": "TCP",
        ]
        if let nodePort { port["nodePort"] = .integer(Int64(nodePort)) }
        return .object(port)
    }
}
