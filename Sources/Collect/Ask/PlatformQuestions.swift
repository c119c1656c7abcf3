internal import Kubernetes
internal import Mesh

extension ClusterCollector {
    /// What only some platforms have; none of it is a request where the server does not have the API.
    struct PlatformAnswers: Sendable {
        var pools: Answer<[IPAddressPool]>
        var bareMetal: Answer<[BareMetalObject]>
        var masquerade: Answer<ConfigMap?>
    }

    /// Asks for what tells how load balancers get addresses on premises, and whether pods keep theirs on GKE.
    func platformAnswers(groups: Answer<APIGroups>, nodes: Answer<[Node]>) async -> PlatformAnswers {
        defer { progress.done(.platform) }
        async let pools = served(.platform, groups, "metallb.io", "ipaddresspools", as: IPAddressPool.self)
        async let bareMetal = served(.platform, groups, "baremetal.cluster.gke.io", "clusters", as: BareMetalObject.self)
        let platform = platform ?? nodes.value.flatMap { Rows.platform(of: $0).0 }
        async let masquerade = masqueradeAgent(on: platform)
        return await PlatformAnswers(pools: pools, bareMetal: bareMetal, masquerade: masquerade)
    }

    private func masqueradeAgent(on platform: Platform?) async -> Answer<ConfigMap?> {
        if let platform, platform != .gke { return .success(nil) }
        return await ask(.platform) { () throws(KubernetesError) in
            try await client.find(
                Resource.configMaps.path(namespace: "kube-system", name: "ip-masq-agent"), as: ConfigMap.self)
        }
    }
}
