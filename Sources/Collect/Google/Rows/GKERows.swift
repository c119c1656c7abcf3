internal import Facts
internal import Mesh

extension Rows {
    /// Table `google_cluster`.
    static func googleCluster(
        _ cluster: GoogleClusterEvidence, _ gke: GKECluster, _ evidence: GoogleEvidence, _ names: ProjectNames
    ) -> FactRow {
        let project = names.id(of: gke.resource?.project ?? ""), host = gke.vpc?.project ?? ""
        let dns = gke.controlPlaneEndpointsConfig?.dnsEndpointConfig
        let networks = gke.authorizedNetworks
        let networkID = "\(project)-\(gke.vpc?.network ?? gke.network ?? "")"
        let sharing = sharing(project: project, host: host, evidence)
        let pools = gke.nodePools ?? []
        let resource = gke.resource
        var values: [String: FactValue] = [
            "cluster": .text(cluster.cluster), "project": .text(project),
            "project_number": .text(names.number(of: resource?.project ?? "")), "location": .text(gke.location ?? ""),
            "region": .text(gke.region), "name": .text(gke.name), "self_link": .text(gke.selfLink ?? ""),
            "recognised_by": jsonText(cluster.gke.evidence), "status": .text(gke.status ?? ""),
            "status_detail": .text(statusDetail(gke)), "autopilot": FactValue(gke.autopilot?.enabled ?? false),
            "vpc_network": .text(gke.networkConfig?.network ?? ""), "subnetwork": .text(gke.networkConfig?.subnetwork ?? ""),
            "vpc_host_project": .text(host), "shared_vpc": FactValue(sharing.isShared),
            "attached_to_host": FactValue(sharing.isAttached),
            "public_endpoint_enabled": FactValue(gke.hasPublicEndpoint), "endpoint": .text(gke.endpoint ?? ""),
            "public_endpoint": .text(gke.publicEndpoint), "private_endpoint": .text(gke.privateEndpoint),
            "dns_endpoint": .text(dns?.allowExternalTraffic == true ? dns?.endpoint ?? "" : ""),
            "dns_accepts_tokens": FactValue(dns?.enableK8sTokensViaDns ?? false),
            "private_nodes_default": FactValue(gke.hasPrivateNodesByDefault),
            "private_node_pools": jsonText(pools.filter(gke.isPrivate).map(\.name)),
            "public_node_pools": jsonText(pools.filter { !gke.isPrivate($0) }.map(\.name)),
        ]
        values.merge(
            [
                "authorized_networks_enabled": FactValue(networks?.enabled ?? false),
                "authorized_networks": jsonText((networks?.cidrBlocks ?? []).compactMap(\.cidrBlock)),
                "google_public_cidrs": FactValue(networks?.gcpPublicCidrsAccessEnabled ?? false),
                "private_endpoint_enforced": FactValue(networks?.privateEndpointEnforcementEnabled ?? false),
                "pod_ranges": jsonText(cluster.podRanges.value ?? gke.ownPodRanges), "service_range": .text(gke.serviceRange),
                "node_range": FactValue(cluster.nodeRanges.value?.first),
                "stack_type": .text(gke.ipAllocationPolicy?.stackType ?? "IPV4"),
                "snat_disabled": FactValue(gke.networkConfig?.defaultSnatStatus?.disabled ?? false),
                "l4_firewall_disabled": FactValue(gke.networkConfig?.disableL4LbFirewallReconciliation ?? false),
                "workload_pool": .text(gke.workloadIdentityConfig?.workloadPool ?? ""),
                "pools_without_metadata_server": jsonText(
                    pools.filter { $0.config?.workloadMetadataConfig?.mode != "GKE_METADATA" }.map(\.name)),
                "release_channel": .text(gke.releaseChannel?.channel ?? ""),
                "mesh_id_label": .text(gke.resourceLabels?["mesh_id"] ?? ""),
                "fleet_project": .text(gke.fleet?.project ?? ""), "fleet_membership": .text(gke.fleet?.membership ?? ""),
                "network_id": .text(networkID), "network_id_fault": .text(labelFault(networkID)),
                "node_tags": jsonText(cluster.nodeTags.value ?? commonTags(gke)),
                "machine_types": jsonText(pools.compactMap(\.config?.machineType).uniqued),
                "current_version": .text(gke.currentMasterVersion ?? ""),
            ], uniquingKeysWith: { first, _ in first })
        return FactRow("google_cluster", values)
    }

    private static func commonTags(_ gke: GKECluster) -> [String] {
        let pools = (gke.nodePools ?? []).map { Set($0.config?.tags ?? []) }
        return pools.dropFirst().reduce(pools.first ?? []) { $0.intersection($1) }.sorted()
    }

    private static func statusDetail(_ gke: GKECluster) -> String {
        let conditions = (gke.conditions ?? []).compactMap { condition in
            [condition.canonicalCode ?? condition.code, condition.message].compactMap(\.self).joined(separator: ": ")
        }
        let words = [gke.statusMessage].compactMap(\.self) + conditions
        return words.filter { !$0.isEmpty }.joined(separator: "; ").capped
    }

    /// Whether a network's project shares it, and whether a project is attached to it. `nil` where that could not be asked.
    static func sharing(
        project: String, host: String, _ evidence: GoogleEvidence
    ) -> (isShared: Bool?, isAttached: Bool?) {
        let attachedTo = evidence.projects[project]?.sharedVPCHost.value
        let isHost = evidence.projects[host]?.compute.value.map { $0.xpnProjectStatus == "HOST" }
        if project == host { return (isHost, isHost) }
        let isAttached = attachedTo.map { $0 == host }
        return (isAttached == true ? true : isHost, isAttached)
    }

    /// Why a text cannot be a label's value; empty where it can.
    static func labelFault(_ text: String) -> String {
        if text.utf8.count > 63 { return "has \(text.utf8.count) characters, and a label's value may have 63" }
        let form = /[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?/
        if text.wholeMatch(of: form) != nil { return "" }
        let bad = text.first { !($0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0))) }
        return bad.map { "holds \($0), which a label's value may not" } ?? "must begin and end with a letter or digit"
    }

    /// Table `gateway_load_balancer`.
    ///
    /// - Parameter forwardingRules: of the cluster's project: what is in force says more than what the Service asks for.
    static func gatewayLoadBalancer(
        _ cluster: String, _ plan: GatewayPlan, forwardingRules: [ForwardingRule]
    ) -> FactRow {
        let rule = forwardingRules.first { $0.IPAddress.map(plan.addresses.contains) ?? false }
        var type = plan.type
        if !type.isEmpty, let scheme = rule?.loadBalancingScheme {
            type = scheme == "INTERNAL" ? "INTERNAL_TCP_UDP" : scheme == "EXTERNAL" ? "EXTERNAL_NETWORK_TCP_UDP" : type
        }
        return FactRow(
            "gateway_load_balancer",
            [
                "cluster": .text(cluster), "type": .text(type), "chosen_by": .text(plan.chosenBy.rawValue),
                "service": .text(plan.service), "has_address": FactValue(!plan.addresses.isEmpty),
                "global_access": FactValue(type == "INTERNAL_TCP_UDP" && (rule?.allowGlobalAccess ?? plan.globalAccess)),
                "source_ranges": jsonText(plan.sourceRanges),
            ])
    }
}
