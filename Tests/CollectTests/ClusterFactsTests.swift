import Facts
import Kubernetes
import Mesh
import Testing

@testable import Collect

@Suite struct ClusterFactsTests {
    private let declaration = ClusterDeclaration(name: "a", kubeconfig: "a.kubeconfig", network: "net-a")

    /// A sound cluster, small.
    static func evidence() throws -> ClusterEvidence {
        var evidence = ClusterEvidence(nothing: NoAnswer("unset"))
        let namespaces = try [
            #"{"name":"kube-system","uid":"11111111-1111"}"#,
            #"{"name":"istio-system","uid":"2","labels":{"topology.istio.io/network":"net-a"}}"#,
        ].map { try decoded(ObjectMeta.self, $0) }
        evidence.groups = .success(["networking.istio.io", "hub.gke.io"])
        evidence.namespaces = .success(namespaces)
        evidence.kubeSystem = .success(namespaces[0])
        evidence.systemNamespace = .success(namespaces[1])
        evidence.nodes = .success([])
        evidence.controlPlanes = .success([try ControlPlaneTests.istiod()])
        evidence.controlPlanePods = .success([])
        evidence.gatewayDeployments = .success([try GatewayTests.deployment()])
        evidence.gatewayPods = .success([try GatewayTests.pod()])
        evidence.workloadPods = .success([
            try GatewayTests.pod("w", namespace: "shop", labels: #""security.istio.io/tlsMode":"istio""#)
        ])
        evidence.configMaps = .success([
            ControlPlaneTests.configMap("istio-asm-1246-9", ["mesh": "trustDomain: f.svc.id.goog"]),
            ControlPlaneTests.configMap("istio-sidecar-injector-asm-1246-9", ["values": #"{"global":{"network":"net-a"}}"#]),
            ControlPlaneTests.configMap("istio-sidecar-injector-old", ["values": #"{"global":{"network":"net-old"}}"#]),
            ControlPlaneTests.configMap("istio-ca-root-cert", ["root-cert.pem": Certificates.rootA]),
        ])
        evidence.rootCopies = .success([
            ControlPlaneTests.configMap("istio-ca-root-cert", ["root-cert.pem": Certificates.rootA])
        ])
        evidence.webhooks = .success([])
        evidence.services = .success([try GatewayTests.service()])
        evidence.endpointSlices = .success([])
        evidence.serviceEvents = .success([])
        evidence.gateways = .success([])
        evidence.destinationRules = .success([])
        evidence.peerAuthentications = .success([])
        evidence.authorizationPolicies = .success([])
        evidence.membership = .success(ClusterEvidence.Membership(hasDefinition: false, object: nil))
        evidence.controlPlaneRevisions = .success([])
        evidence.caSecrets = .success([])
        evidence.remoteSecrets = .success([])
        evidence.permissions = [PermissionReview(permission: Permission.reading[0], isAllowed: true)]
        return evidence
    }

    private func batch(_ evidence: ClusterEvidence, revision: String = "asm-1246-9") -> FactBatch {
        ClusterFacts(declaration, revision: revision, evidence: evidence).batch
    }

    private func failed(_ batch: FactBatch) -> Set<String> {
        Set(batch.ledger.filter { $0.status != .collected }.map(\.fact))
    }

    @Test func everythingAnswered() throws {
        let batch = batch(try Self.evidence())
        #expect(failed(batch) == [])
        try Snapshot.inMemory(schema: .embedded()).insert(batch)
        let networks = batch.rows.filter { $0.table == "network_statement" }
        #expect(
            networks.map { $0["kind"] } == [
                "declared", "namespace", "injector", "gateway-deployment", "gateway-service", "proxies", "proxies",
            ])
        #expect(Set(networks.map { $0["network"] }) == ["net-a"])
        #expect(networks.last?["place"] == "workload pods such as shop/w environment ISTIO_META_NETWORK")
        #expect((networks.last?["namespace"], networks.last?["object"]) == ("shop", "w"))
    }

    @Test func withoutARevisionEveryInjectorCounts() throws {
        var evidence = try Self.evidence()
        evidence.controlPlanes = .success([])
        let networks = batch(evidence, revision: "").rows.filter { $0.table == "network_statement" && $0["kind"] == "injector" }
        #expect(networks.map { $0["network"] } == ["net-a", "net-old"])
    }

    @Test func nothingAnswered() throws {
        let batch = batch(ClusterEvidence(nothing: NoAnswer("no connection within 5 s")))
        // A declared revision is known whatever the cluster says.
        #expect(batch.rows.map(\.table) == ["wanted_revision"])
        #expect(
            Set(batch.ledger.filter { $0.status == .failed }.map(\.reason)).allSatisfy { $0.contains("no connection within 5 s") }
        )
        #expect(batch.ledger.count(where: { $0.status == .collected }) == 1)
    }

    @Test(
        arguments: [
            ("-----BEGIN CERTIFICATE-----\nMII", "cannot be read"), ("", "cannot be read"), (nil, "has no key root-cert.pem"),
        ] as [(String?, String)])
    func anUnreadableRootIsNotAnAbsentOne(pem: String?, reason: String) throws {
        var evidence = try Self.evidence()
        evidence.configMaps = .success([
            ControlPlaneTests.configMap("istio-ca-root-cert", pem.map { ["root-cert.pem": $0] } ?? [:])
        ])
        let unreadable = batch(evidence).ledger.first { $0.fact == "root_certificate" }
        #expect(unreadable?.status == .failed && unreadable?.reason.contains(reason) == true)
        evidence.configMaps = .success([])
        #expect(batch(evidence).ledger.first { $0.fact == "root_certificate" }?.status == .collected)
    }

    /// Whose rules count for the whole mesh stands in the configuration: nobody guesses where it cannot be read.
    @Test func anUnreadableConfigurationLeavesTheRulesUnknown() throws {
        var evidence = try Self.evidence()
        evidence.configMaps = .success([ControlPlaneTests.configMap("istio-asm-1246-9", ["mesh": "rootNamespace: [x"])])
        #expect(failed(batch(evidence)).isSuperset(of: ["destination_rule", "peer_authentication", "authorization_policy"]))
    }

    /// Istiod reads no rule in a namespace that it does not look at; which these are is not known where namespaces cannot be listed.
    @Test func rulesOfNamespacesThatIstiodLeavesOutDoNotCount() throws {
        var evidence = try Self.evidence()
        func policies(_ evidence: ClusterEvidence) -> [FactValue?] {
            batch(evidence).rows.filter { $0.table == "peer_authentication" }.map { $0["namespace"] }
        }
        evidence.namespaces = .success([
            try decoded(ObjectMeta.self, #"{"name":"istio-system","labels":{"mesh":"on"}}"#),
            try decoded(ObjectMeta.self, #"{"name":"shop"}"#),
        ])
        evidence.peerAuthentications = .success(
            try ["istio-system", "shop"].map {
                try decoded(#"{"metadata":{"name":"p","namespace":"\#($0)"},"spec":{"mtls":{"mode":"STRICT"}}}"#)
            })
        #expect(policies(evidence) == ["istio-system", "shop"])
        let mesh = "discoverySelectors: [{matchLabels: {mesh: \"on\"}}]"
        evidence.configMaps = .success([ControlPlaneTests.configMap("istio-asm-1246-9", ["mesh": mesh])])
        #expect(policies(evidence) == ["istio-system"])
        evidence.namespaces = .failure(NoAnswer("403"))
        #expect(policies(evidence) == ["istio-system", "shop"])
    }

    @Test func whichServicesTheGatewaySees() throws {
        func sight(_ evidence: ClusterEvidence) -> GatewaySight? {
            ClusterFacts(ClusterDeclaration(name: "a", kubeconfig: "a.kubeconfig"), revision: "asm-1246-9", evidence: evidence)
                .gatewaySight.value
        }
        let web: Service = try decoded(#"{"metadata":{"name":"web","namespace":"shop"},"spec":{}}"#)
        var evidence = try Self.evidence()
        #expect(sight(evidence)?.sees(web) == true)
        evidence.configMaps = .success([
            ControlPlaneTests.configMap("istio-asm-1246-9", ["mesh": "defaultServiceExportTo: ['.']"]),
            ControlPlaneTests.configMap("istio-other", ["mesh": "defaultServiceExportTo: ['*']"]),
        ])
        #expect(sight(evidence)?.sees(web) == false)
        evidence.configMaps = .success([ControlPlaneTests.configMap("istio-asm-1246-9", ["mesh": "rootNamespace: [x"])])
        #expect(sight(evidence) == nil)
    }

    /// What one refused question costs: exactly the tables that are made of its answer.
    @Test(arguments: Refusal.allCases)
    func oneRefusal(_ refusal: Refusal) throws {
        var evidence = try Self.evidence()
        refusal.apply(&evidence)
        let batch = batch(evidence)
        #expect(failed(batch) == refusal.tables)
        #expect(batch.ledger.allSatisfy { $0.status == .collected || $0.reason.contains("403 Forbidden") })
        try Snapshot.inMemory(schema: .embedded()).insert(batch)
    }

    enum Refusal: String, CaseIterable, Sendable {
        case nodes, controlPlanes, controlPlanePods, gatewayDeployments, gatewayPods, workloadPods, configMaps, rootCopies,
            webhooks,
            services, endpointSlices, serviceEvents, gateways, destinationRules, peerAuthentications, authorizationPolicies,
            membership, controlPlaneRevisions, caSecrets, kubeSystem,
            systemNamespace, groups, namespaces

        func apply(_ evidence: inout ClusterEvidence) {
            let reason = NoAnswer("403 Forbidden")
            switch self {
            case .nodes: evidence.nodes = .failure(reason)
            case .controlPlanes: evidence.controlPlanes = .failure(reason)
            case .controlPlanePods: evidence.controlPlanePods = .failure(reason)
            case .gatewayDeployments: evidence.gatewayDeployments = .failure(reason)
            case .gatewayPods: evidence.gatewayPods = .failure(reason)
            case .workloadPods: evidence.workloadPods = .failure(reason)
            case .configMaps: evidence.configMaps = .failure(reason)
            case .rootCopies: evidence.rootCopies = .failure(reason)
            case .webhooks: evidence.webhooks = .failure(reason)
            case .services: evidence.services = .failure(reason)
            case .endpointSlices: evidence.endpointSlices = .failure(reason)
            case .serviceEvents: evidence.serviceEvents = .failure(reason)
            case .gateways: evidence.gateways = .failure(reason)
            case .destinationRules: evidence.destinationRules = .failure(reason)
            case .peerAuthentications: evidence.peerAuthentications = .failure(reason)
            case .authorizationPolicies: evidence.authorizationPolicies = .failure(reason)
            case .membership: evidence.membership = .failure(reason)
            case .controlPlaneRevisions: evidence.controlPlaneRevisions = .failure(reason)
            case .caSecrets: evidence.caSecrets = .failure(reason)
            case .kubeSystem: evidence.kubeSystem = .failure(reason)
            case .systemNamespace: evidence.systemNamespace = .failure(reason)
            case .groups: evidence.groups = .failure(reason)
            case .namespaces: evidence.namespaces = .failure(reason)
            }
        }

        /// The tables that fail; the others say what they do not know with NULL.
        var tables: Set<String> {
            switch self {
            case .nodes: ["node"]
            case .controlPlanes: ["istiod"]
            case .controlPlanePods: ["pod_family"]
            case .serviceEvents: []
            case .gatewayDeployments: ["gateway_deployment", "gateway_service", "gateway_endpoints", "network_statement"]
            case .gatewayPods:
                ["gateway_deployment", "gateway_service", "gateway_endpoints", "mesh_proxy", "network_statement", "pod_family"]
            case .workloadPods: ["mesh_proxy", "network_statement", "pod_family"]
            case .configMaps:
                [
                    "mesh_config", "mesh_network", "injector_values", "managed_control_plane", "root_bundle", "network_statement",
                    "destination_rule", "locality_rule", "peer_authentication", "authorization_policy",
                ]
            case .rootCopies: ["root_bundle"]
            case .webhooks: ["webhook", "managed_control_plane"]
            case .services: ["gateway_service", "gateway_endpoints", "network_statement"]
            case .endpointSlices: ["gateway_endpoints"]
            case .gateways: ["gateway_resource"]
            case .destinationRules: ["destination_rule", "locality_rule"]
            case .peerAuthentications: ["peer_authentication"]
            case .authorizationPolicies: ["authorization_policy"]
            case .membership: ["fleet_membership"]
            case .controlPlaneRevisions: ["managed_control_plane"]
            case .caSecrets: ["ca_secret"]
            case .kubeSystem: ["cluster_identity"]
            case .systemNamespace: ["system_namespace", "network_statement"]
            case .groups: ["gateway_api_present"]
            case .namespaces: ["root_bundle"]
            }
        }
    }
}
