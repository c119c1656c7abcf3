internal import Kubernetes
internal import Mesh

/// Everything that Kubernetes answered about one cluster. ``ClusterFacts`` turns it into rows and a ledger.
struct ClusterEvidence: Sendable {
    /// API groups that the server has.
    var groups: Answer<Set<String>>
    /// Every namespace, metadata only.
    var namespaces: Answer<[ObjectMeta]>
    var kubeSystem: Answer<ObjectMeta?>
    var systemNamespace: Answer<ObjectMeta?>
    var nodes: Answer<[Node]>
    /// Labelled `app=istiod`, in every namespace.
    var controlPlanes: Answer<[Deployment]>
    var controlPlanePods: Answer<[Pod]>
    /// Deployments of istio-system, and those with the gateway's label elsewhere.
    var gatewayDeployments: Answer<[Deployment]>
    /// Labelled as the east-west gateway's, in every namespace.
    var gatewayPods: Answer<[Pod]>
    /// Labelled `security.istio.io/tlsMode=istio`, in every namespace.
    var workloadPods: Answer<[Pod]>
    /// Of istio-system.
    var configMaps: Answer<[ConfigMap]>
    /// `istio-ca-root-cert` of every namespace.
    var rootCopies: Answer<[ConfigMap]>
    var webhooks: Answer<[WebhookConfiguration]>
    /// Of every namespace.
    var services: Answer<[Service]>
    /// Of the namespaces that have a gateway Service.
    var endpointSlices: Answer<[EndpointSlice]>
    /// About Services.
    var serviceEvents: Answer<[Event]>
    /// `networking.istio.io` Gateways; none where the server does not have the API.
    var gateways: Answer<[GatewayResource]>
    /// As `gateways`: none where the server does not have the API.
    var destinationRules: Answer<[DestinationRule]>
    var peerAuthentications: Answer<[PeerAuthentication]>
    var authorizationPolicies: Answer<[AuthorizationPolicy]>
    var membership: Answer<Membership>
    /// `mesh.cloud.google.com` ControlPlaneRevisions of istio-system.
    var controlPlaneRevisions: Answer<[ObjectMeta]>
    /// Metadata of `cacerts` and `istio-ca-secret`, of those that exist.
    var caSecrets: Answer<[ObjectMeta]>
    var remoteSecrets: Answer<[RemoteSecret]>
    /// MetalLB's pools; none where the server does not have the API.
    var addressPools: Answer<[IPAddressPool]>
    /// Bare metal's Cluster objects; none where the server does not have the API.
    var bareMetalClusters: Answer<[BareMetalObject]>
    /// ConfigMap kube-system/ip-masq-agent; asked for only where nodes are GKE's.
    var masqueradeAgent: Answer<ConfigMap?>
    var permissions: [PermissionReview]

    /// The object that says which fleet a cluster belongs to.
    struct Membership: Sendable, Equatable {
        var hasDefinition: Bool
        var object: JSONValue?
    }

    /// Nothing was answered, all for one reason.
    init(nothing reason: NoAnswer) {
        groups = .failure(reason)
        namespaces = .failure(reason)
        kubeSystem = .failure(reason)
        systemNamespace = .failure(reason)
        nodes = .failure(reason)
        controlPlanes = .failure(reason)
        controlPlanePods = .failure(reason)
        gatewayDeployments = .failure(reason)
        gatewayPods = .failure(reason)
        workloadPods = .failure(reason)
        configMaps = .failure(reason)
        rootCopies = .failure(reason)
        webhooks = .failure(reason)
        services = .failure(reason)
        endpointSlices = .failure(reason)
        serviceEvents = .failure(reason)
        gateways = .failure(reason)
        destinationRules = .failure(reason)
        peerAuthentications = .failure(reason)
        authorizationPolicies = .failure(reason)
        membership = .failure(reason)
        controlPlaneRevisions = .failure(reason)
        caSecrets = .failure(reason)
        remoteSecrets = .failure(reason)
        addressPools = .failure(reason)
        bareMetalClusters = .failure(reason)
        masqueradeAgent = .failure(reason)
        permissions = []
    }

    /// The gateway's Deployments and pods.
    var gatewayWorkloads: Answer<GatewayWorkloads> {
        both(gatewayDeployments, gatewayPods).map { GatewayWorkloads(deployments: $0, pods: $1) }
    }

    /// The Services among which the gateway's are: of istio-system, and those with the network label elsewhere.
    var networkServices: Answer<[Service]> {
        services.map {
            $0.filter {
                $0.metadata.namespace == MeshConstants.systemNamespace || $0.metadata.labels?[MeshConstants.networkLabel] != nil
            }
        }
    }

    /// The Services that are, or were meant to be, the gateway's.
    var gatewayServices: Answer<[Service]> {
        both(networkServices, gatewayWorkloads).map { Rows.gatewayServices(among: $0, gateway: $1) }
    }

    /// The istiods of the mesh: in istio-system, and not the platform's.
    var meshControlPlanes: Answer<[Deployment]> {
        controlPlanes.map { $0.filter(\.isOfMesh) }
    }
}

extension Deployment {
    /// Whether this istiod is the mesh's, not another one's or the platform's.
    var isOfMesh: Bool { metadata.namespace == MeshConstants.systemNamespace }
}
