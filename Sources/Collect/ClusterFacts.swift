internal import Facts
internal import Kubernetes
internal import Mesh

/// Turns what one cluster answered into rows and ledger entries: every table gets an entry, and a table of which a part is
/// missing is `failed`, with the reason of that part.
struct ClusterFacts {
    let declaration: ClusterDeclaration
    /// The declared revision; empty where none was.
    let revision: String
    let evidence: ClusterEvidence
    private(set) var batch = FactBatch()
    /// The PeerAuthentications, by the root namespace of the wanted revision.
    private(set) var mutualTLSPolicies: Answer<MutualTLSPolicies> = .failure(NoAnswer("not asked"))
    /// Which Services the gateway sees, by the wanted revision's configuration.
    private(set) var gatewaySight: Answer<GatewaySight> = .failure(NoAnswer("not asked"))
    /// Which namespaces istiod looks at, in all clusters that it reads; empty: all. Not known where a mesh configuration cannot be read.
    private(set) var discoverySelectors: Answer<[LabelSelector]> = .failure(NoAnswer("not asked"))
    /// The cluster's namespaces that its own istiod leaves out; none where that is not known.
    private(set) var ignoredNamespaces: Set<String> = []
    /// The mesh configurations that count, with their ConfigMaps' names. Not known where one of them cannot be read.
    private var configurations: Answer<[(name: String, configuration: MeshConfig)]> = .failure(NoAnswer("not asked"))

    private var cluster: String { declaration.name }

    init(_ declaration: ClusterDeclaration, revision: String, evidence: ClusterEvidence) {
        self.declaration = declaration
        self.revision = revision
        self.evidence = evidence
        configurations = readConfigurations
        discoverySelectors = configurations.map { configurations in
            // Where one of several configurations selects everything, so does the mesh.
            let lists = configurations.map(\.configuration.discoverySelectors)
            return lists.contains([]) ? [] : lists.flatMap(\.self)
        }
        let ignored = both(discoverySelectors, evidence.namespaces).map { selectors, namespaces in
            let chosen = DiscoverySelectors([selectors])
            return namespaces.filter { !chosen.choose($0.labels ?? [:]) }.map(\.name)
        }
        ignoredNamespaces = Set(ignored.value ?? [])
        identity()
        controlPlane()
        rules()
        roots()
        gateway()
        network()
        add("permission", permissions)
    }

    /// Adds a table's rows, or writes into the ledger why there are none.
    private mutating func add(_ table: String, _ rows: Answer<[FactRow]>) {
        switch rows {
        case .success(let rows):
            batch.rows += rows
            batch.add(fact: table, cluster: cluster, .collected)
        case .failure(let reason):
            batch.add(fact: table, cluster: cluster, .failed, reason: reason.reason)
        }
    }

    private mutating func identity() {
        let cluster = cluster
        add("system_namespace", evidence.systemNamespace.map { [Rows.systemNamespace(cluster, $0)] })
        add("node", evidence.nodes.map { Rows.nodes(cluster, $0) })
        let pods = both(both(evidence.controlPlanePods, evidence.gatewayPods), evidence.workloadPods)
        add("pod_family", pods.map { Rows.podFamilies(cluster, $0.0 + $0.1 + $1) })
        let uid = evidence.kubeSystem.flatMap { namespace -> Answer<String> in
            namespace?.uid.map { .success($0) } ?? .failure(NoAnswer("the namespace kube-system has no UID, or does not exist"))
        }
        add(
            "cluster_identity",
            uid.map {
                [Rows.clusterIdentity(cluster, uid: $0, declared: declaration.platform, nodes: evidence.nodes.value)]
            })
        add(
            "fleet_membership",
            evidence.membership.map { [Rows.fleetMembership(cluster, hasDefinition: $0.hasDefinition, membership: $0.object)] })
        add(
            "gateway_api_present",
            evidence.groups.map {
                [
                    FactRow(
                        "gateway_api_present",
                        ["cluster": .text(cluster), "present": FactValue($0.contains("networking.istio.io"))])
                ]
            })
    }

