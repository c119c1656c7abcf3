internal import Kubernetes
internal import Mesh

extension ClusterCollector {
    /// What only some platforms have; none of it is a request where the server does not have the API.
    struct PlatformAnswers: Sendable {
        var pools: Answer<[IPAddressPool]>
        var balanced: Answer<[Service]>
        var bareMetal: Answer<[BareMetalObject]>
        var masquerade: Answer<ConfigMap?>
    }

    /// Asks for what tells how load balancers get addresses on premises, and whether pods keep theirs on GKE.
    func platformAnswers(groups: Answer<APIGroups>, nodes: Answer<[Node]>) async -> PlatformAnswers {
        defer { progress.done(.platform) }
        async let pools = optional(groups, "metallb.io", "ipaddresspools", as: IPAddressPool.self)
        async let bareMetal = optional(groups, "baremetal.cluster.gke.io", "clusters", as: BareMetalObject.self)
        let platform = platform ?? nodes.value.flatMap { Rows.platform(of: $0).0 }
        async let balanced = balancedServices(groups, on: platform)
        async let masquerade = masqueradeAgent(on: platform)
        return await PlatformAnswers(pools: pools, balanced: balanced, bareMetal: bareMetal, masquerade: masquerade)
    }

    /// The objects of a kind; none where the server does not have its group, or not the kind.
    private func optional<T: ListedObject>(
        _ groups: Answer<APIGroups>, _ group: String, _ plural: String, as type: T.Type
    ) async -> Answer<[T]> {
        switch groups {
        case .failure(let reason): return .failure(reason)
        case .success(let groups):
            guard let version = groups.preferred(group) else { return .success([]) }
            do throws(KubernetesError) {
                let path = Resource(group: group, version: version, plural).path()
                return .success(try await client.list(path, Selection(), as: type).items)
            } catch {
                return error.isNotFound ? .success([]) : .failure(reason(error))
            }
        }
    }

    private func balancedServices(_ groups: Answer<APIGroups>, on platform: Platform?) async -> Answer<[Service]> {
        switch groups {
        case .failure(let reason): return .failure(reason)
        case .success(let groups):
            guard groups.has("metallb.io") || platform == .gdcVMware || platform == .gdcBareMetal else {
                return .failure(NoAnswer("the Services with load balancers were not listed: nothing showed MetalLB here"))
            }
            // Not every supported server can select Services by their type.
            return await list(.platform, .services, as: Service.self).map { $0.filter { $0.spec.type == "LoadBalancer" } }
        }
    }

    private func masqueradeAgent(on platform: Platform?) async -> Answer<ConfigMap?> {
        if let platform, platform != .gke { return .success(nil) }
        return await ask(.platform) { () throws(KubernetesError) in
            try await client.find(
                Resource.configMaps.path(namespace: "kube-system", name: "ip-masq-agent"), as: ConfigMap.self)
        }
    }
}
