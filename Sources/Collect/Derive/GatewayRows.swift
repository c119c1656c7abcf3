internal import Facts
internal import Kubernetes
internal import Mesh

/// The east-west gateway's Deployments and pods, by which Services and Gateway resources are told to be its own.
struct GatewayWorkloads: Sendable {
    var deployments: [Deployment]
    var pods: [Pod]

    /// Whether labels are those of an east-west gateway.
    static func isGateway(_ labels: [String: String]?) -> Bool {
        labels?[MeshConstants.eastWestGatewayLabel.key] == MeshConstants.eastWestGatewayLabel.value
    }

    /// - Parameters:
    ///   - deployments: any; those that are no gateway's are left out, and so are repetitions.
    ///   - pods: those with the gateway's label.
    init(deployments: [Deployment], pods: [Pod]) {
        var seen: Set<String> = []
        self.deployments = deployments.filter {
            (Self.isGateway($0.metadata.labels) || Self.isGateway($0.podLabels)) && seen.insert($0.metadata.path).inserted
        }
        self.pods = pods.filter(\.isAlive)
    }

    /// The labels that the gateway's pods have or would have, by namespace.
    var podLabels: [(namespace: String, labels: [String: String])] {
        deployments.map { ($0.metadata.namespace ?? "", $0.podLabels) }
            + pods.map { ($0.metadata.namespace ?? "", $0.metadata.labels ?? [:]) }
    }

    func isSelected(by service: Service) -> Bool {
        podLabels.contains { $0.namespace == service.metadata.namespace && service.selects($0.labels) }
    }
}

extension GatewayResource {
    /// Whether one of its servers is, or was meant to be, for requests of other clusters.
    var opensForOtherClusters: Bool { (spec?.servers ?? []).contains(where: \.isForOtherClusters) }
}

extension GatewayResource.Server {
    fileprivate var isForOtherClusters: Bool { tls?.mode == "AUTO_PASSTHROUGH" || port.number == MeshConstants.gatewayPort }
}

extension Rows {
    /// Table `gateway_deployment`.
    static func gatewayDeployments(_ cluster: String, _ gateway: GatewayWorkloads) -> [FactRow] {
        gateway.deployments.map { deployment in
            let pods = gateway.pods.filter(deployment.owns)
            let template = deployment.podLabels[MeshConstants.revisionLabel] ?? ""
            let notInjected = pods.filter { $0.spec.container("istio-proxy")?.image == "auto" }
            return FactRow(
                "gateway_deployment",
                [
                    "cluster": .text(cluster), "namespace": .text(deployment.metadata.namespace ?? ""),
                    "name": .text(deployment.metadata.name), "revision": .text(template),
                    "network_view": .text(
                        deployment.container("istio-proxy")?.environment("ISTIO_META_REQUESTED_NETWORK_VIEW") ?? ""),
                    "wanted_replicas": .integer(deployment.spec.replicas ?? 1),
                    "available_replicas": .integer(deployment.status?.availableReplicas ?? 0),
                    "pods_not_injected": .integer(notInjected.count),
                    "waiting_reason": .text(waitingReason(deployment, pods: pods)),
                ])
        }
    }

    /// Why a Deployment lacks pods: one of its pods waits, or none could be made (a quota, a webhook that does not answer).
    private static func waitingReason(_ deployment: Deployment, pods: [Pod]) -> String {
        if let reason = pods.lazy.map(\.waitingReason).first(where: { !$0.isEmpty }) { return reason }
        let failure = deployment.status?.conditions?.first { $0.type == "ReplicaFailure" && $0.status == "True" }
        return [failure?.reason, failure?.message].compactMap { $0 }.joined(separator: ": ").capped
    }

    /// Table `gateway_service`: Services that istiod takes for a network gateway, and those that were meant to be one.
    ///
    /// - Parameter events: warnings about Services; `nil` where they cannot be read.
    static func gatewayServices(_ cluster: String, _ services: [Service], gateway: GatewayWorkloads, events: [Event]?)
        -> [FactRow]
    {
        gatewayServices(among: services, gateway: gateway).map { service in
            let exposure = LoadBalancerExposure(service)
            let ports = (service.spec.ports ?? []).map(\.port)
            return FactRow(
                "gateway_service",
                [
                    "cluster": .text(cluster), "namespace": .text(service.metadata.namespace ?? ""),
                    "name": .text(service.metadata.name),
                    "network": .text(service.metadata.label(MeshConstants.networkLabel)),
                    "type": .text(service.spec.type ?? "ClusterIP"),
                    "selects_gateway": FactValue(gateway.isSelected(by: service)),
                    "gateway_port": .integer(service.gatewayPort),
                    "has_gateway_port": FactValue(ports.contains(service.gatewayPort)),
                    "ports": jsonText(ports), "addresses": jsonText(service.addresses),
                    "load_balancer_class": .text(exposure.kind.rawValue), "open_to_world": FactValue(exposure.isOpenToWorld),
                    "source_ranges": jsonText(exposure.sourceRanges),
                    "node_selector": .text(service.metadata.annotation("traffic.istio.io/nodeSelector")),
                    "gateway_api": .text(service.metadata.label("gateway.networking.k8s.io/gateway-name")),
                    "pending_reason": FactValue(events.map { pendingReason(service, events: $0) }),
                ])
        }
    }