    private mutating func controlPlane() {
        let cluster = cluster
        let istiods = evidence.controlPlanes.map {
            Rows.istiod(cluster, $0, pods: evidence.controlPlanePods.value, settings: evidence.configMaps.value)
        }
        add("istiod", istiods)
        let settings = evidence.configMaps.map { Rows.settings(cluster, $0) }
        for table in ["mesh_config", "mesh_network", "injector_values"] {
            add(table, settings.map { $0.filter { $0.table == table } })
        }
        add("wanted_revision", wantedRevision.map { [$0.row(cluster)] })
        add(
            "managed_control_plane",
            both(both(evidence.controlPlaneRevisions, evidence.webhooks), evidence.configMaps).map {
                Rows.managedControlPlane(cluster, revisions: $0.0, webhooks: $0.1, configMaps: $1)
            })
    }

    /// The revision that counts in this cluster.
    private var wantedRevision: Answer<WantedRevision> {
        let present = evidence.meshControlPlanes.map { $0.map { $0.metadata.label(MeshConstants.revisionLabel) } }
        return WantedRevision.choose(declared: revision, present: present)
    }

    /// What rules of the mesh's users do to requests that cross.
    private mutating func rules() {
        let cluster = cluster
        let roots = configurations.map { configurations in
            // Those whose rules count for the whole mesh; one, but where revisions differ.
            let named = Set(configurations.map(\.configuration.rootNamespace))
            return named.isEmpty ? [MeshConstants.systemNamespace] : named
        }
        gatewaySight = both(evidence.gatewayWorkloads, configurations).map { gateway, configurations in
            GatewaySight(
                namespaces: gateway.podLabels.map(\.namespace),
                defaults: Set(configurations.flatMap(\.configuration.defaultServiceExportTo)))
        }
        mutualTLSPolicies = both(lookedAt(evidence.peerAuthentications), roots).map { policies, roots in
            MutualTLSPolicies(policies, root: roots.min() ?? MeshConstants.systemNamespace)
        }
        let destinationRules = lookedAt(evidence.destinationRules)
        add(
            "destination_rule",
            both(destinationRules, roots).map { Rows.destinationRules(cluster, $0, roots: $1) })
        add(
            "locality_rule",
            both(both(destinationRules, roots), configurations).map {
                let mesh = $1.first.map { (name: $0.name, locality: $0.configuration.locality) }
                return Rows.localityRules(cluster, $0.0, roots: $0.1, mesh: mesh)
            })
        add("peer_authentication", mutualTLSPolicies.map { Rows.peerAuthentications(cluster, $0) })
        add(
            "authorization_policy",
            both(lookedAt(evidence.authorizationPolicies), roots).map { Rows.authorizationPolicies(cluster, $0, roots: $1) })
    }

    /// Those that count: istiod reads no rule in a namespace that it does not look at.
    private func lookedAt<Rule: ListedObject>(_ rules: Answer<[Rule]>) -> Answer<[Rule]> {
        rules.map { $0.filter { !ignoredNamespaces.contains($0.metadata.namespace ?? "") } }
    }

    private var readConfigurations: Answer<[(name: String, configuration: MeshConfig)]> {
        countingConfigurations.flatMap { maps in
            let configurations = maps.map { (name: $0.metadata.path, configuration: MeshConfig($0)) }
            if let unreadable = configurations.first(where: { !$0.configuration.parseError.isEmpty }) {
                return .failure(NoAnswer(unreadable.configuration.parseError))
            }
            return .success(configurations)
        }
    }

    private mutating func roots() {
        let cluster = cluster
        let bundle = rootBundle
        add("root_certificate", bundle.map { Rows.rootCertificates(cluster, $0) })
        let trusted = bundle.value.flatMap { $0.certificates.isEmpty ? nil : Set($0.fingerprints) }
        add("webhook", evidence.webhooks.map { Rows.webhooks(cluster, $0, roots: trusted) })
        add(
            "root_bundle",
            both(both(evidence.namespaces, evidence.rootCopies), discoverySelectors).map {
                Rows.rootBundles(cluster, namespaces: $0.0, copies: $0.1, selectors: $1)
            })
        add("ca_secret", evidence.caSecrets.map { Rows.caSecrets(cluster, $0) })
    }

    /// The root bundle of istio-system, which stands in both lists of ConfigMaps; empty where there is none.
    var rootBundle: Answer<PEMBundle> {
        let copies = evidence.configMaps.flatMapError { _ in evidence.rootCopies }
        return copies.flatMap { copies in
            let copy = copies.first {
                $0.metadata.name == MeshConstants.rootConfigMap && $0.metadata.namespace == MeshConstants.systemNamespace
            }
            guard let copy else { return .success(PEMBundle()) }
            guard let text = copy.data?[MeshConstants.rootConfigMapKey] else {
                return .failure(NoAnswer("ConfigMap \(copy.metadata.path) has no key \(MeshConstants.rootConfigMapKey)"))
            }
            let bundle = PEMBundle(text)
            return bundle.problem.isEmpty
                ? .success(bundle) : .failure(NoAnswer("ConfigMap \(copy.metadata.path) cannot be read: \(bundle.problem)"))
        }
    }

