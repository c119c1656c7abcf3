internal import GoogleCloud
internal import Kubernetes
internal import Mesh

/// Everything that Google's APIs answered in one run, and which of it belongs to which declared cluster. Facts are made of it
/// by pure functions; a value that was not got is an ``Answer`` with the reason, never an absent one.
struct GoogleEvidence: Sendable {
    var access: GoogleAccess
    /// The fleet host project as declared (id or number); empty where it was not declared.
    var fleetProject: String
    var memberships: Listing<FleetMembership>
    /// `nil` where the fleet does not have the feature.
    var meshFeature: Answer<MeshFeature?>
    /// Quotas of the fleet's memberships.
    var membershipQuotas: Listing<QuotaInfo>
    /// By the name under which the project was asked for: an id, or a number where nothing else was known.
    var projects: [String: GoogleProjectEvidence] = [:]
    var networks: [VPCName: GoogleNetworkEvidence] = [:]
    /// Private CA's pools, by `projects/P/locations/L/caPools/POOL`.
    var caPools: [String: Answer<CAPoolCertificates>] = [:]
    /// By the declared name of the cluster: one for each.
    var clusters: [String: GoogleClusterEvidence] = [:]
}

/// What became of the credential.
enum GoogleAccess: Sendable {
    /// Google was asked with this credential.
    case usable(GoogleCredentials)
    /// A credential was found that gives no token, or none that Google takes; `nil` where not even its file can be read.
    case broken(CredentialFailure, of: GoogleCredentials?)
    /// There is none, or none was wanted: Google was not asked. Why, and how to give one.
    case none(reason: String)

    /// The reason for which Google was not asked at all; `nil` where it was.
    var notAsked: String? { if case .none(let reason) = self { reason } else { nil } }
}

/// A list over all its pages and places. What is not in a partial list may exist all the same.
struct Listing<Item: Sendable>: Sendable {
    var items: [Item]
    /// What is missing, and why; `nil` where the list is complete.
    var missing: NoAnswer?
    /// Places that Google could not ask.
    var unreachable: [String] = []

    var isComplete: Bool { missing == nil }
    /// The items, where none is missing.
    var whole: Answer<[Item]> { missing.map { .failure($0) } ?? .success(items) }

    init(_ items: [Item] = [], missing: NoAnswer? = nil) {
        self.items = items
        self.missing = missing
    }

    /// Several lists as one, which is complete where all are.
    init(merging lists: [Listing]) {
        self.init(lists.flatMap(\.items), missing: lists.lazy.compactMap(\.missing).first)
        unreachable = lists.flatMap(\.unreachable)
    }

    func filter(_ isWanted: (Item) -> Bool) -> Listing {
        var listing = self
        listing.items = items.filter(isWanted)
        return listing
    }
}

/// What one project's APIs answered. What a project's part in the mesh does not need was not asked, and says so.
struct GoogleProjectEvidence: Sendable {
    /// As it was asked for.
    var project: String
    var isFleet = false
    /// A cluster of the mesh is its own.
    var isCluster = false
    /// A network of the mesh is its own.
    var isHost = false
    /// Resource Manager's project; `nil` where it does not exist.
    var resource: Answer<GoogleProject?>
    /// By service name, as `container.googleapis.com`: whether it is enabled.
    var services: Answer<[String: Bool]>
    /// Those of the tested permissions that the caller has.
    var granted: Answer<Set<String>>
    /// The GKE clusters, of a cluster project.
    var clusters: Listing<GKECluster>
    /// Compute's project: whether it is a shared VPC host, and its global quotas.
    var compute: Answer<ComputeProject>
    /// The shared VPC host that it is attached to; empty where it is attached to none.
    var sharedVPCHost: Answer<String>
    /// Effective `compute.restrictLoadBalancerCreationForTypes`, of a cluster project.
    var loadBalancerPolicy: Answer<EffectiveOrgPolicy>
    var forwardingRules: Listing<ForwardingRule>
    /// By region: those of the project's clusters.
    var regions: [String: Answer<ComputeRegion>] = [:]

    /// Nothing was asked, for one reason.
    init(_ project: String, nothing reason: NoAnswer) {
        self.project = project
        resource = .failure(reason)
        services = .failure(reason)
        granted = .failure(reason)
        clusters = Listing(missing: reason)
        compute = .failure(reason)
        sharedVPCHost = .failure(reason)
        loadBalancerPolicy = .failure(reason)
        forwardingRules = Listing(missing: reason)
    }
}

/// What Compute answered about one VPC network: everything here is of this network alone.
struct GoogleNetworkEvidence: Sendable {
    var name: VPCName
    var network: Answer<VPCNetwork>
    /// VPC rules, hierarchical and global network policies.
    var firewalls: Answer<EffectiveFirewalls>
    /// By region: those of the mesh's clusters. Regional network policies stand only here; other policies may be repeated.
    var regionalFirewalls: [String: Answer<EffectiveFirewalls>] = [:]
    var subnetworks: Listing<Subnetwork>
    /// Static, subnet and peering routes; those learned by BGP stand in ``routerStatus``.
    var routes: Listing<Route>
    var routers: Listing<Router>
    /// By ``RouterName``: one for each router.
    var routerStatus: [RouterName: Answer<RouterStatus>] = [:]
    /// Those that lead into this network: through one of its routers, or by one of its routes.
    var vpnTunnels: Listing<VPNTunnel>

