internal import AtOnce
internal import Kubernetes
internal import Mesh

/// Something that a level of isthmus must be allowed to do.
struct Permission: Sendable, Hashable {
    var verb: String
    var group: String
    var resource: String
    /// For one object only; empty for all.
    var name = ""
    /// Empty for the whole cluster.
    var namespace = ""
    /// What cannot be seen without it, to be read after "needed for".
    var neededFor: String

    /// All that reading a cluster takes, in the order of the documentation.
    static let reading: [Permission] = {
        let system = MeshConstants.systemNamespace
        return [
            Permission(
                verb: "list", group: "", resource: "namespaces",
                neededFor: "the cluster's identity, its network, and which namespaces need the root"),
            Permission(verb: "list", group: "", resource: "nodes", neededFor: "the platform and the nodes' addresses"),
            Permission(
                verb: "list", group: "", resource: "pods",
                neededFor: "what proxies were given, and whether gateway and control plane run"),
            Permission(
                verb: "list", group: "", resource: "services",
                neededFor: "every Service that istiod takes for a gateway, and whether Services are defined alike everywhere"),
            Permission(
                verb: "list", group: "", resource: "configmaps",
                neededFor: "the copies of the root certificate in every namespace"),
            Permission(
                verb: "list", group: "", resource: "configmaps", namespace: system,
                neededFor: "the mesh configuration and the injector's values"),
            Permission(verb: "list", group: "", resource: "events", neededFor: "why a load balancer has no address"),
            Permission(
                verb: "list", group: "", resource: "secrets", namespace: system,
                neededFor: "the remote secrets, and whether a signing certificate exists"),
            Permission(verb: "list", group: "apps", resource: "deployments", neededFor: "the state of control plane and gateway"),
            Permission(
                verb: "list", group: "discovery.k8s.io", resource: "endpointslices",
                neededFor: "whether something ready stands behind the gateway, and behind the service that it is asked for"),
            Permission(
                verb: "list", group: "admissionregistration.k8s.io", resource: "mutatingwebhookconfigurations",
                neededFor: "the sidecar injectors"),
            Permission(
                verb: "list", group: "networking.istio.io", resource: "gateways", neededFor: "which services the gateway exposes"),
            Permission(
                verb: "list", group: "networking.istio.io", resource: "destinationrules",
                neededFor: "rules by which clients begin no mutual TLS"),
            Permission(
                verb: "list", group: "security.istio.io", resource: "peerauthentications",
                neededFor: "rules by which servers take no mutual TLS"),
            Permission(
                verb: "list", group: "security.istio.io", resource: "authorizationpolicies",
                neededFor: "rules that refuse callers of other clusters"),
            Permission(
                verb: "get", group: "hub.gke.io", resource: "memberships", name: "membership",
                neededFor: "the fleet that the cluster belongs to"),
            Permission(
                verb: "list", group: "mesh.cloud.google.com", resource: "controlplanerevisions", namespace: system,
                neededFor: "whether Google manages a control plane here"),
        ]
    }()
}

/// What the API server answered to the question whether the caller may do something.
struct PermissionReview: Sendable {
    var permission: Permission
    /// `nil` where the question itself was refused or failed.
    var isAllowed: Bool?
}

extension KubernetesClient {
    /// Asks for every permission at once.
    ///
    /// - Returns: one review for each, in order, and the questions that were not answered.
    func review(_ permissions: [Permission]) async -> ([PermissionReview], failures: [KubernetesError]) {
        let answers = await permissions.atOnce { permission -> Result<AccessAnswer, KubernetesError> in
            do throws(KubernetesError) {
                return .success(try await mayI(permission.question))
            } catch {
                return .failure(error)
            }
        }
        let reviews = zip(permissions, answers).map { permission, answer in
            PermissionReview(permission: permission, isAllowed: answer.value.flatMap(\.verdict))
        }
        return (reviews, answers.compactMap(\.failure))
    }
}