    /// The mesh configurations of the wanted revision, or of all where it is not known.
    private var countingConfigurations: Answer<[ConfigMap]> {
        let wanted = wantedRevision.value?.revision
        return evidence.configMaps.map { maps in
            maps.filter { map in map.meshRevision.map { wanted == nil || $0 == Rows.normal(wanted ?? "") } ?? false }
        }
    }

    private mutating func gateway() {
        let cluster = cluster
        let workloads = evidence.gatewayWorkloads
        add("gateway_deployment", workloads.map { Rows.gatewayDeployments(cluster, $0) })
        add(
            "gateway_service",
            both(evidence.networkServices, workloads).map {
                Rows.gatewayServices(cluster, $0, gateway: $1, events: evidence.serviceEvents.value)
            })
        add(
            "gateway_endpoints",
            both(evidence.gatewayServices, evidence.endpointSlices).map {
                Rows.gatewayEndpoints(cluster, services: $0, slices: $1)
            })
        add("gateway_resource", evidence.gateways.map { Rows.gatewayResources(cluster, $0, gateway: workloads.value) })
        add(
            "mesh_proxy",
            both(evidence.gatewayPods, evidence.workloadPods).map { Rows.meshProxies(cluster, gateways: $0, workloads: $1) })
    }

    private mutating func network() {
        let sources = ["system_namespace", "injector_values", "gateway_service", "gateway_deployment", "mesh_proxy"]
        if let missing = batch.ledger.first(where: { sources.contains($0.fact) && $0.status != .collected }) {
            add("network_statement", .failure(NoAnswer(missing.reason)))
            return
        }
        let statements = NetworkStatement.all(
            declared: declaration.network ?? "", systemNamespace: evidence.systemNamespace.value ?? nil,
            revision: wantedRevision.value?.revision, rows: batch.rows)
        add("network_statement", .success(statements.map { $0.row(cluster) }))
    }

    private var permissions: Answer<[FactRow]> {
        guard !evidence.permissions.isEmpty else {
            return .failure(evidence.groups.failure ?? NoAnswer("no access review was made"))
        }
        return .success(evidence.permissions.map { $0.row(cluster, level: "read") })
    }
}

extension PermissionReview {
    /// Table `permission`.
    func row(_ cluster: String, level: String) -> FactRow {
        FactRow(
            "permission",
            [
                "cluster": .text(cluster), "level": .text(level), "verb": .text(permission.verb),
                "api_group": .text(permission.group), "resource": .text(permission.resource), "name": .text(permission.name),
                "namespace": .text(permission.namespace), "needed_for": .text(permission.neededFor),
                "allowed": FactValue(isAllowed),
            ])
    }
}

extension Result {
    var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}

/// The revision that counts in a cluster, and how it was chosen.
struct WantedRevision: Sendable, Equatable {
    enum Choice: String { case declared, onlyOne = "only-one", none, several }

    /// `nil` where it is not known.
    var revision: String?
    var choice: Choice

    /// - Parameters:
    ///   - declared: empty where none was declared.
    ///   - present: labels `istio.io/rev` of the mesh's istiods; empty texts for those without.
    static func choose(declared: String, present: Answer<[String]>) -> Answer<WantedRevision> {
        if !declared.isEmpty, declared != "default" { return .success(WantedRevision(revision: declared, choice: .declared)) }
        return present.map { present in
            if declared == "default" {
                return WantedRevision(revision: present.contains("default") ? "default" : "", choice: .declared)
            }
            let distinct = Set(present)
            return switch distinct.count {
            case 0: WantedRevision(revision: nil, choice: .none)
            case 1: WantedRevision(revision: distinct.first, choice: .onlyOne)
            default: WantedRevision(revision: nil, choice: .several)
            }
        }
    }

    func row(_ cluster: String) -> FactRow {
        FactRow(
            "wanted_revision",
            ["cluster": .text(cluster), "revision": FactValue(revision), "chosen_by": .text(choice.rawValue)])
    }
}