    init(_ name: VPCName, nothing reason: NoAnswer) {
        self.name = name
        network = .failure(reason)
        firewalls = .failure(reason)
        subnetworks = Listing(missing: reason)
        routes = Listing(missing: reason)
        routers = Listing(missing: reason)
        vpnTunnels = Listing(missing: reason)
    }
}

/// A router's name within its network's project.
struct RouterName: Sendable, Hashable {
    var region: String
    var name: String
}

extension Router {
    var key: RouterName { RouterName(region: regionName, name: name) }
}

/// One declared cluster in the eyes of Google.
struct GoogleClusterEvidence: Sendable {
    /// As declared.
    var cluster: String
    /// Declared, else by the nodes; `nil` where neither tells.
    var platform: Platform?
    /// UID of kube-system; `nil` where the cluster did not tell.
    var uid: String?
    /// The kubeconfig's server; `nil` where the kubeconfig cannot be used.
    var server: ServerURL?
    var membership: Recognised<FleetMembership>
    /// Other memberships that claim the same cluster.
    var rivalMemberships: [FleetMembership] = []
    /// None for a cluster that is not GKE.
    var gke: Recognised<GKECluster>
    var onPremises: Recognised<OnPremisesCluster>
    /// How the gateway is, or will be, reached.
    var gateway: Answer<GatewayPlan>
    /// From which addresses its pods call other networks.
    var egress: EgressAddresses
    /// GKE: the ranges of its pods, with those of additional ranges; on premises: as declared to Google or in the cluster.
    var podRanges: Answer<[String]>
    /// The ranges of its nodes' addresses: on GKE the subnetwork's own.
    var nodeRanges: Answer<[String]>
    /// Of a cluster on Google Distributed Cloud, where Google or the cluster itself tells anything.
    var premises: OnPremisesView?
    /// Network tags that its nodes have, with the one that GKE gives.
    var nodeTags: Answer<[String]>
    /// Service accounts that its nodes run as, by e-mail address; `default` stands for Compute Engine's default one.
    var nodeServiceAccounts: [String]
    /// ConfigMap kube-system/ip-masq-agent of a GKE cluster; `nil` where it does not exist.
    var masqueradeAgent: Answer<ConfigMap?>
    /// The pool of Certificate Authority Service that signs its certificates; empty where none does.
    var caPool: Answer<String>
    /// The command that GKE asks somebody with rights on the firewall to run (event `LoadBalancerManualChange`); empty: none.
    var firewallCommand = ""

    /// The project of the GKE cluster, as Google names it in the cluster's link; empty where it is none.
    var project: String { gke.value?.resource?.project ?? "" }
    var vpc: VPCName? { gke.value?.vpc }
}

/// A thing of Google's that was looked for, with what it was recognised by.
struct Recognised<Thing: Sendable>: Sendable {
    /// `nil`: looked for everywhere and not there, or not a cluster of this kind. A failure: it cannot be told.
    var found: Answer<Thing?>
    /// What it was recognised by, best first, in words for people.
    var evidence: [String] = []

    var value: Thing? { found.value ?? nil }
}

/// How a cluster's gateway is, or will be, reached.
struct GatewayPlan: Sendable, Equatable {
    enum Choice: String, Sendable { case service, declared, `default` }

    /// The Service, `namespace/name`; empty where there is none yet.
    var service: String
    /// `EXTERNAL_NETWORK_TCP_UDP` or `INTERNAL_TCP_UDP`: what Google calls the kind of load balancer. Empty where no load balancer
    /// of Google Cloud is made: off Google Cloud, or for a Service of another type.
    var type: String
    var chosenBy: Choice
    /// That the Service has; empty where there is none yet.
    var addresses: [String]
    /// Whether the world beyond its region can reach an internal one.
    var globalAccess: Bool
    /// Of the Service; empty: from everywhere.
    var sourceRanges: [String]
    /// That peers connect to.
    var port: Int
    /// `spec.loadBalancerIP`; empty where the Service names none.
    var declaredAddress: String
    /// Of the gateway's port; 0 where there is none.
    var nodePort: Int
    /// Where the load balancer asks nodes whether they take traffic: the Service's own port for that, else kube-proxy's.
    var healthPort = 10256
}

/// From which addresses a cluster's pods call other networks.
struct EgressAddresses: Sendable, Equatable {
    enum Source: String, Sendable { case declared, nodes, nat, none = "" }

    /// CIDRs.
    var ranges: [String]
    var source: Source
    /// Whether `ranges` are all of them.
    var isKnown: Bool
    /// Whether a new node would add an address.
    var changesWithNodes: Bool
    /// Why they are not known; empty where they are.
    var detail: String
}
