internal import Facts
internal import Kubernetes
internal import Mesh
internal import Policy

extension Rows {
    /// Table `system_namespace`.
    static func systemNamespace(_ cluster: String, _ namespace: ObjectMeta?) -> FactRow {
        FactRow(
            "system_namespace",
            [
                "cluster": .text(cluster), "present": FactValue(namespace != nil),
                "network": .text(namespace?.label(MeshConstants.networkLabel) ?? ""),
            ])
    }

    /// Table `node`.
    static func nodes(_ cluster: String, _ nodes: [Node]) -> [FactRow] {
        nodes.map { node in
            FactRow(
                "node",
                [
                    "cluster": .text(cluster), "node": .text(node.metadata.name),
                    "ready": FactValue(node.status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false),
                    "provider_id": .text(node.spec?.providerID ?? ""),
                    "external_ip": .text(node.status?.addresses?.first { $0.type == "ExternalIP" }?.address ?? ""),
                    "kubelet_version": .text(node.status?.nodeInfo?.kubeletVersion ?? ""),
                    "locality": .text(locality(of: node)),
                ])
        }
    }

    /// Where a node stands, as istiod reads it for the endpoints on it (`getPodLocality`): a newer label before an older one.
    private static func locality(of node: Node) -> String {
        func label(_ names: String...) -> String { names.lazy.map(node.metadata.label).first { !$0.isEmpty } ?? "" }
        let parts = [
            label("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
            label("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"), label("topology.istio.io/subzone"),
        ]
        return parts.prefix((parts.lastIndex { !$0.isEmpty } ?? -1) + 1).joined(separator: "/")
    }

    /// Table `pod_family`: one row for each combination of families; a pod that stands in several lists counts once.
    static func podFamilies(_ cluster: String, _ pods: [Pod]) -> [FactRow] {
        let families = Dictionary(pods.map { ($0.metadata.path, $0.addressFamilies) }, uniquingKeysWith: { first, _ in first })
        let groups = Dictionary(grouping: families.filter { !$0.value.isEmpty }, by: \.value).mapValues { $0.map(\.key).sorted() }
        return groups.sorted { $0.value[0] < $1.value[0] }.map { families, paths in
            FactRow(
                "pod_family",
                [
                    "cluster": .text(cluster), "ipv4": FactValue(families.contains(.v4)),
                    "ipv6": FactValue(families.contains(.v6)),
                    "pods": .integer(paths.count), "example": .text(paths[0]),
                ])
        }
    }

    /// Table `cluster_identity`.
    ///
    /// - Parameter nodes: `nil` where they cannot be read.
    static func clusterIdentity(_ cluster: String, uid: String, declared: Platform?, nodes: [Node]?) -> FactRow {
        let (platform, evidence) =
            declared.map { (Optional($0), "declared") } ?? nodes.map(platform(of:)) ?? (nil, "")
        return FactRow(
            "cluster_identity",
            [
                "cluster": .text(cluster), "kube_system_uid": .text(uid), "platform": FactValue(platform?.rawValue),
                "platform_evidence": .text(evidence),
            ])
    }

    /// The platform that nodes show, and by what; the nodes' labels decide, since a virtual machine's provider id alone does not
    /// tell a managed cluster from one that somebody made there. No node shows nothing.
    static func platform(of nodes: [Node]) -> (Platform?, String) {
        guard !nodes.isEmpty else { return (nil, "") }
        func evidence(_ prefix: String) -> String? {
            nodes.lazy.compactMap { node in
                node.metadata.labels?.keys.filter { $0.hasPrefix(prefix) }.min().map {
                    "label \($0) of node \(node.metadata.name)"
                }
            }.first
        }
        if let label = evidence("cloud.google.com/gke-") { return (.gke, label) }
        if let label = evidence("onprem.gke.io/") { return (.gdcVMware, label) }
        if let label = evidence("baremetal.cluster.gke.io/") { return (.gdcBareMetal, label) }
        if let node = nodes.first(where: { $0.spec?.providerID?.hasPrefix("baremetal://") == true }) {
            return (.gdcBareMetal, "spec.providerID baremetal:// of node \(node.metadata.name)")
        }
        return (.kubernetes, "no node has a label or provider id of GKE or Google Distributed Cloud")
    }

    /// Table `fleet_membership`.
    ///
    /// - Parameter membership: the object `membership`; `nil` where it is absent.
    static func fleetMembership(_ cluster: String, hasDefinition: Bool, membership: JSONValue?) -> FactRow {
        let spec = membership?["spec"]
        let owner = spec?["owner"]?["id"]?.string ?? ""
        let provider = spec?["identity_provider"]?.string ?? ""
        let path = ResourcePath(owner)
        return FactRow(
            "fleet_membership",
            [
                "cluster": .text(cluster), "crd_present": FactValue(hasDefinition),
                "object_present": FactValue(membership != nil),
                "owner_id": .text(owner), "project": .text(path["projects"]), "location": .text(path["locations"]),
                "membership": .text(path["memberships"]), "identity_provider": .text(provider),
                "identity_provider_project": .text(ResourcePath(provider)["projects"]),
                "workload_identity_pool": .text(spec?["workload_identity_pool"]?.string ?? ""),
            ])
    }

    /// Table `ca_secret`.
    ///
    /// - Parameter secrets: metadata of those of the two Secrets that exist.
    static func caSecrets(_ cluster: String, _ secrets: [ObjectMeta]) -> [FactRow] {
        ["cacerts", "istio-ca-secret"].map { name in
            let secret = secrets.first { $0.name == name }
            return FactRow(
                "ca_secret",
                [
                    "cluster": .text(cluster), "name": .text(name), "present": FactValue(secret != nil),
                    "created_at": .integer(secret?.creationTimestamp?.seconds ?? 0),
                    "changed_at": secret.map { FactValue($0.changed) } ?? 0,
                ])
        }
    }
}

/// A Google resource name such as `//gkehub.googleapis.com/projects/P/locations/L/memberships/M`, read by collection.
struct ResourcePath {
    private let parts: [Substring]

    init(_ text: String) { parts = text.split(separator: "/") }

    /// The part after a collection's name; empty where there is none.
    subscript(_ collection: String) -> String {
        guard let index = parts.firstIndex(where: { $0 == collection }), index + 1 < parts.count else { return "" }
        return String(parts[index + 1])
    }
}
