internal import Mesh
internal import Policy

/// Which id belongs to which project number, as far as Resource Manager told.
struct ProjectNames: Sendable {
    private var ids: [String: String] = [:]
    private var numbers: [String: String] = [:]

    init(_ projects: some Sequence<GoogleProjectEvidence>) {
        for project in projects {
            guard let resource = project.resource.value ?? nil, let id = resource.projectId, !resource.number.isEmpty else {
                continue
            }
            ids[resource.number] = id
            numbers[id] = resource.number
        }
    }

    /// The id of a project that is named by its id or number; the name itself where nothing tells.
    func id(of project: String) -> String { ids[project] ?? project }

    /// The number of a project that is named by its id or number; empty where nothing tells.
    func number(of project: String) -> String { isNumber(project) ? project : numbers[project] ?? "" }
}

extension FollowedCluster {
    /// Puts together what the cluster and Google say.
    func described(networks: [VPCName: GoogleNetworkEvidence]) -> GoogleClusterEvidence {
        let gke = found.gke.value
        let network = gke?.vpc.flatMap { networks[$0] }
        let facts = GKESurroundings(cluster: gke, network: network)
        return GoogleClusterEvidence(
            cluster: marks.declaration.name, platform: marks.platform, uid: marks.uid,
            server: marks.declaration.remoteServer.flatMap { ServerURL($0) } ?? marks.server, membership: found.membership,
            rivalMemberships: found.rivals, gke: found.gke, onPremises: found.onPremises,
            gateway: gateway(isGKE: marks.platform == .gke || gke != nil), egress: egress(facts), podRanges: podRanges(facts),
            nodeRanges: nodeRanges(facts), premises: OnPremisesView(self), nodeTags: facts.nodeTags,
            nodeServiceAccounts: facts.serviceAccounts,
            masqueradeAgent: evidence.masqueradeAgent, caPool: Rows.caPool(evidence), firewallCommand: firewallCommand)
    }

    // MARK: The gateway

    /// How the gateway is reached by its Service, else as declared, else by GKE's default.
    private func gateway(isGKE: Bool) -> Answer<GatewayPlan> {
        evidence.gatewayServices.map { services in
            let service = services.first { $0.spec.type == "LoadBalancer" } ?? services.first
            let exposure = service.map(LoadBalancerExposure.init)
            let external = "EXTERNAL_NETWORK_TCP_UDP", `internal` = "INTERNAL_TCP_UDP"
            let declared = marks.declaration.loadBalancer
            var plan = GatewayPlan(
                service: service?.metadata.path ?? "", type: declared == .internal ? `internal` : external,
                chosenBy: declared == nil ? .default : .declared, addresses: service?.addresses ?? [],
                globalAccess: service?.isGlobal ?? false, sourceRanges: exposure?.sourceRanges ?? [],
                port: service?.gatewayPort ?? MeshConstants.gatewayPort, declaredAddress: service?.spec.loadBalancerIP ?? "",
                nodePort: service?.nodePort ?? 0)
            if let port = service?.spec.healthCheckNodePort, port > 0 { plan.healthPort = port }
            if plan.declaredAddress.isEmpty { plan.declaredAddress = service?.spec.externalIPs?.first ?? "" }
            switch exposure?.kind {
            case .external: (plan.type, plan.chosenBy) = (external, .service)
            case .internal: (plan.type, plan.chosenBy) = (`internal`, .service)
            // A Service of another type asks for no load balancer at all.
            case .some(.none): (plan.type, plan.chosenBy) = ("", .service)
            case nil: break
            }
            if !isGKE { plan.type = "" }
            return plan
        }
    }

