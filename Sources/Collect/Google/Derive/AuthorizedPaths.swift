internal import Facts
internal import Mesh
internal import Policy

/// A cluster as the control planes of others see it: its istiod watches their API servers.
struct ControlPlaneCaller {
    let cluster: String
    fileprivate let addresses: AddressSet
    fileprivate let owner: Policy.AuthorizedNetworks.Owner
    /// Whether these are all.
    fileprivate let isKnown: Bool
    /// Why not; empty where they are.
    fileprivate let detail: String
    /// The columns that are the same whomever it calls.
    fileprivate let columns: [String: FactValue]

    init(_ evidence: GoogleClusterEvidence) {
        let egress = evidence.egress
        let senders = PathSenders(egress.ranges, isKnown: egress.isKnown, detail: egress.detail)
        cluster = evidence.cluster
        (addresses, isKnown, detail) = (senders.addresses, senders.isKnown, senders.detail)
        owner = evidence.egressOwner
        columns = [
            "source": .text(cluster), "egress": textList(egress.ranges), "egress_from": .text(egress.source.rawValue),
            "egress_known": FactValue(isKnown), "changes_with_nodes": FactValue(egress.changesWithNodes),
        ]
    }
}

extension Rows {
    /// Table `google_authorized_path` for one GKE cluster as target.
    ///
    /// - Parameter callers: the other clusters.
    static func authorizedPaths(
        to target: GoogleClusterEvidence, _ cluster: GKECluster, from callers: [ControlPlaneCaller]
    ) -> [FactRow] {
        let networks = Policy.AuthorizedNetworks(cluster.authorizedNetworks)
        let endpoint = cluster.endpointCalled(by: target.server)
        let listed = textList(networks.listed)
        return callers.map { caller in
            let decision = networks.decide(caller.addresses, owner: caller.owner, at: endpoint)
            // Where the list is off nobody's addresses matter. What is refused already is refused; what is admitted may not be all.
            let isSettled = caller.isKnown || !networks.isEnabled || decision.admits == false
            var columns = caller.columns
            columns["target"] = .text(target.cluster)
            columns["admits"] = FactValue(isSettled ? decision.admits : nil)
            columns["uncovered"] = textList(decision.uncovered.ranges.map(\.description))
            columns["wanted"] = decision.wanted.count == networks.listed.count ? listed : textList(decision.wanted)
            columns["decided_by"] = .text(isSettled ? decision.decidedBy : "")
            columns["detail"] = .text(networks.isEnabled ? caller.detail : "")
            return FactRow("google_authorized_path", columns)
        }
    }
}

extension Policy.AuthorizedNetworks {
    /// As a GKE cluster has them; a cluster without the section lets everybody in.
    init(_ networks: GKECluster.AuthorizedNetworks?) {
        self.init(
            isEnabled: networks?.enabled ?? false, ranges: (networks?.cidrBlocks ?? []).compactMap(\.cidrBlock),
            admitsGoogle: networks?.gcpPublicCidrsAccessEnabled,
            isEnforcedPrivately: networks?.privateEndpointEnforcementEnabled)
    }
}

extension GKECluster {
    /// At which of its addresses a server's URL calls the control plane.
    fileprivate func endpointCalled(by server: ServerURL?) -> Policy.AuthorizedNetworks.Endpoint {
        guard let server else { return hasPublicEndpoint ? .public : .private }
        if server.host == publicEndpoint { return .public }
        if server.host == privateEndpoint || !hasPublicEndpoint { return .private }
        return server.kind == .public ? .public : .unknown
    }
}

extension GoogleClusterEvidence {
    /// Whose addresses a cluster leaves with: those of nodes and of Cloud NAT are Google Cloud's.
    fileprivate var egressOwner: AuthorizedNetworks.Owner {
        switch (gke.value != nil, egress.source, platform) {
        case (true, .nodes, _), (true, .nat, _): .google
        case (false, _, .gdcVMware?), (false, _, .gdcBareMetal?): .others
        default: .unknown
        }
    }
}