    /// The Services of which the gateway tables speak, each once, in the order of their names.
    static func gatewayServices(among services: [Service], gateway: GatewayWorkloads) -> [Service] {
        var seen: Set<String> = []
        return services.filter { service in
            let isMeant =
                !service.metadata.label(MeshConstants.networkLabel).isEmpty
                || GatewayWorkloads.isGateway(service.spec.selector) || service.metadata.name == MeshConstants.eastWestGateway
            return isMeant && seen.insert(service.metadata.path).inserted
        }.sorted { $0.metadata.path < $1.metadata.path }
    }

    /// The newest warning about a Service, as the platform words it.
    private static func pendingReason(_ service: Service, events: [Event]) -> String {
        let own = events.filter {
            $0.involvedObject.kind == "Service" && $0.involvedObject.name == service.metadata.name
                && $0.involvedObject.namespace == service.metadata.namespace && $0.type == "Warning"
        }
        guard let latest = own.max(by: { ($0.seen?.seconds ?? 0) < ($1.seen?.seconds ?? 0) }) else { return "" }
        return [latest.reason, latest.message].compactMap { $0 }.joined(separator: ": ").capped
    }

    /// Table `gateway_endpoints`: one row per gateway Service whose namespace's slices were read.
    static func gatewayEndpoints(_ cluster: String, services: [Service], slices: [EndpointSlice]) -> [FactRow] {
        services.map { service in
            let endpoints = slices.filter {
                $0.metadata.namespace == service.metadata.namespace
                    && $0.metadata.label("kubernetes.io/service-name") == service.metadata.name
            }.flatMap { $0.endpoints ?? [] }
            // Not said is ready: so the API defines it.
            let ready = endpoints.filter { $0.conditions?.ready ?? true }
            return FactRow(
                "gateway_endpoints",
                [
                    "cluster": .text(cluster), "namespace": .text(service.metadata.namespace ?? ""),
                    "service": .text(service.metadata.name), "ready": .integer(ready.count), "total": .integer(endpoints.count),
                ])
        }
    }

    /// Table `gateway_resource`. An object whose shape is not that of a Gateway is a problem of the list, not of a row.
    ///
    /// - Parameter gateway: `nil` where the gateway's Deployments or pods cannot be read.
    static func gatewayResources(_ cluster: String, _ resources: [GatewayResource], gateway: GatewayWorkloads?) -> [FactRow] {
        resources.flatMap { resource in
            (resource.spec?.servers ?? []).enumerated().compactMap { index, server -> FactRow? in
                guard server.isForOtherClusters else { return nil }
                let selector = resource.spec?.selector ?? [:]
                // An empty selector means every gateway.
                let selects = gateway.map { $0.podLabels.contains { selector.isSubset(of: $0.labels) } }
                return FactRow(
                    "gateway_resource",
                    [
                        "cluster": .text(cluster), "namespace": .text(resource.metadata.namespace ?? ""),
                        "name": .text(resource.metadata.name), "server": .integer(index), "selector": jsonText(selector),
                        "selects_gateway": FactValue(selects), "port": .integer(server.port.number),
                        "protocol": .text(server.port.protocol ?? ""), "tls_mode": .text(server.tls?.mode ?? ""),
                        "hosts": jsonText(server.hosts ?? []),
                        "covers_cluster_domain": FactValue((server.hosts ?? []).contains(where: coversClusterDomain)),
                    ])
            }
        }
    }

    /// Whether a host of a Gateway covers every service of every namespace: `[namespace/]host`, where a namespace other than
    /// `*` narrows it.
    static func coversClusterDomain(_ host: String) -> Bool {
        let parts = host.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || parts[0] == "*" else { return false }
        return ["*", "*.local", "*.cluster.local", "*.svc.cluster.local"].contains(parts.last ?? "")
    }