    /// The command in the newest event in which GKE asks somebody else to change the firewall for a gateway's Service.
    private var firewallCommand: String {
        let services = Set((evidence.gatewayServices.value ?? []).map(\.metadata.path))
        let events = (evidence.serviceEvents.value ?? []).filter {
            $0.reason == "LoadBalancerManualChange"
                && services.contains("\($0.involvedObject.namespace ?? "")/\($0.involvedObject.name ?? "")")
        }
        let message = events.max { ($0.seen?.seconds ?? 0) < ($1.seen?.seconds ?? 0) }?.message ?? ""
        let parts = message.split(separator: "`", omittingEmptySubsequences: false)
        return parts.count >= 3 && parts[1].hasPrefix("gcloud ") ? String(parts[1]) : ""
    }

    // MARK: Addresses

    private func egress(_ facts: GKESurroundings) -> EgressAddresses {
        if let declared = marks.declaration.egress {
            return EgressAddresses(ranges: declared, source: .declared, isKnown: true, changesWithNodes: false, detail: "")
        }
        guard facts.cluster != nil else {
            return EgressAddresses(
                detail: "from which addresses its pods come is known only if mesh.yaml says it (egress:)")
        }
        guard case .success(let nodes) = evidence.nodes else {
            return EgressAddresses(detail: "its nodes cannot be read: \(evidence.nodes.failure?.reason ?? "")")
        }
        let addresses = nodes.map { node in
            (node.status?.addresses ?? []).filter { $0.type == "ExternalIP" }.compactMap {
                CIDR(tolerant: $0.address)?.description
            }
        }
        let external = addresses.flatMap(\.self).uniqued
        if nodes.isEmpty { return EgressAddresses(detail: "the cluster has no node, whose addresses would tell") }
        if !addresses.contains([]) {
            return EgressAddresses(ranges: external, source: .nodes, isKnown: true, changesWithNodes: true, detail: "")
        }
        // A node without an address of its own leaves through Cloud NAT.
        switch facts.natAddresses {
        case .success(let nat):
            return EgressAddresses(
                ranges: (external + nat.ranges).uniqued, source: external.isEmpty ? .nat : .nodes, isKnown: true,
                changesWithNodes: !external.isEmpty || nat.isAutomatic, detail: "")
        case .failure(let reason):
            return EgressAddresses(
                ranges: external, source: external.isEmpty ? .none : .nodes, isKnown: false,
                changesWithNodes: !external.isEmpty, detail: reason.detail)
        }
    }

    private func podRanges(_ facts: GKESurroundings) -> Answer<[String]> {
        if facts.cluster != nil { return facts.podRanges }
        return onPremisesRanges { $0.pods }
    }

    private func nodeRanges(_ facts: GKESurroundings) -> Answer<[String]> {
        if facts.cluster != nil { return facts.nodeRange.map { [$0] } }
        return evidence.nodes.map { nodes in
            nodes.flatMap { ($0.status?.addresses ?? []).filter { $0.type == "InternalIP" } }
                .compactMap { CIDR(tolerant: $0.address)?.description }.uniqued
        }
    }

    private func onPremisesRanges(_ pick: (OnPremisesView) -> [String]) -> Answer<[String]> {
        guard let view = OnPremisesView(self) else {
            return .failure(found.onPremises.found.failure ?? NoAnswer("nothing tells the ranges of its pods"))
        }
        let ranges = pick(view)
        return ranges.isEmpty ? .failure(NoAnswer("nothing tells the ranges of its pods")) : .success(ranges)
    }
}

extension EgressAddresses {
    /// Nothing is known.
    init(detail: String) {
        self.init(ranges: [], source: .none, isKnown: false, changesWithNodes: false, detail: detail)
    }
}

extension Service {
    /// Whether an internal load balancer answers other regions.
    fileprivate var isGlobal: Bool {
        let keys = [
            "networking.gke.io/internal-load-balancer-allow-global-access",
            "cloud.google.com/internal-load-balancer-allow-global-access",
        ]
        return keys.contains { metadata.annotation($0).lowercased() == "true" }
    }

    /// The node port of the gateway's port; 0 where there is none.
    fileprivate var nodePort: Int { spec.ports?.first { $0.port == gatewayPort }?.nodePort ?? 0 }
}