    /// Table `mesh_proxy`: what gateway pods and injected workloads were given, one row per combination.
    static func meshProxies(_ cluster: String, gateways: [Pod], workloads: [Pod]) -> [FactRow] {
        let gatewayPaths = Set(gateways.map(\.metadata.path))
        var groups: [ProxySettings: [String]] = [:]
        for pod in gateways {
            if let settings = ProxySettings(pod, role: "gateway") { groups[settings, default: []].append(pod.metadata.path) }
        }
        for pod in workloads where !gatewayPaths.contains(pod.metadata.path) {
            if let settings = ProxySettings(pod, role: "workload") { groups[settings, default: []].append(pod.metadata.path) }
        }
        return groups.map { settings, pods in
            FactRow(
                "mesh_proxy",
                [
                    "cluster": .text(cluster), "role": .text(settings.role), "network": .text(settings.network),
                    "cluster_id": .text(settings.clusterID), "mesh_id": .text(settings.meshID),
                    "trust_domain": .text(settings.trustDomain), "revision": .text(settings.revision),
                    "pods": .integer(pods.count),
                    "example": .text(pods.min() ?? ""),
                ])
        }.sorted { ($0.values["example"]?.text ?? "") < ($1.values["example"]?.text ?? "") }
    }

    /// What a proxy was given when it started.
    private struct ProxySettings: Hashable {
        var role, network, clusterID, meshID, trustDomain, revision: String

        /// - Returns: `nil` where the pod is gone or has no injected proxy.
        init?(_ pod: Pod, role: String) {
            guard pod.isAlive, let proxy = pod.spec.container("istio-proxy"), proxy.image != "auto" else { return nil }
            let label = pod.metadata.label(MeshConstants.revisionLabel)
            self.role = role
            network = proxy.environment("ISTIO_META_NETWORK")
            clusterID = proxy.environment("ISTIO_META_CLUSTER_ID")
            meshID = proxy.environment("ISTIO_META_MESH_ID")
            trustDomain = proxy.environment("TRUST_DOMAIN")
            revision = label.isEmpty ? pod.metadata.annotation(MeshConstants.revisionLabel) : label
        }
    }
}

/// A Gateway of `networking.istio.io`, any version.
struct GatewayResource: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        var selector: [String: String]?
        var servers: [Server]?
    }

    struct Server: Decodable, Sendable {
        var port: Port
        var tls: TLSSettings?
        var hosts: [String]?
    }

    struct Port: Decodable, Sendable {
        var number: Int
        var `protocol`: String?
    }

    struct TLSSettings: Decodable, Sendable { var mode: String? }
}

extension Service {
    /// The port that istiod tells peers to connect to.
    var gatewayPort: Int { Int(metadata.label(MeshConstants.gatewayPortLabel)) ?? MeshConstants.gatewayPort }
}

/// To whom a Service's load balancer is open, by its type and annotations.
struct LoadBalancerExposure {
    enum Kind: String { case external, `internal`, none }

    var kind: Kind
    /// `spec.loadBalancerSourceRanges`, else the annotation that came before it.
    var sourceRanges: [String]
    var isOpenToWorld: Bool

    init(_ service: Service) {
        let metadata = service.metadata
        let isInternal =
            metadata.annotation("networking.gke.io/load-balancer-type").lowercased() == "internal"
            || metadata.annotation("cloud.google.com/load-balancer-type").lowercased() == "internal"
            || metadata.annotation("service.beta.kubernetes.io/aws-load-balancer-scheme") == "internal"
            || [
                "service.beta.kubernetes.io/aws-load-balancer-internal",
                "service.beta.kubernetes.io/azure-load-balancer-internal",
            ]
            .contains { !["", "false"].contains(metadata.annotation($0).lowercased()) }
        kind = service.spec.type != "LoadBalancer" ? .none : isInternal ? .internal : .external
        let declared = service.spec.loadBalancerSourceRanges ?? []
        let annotated = metadata.annotation("service.beta.kubernetes.io/load-balancer-source-ranges")
            .split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        sourceRanges = declared.isEmpty ? annotated : declared
        // A load balancer of one's own data centre hands out private addresses, which the world does not reach.
        let addresses = service.addresses
        let isPrivate = !addresses.isEmpty && addresses.allSatisfy { ServerURL.kind(ofAddress: $0) == .private }
        let admitsAll = sourceRanges.isEmpty || sourceRanges.contains { $0.hasSuffix("/0") }
        isOpenToWorld = kind == .external && admitsAll && !isPrivate
    }
}

extension String {
    /// This text as it may stand in a reason: cut where somebody else's words run on for more than 2 KiB.
    var capped: String {
        guard utf8.count > 2048 else { return self }
        var text = String(decoding: utf8.prefix(2040), as: UTF8.self)
        // The cut may have split a character.
        if text.last == "\u{FFFD}" { text.removeLast() }
        return text + " …"
    }
}
