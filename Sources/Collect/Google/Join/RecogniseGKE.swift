internal import Mesh

extension GoogleMarks {
    /// Tells which GKE cluster this is: by the name that mesh.yaml or its membership gives, by the address or the authority of its
    /// control plane; by the kubeconfig's context alone only where nothing else tells, since anybody may call it so.
    ///
    /// - Parameters:
    ///   - membership: the cluster's, where one was recognised by other marks.
    ///   - lists: the clusters of every project that was asked, by project.
    /// - Returns: Where two marks name different clusters neither is taken, and the failure says both.
    func gkeCluster(membership: FleetMembership?, lists: [String: Listing<GKECluster>]) -> Recognised<GKECluster> {
        let names: [(GKEClusterName?, String)] = [
            (declaredCluster, "mesh.yaml names it"),
            (membership?.gkeCluster, "its membership \(membership?.shortName ?? "") stands for it"),
            (GKEClusterName(identityProvider), "the object membership in the cluster names it as identity provider"),
        ]
        let named = names.compactMap { name, evidence in name.map { ($0, evidence) } }
        let all = lists.values.flatMap(\.items)
        var claims = named + seen(among: all).compactMap { cluster, evidence in cluster.resource.map { ($0, evidence) } }

        let weak = context.map { ($0, "the kubeconfig's context is called so") }
        if let weak, claims.isEmpty || claims.contains(where: { $0.0.isSame(as: weak.0) }) { claims.append(weak) }
        guard let first = claims.first else { return Recognised(found: nothing(in: lists)) }
        if let other = claims.first(where: { !$0.0.isSame(as: first.0) }) {
            return Recognised(
                found: .failure(
                    NoAnswer(
                        "two GKE clusters could be this one: \(first.0) (\(first.1)) and \(other.0) (\(other.1)); googleCluster: in mesh.yaml or another kubeconfig decides"
                    )))
        }
        var evidence = claims.map(\.1)
        if let weak, !weak.0.isSame(as: first.0) {
            evidence.append("not counted: the kubeconfig's context is called as another cluster, \(weak.0)")
        }
        if let cluster = all.first(where: { $0.resource?.isSame(as: first.0) ?? false }) {
            return Recognised(found: .success(cluster), evidence: evidence)
        }
        // A link may name the project by its number.
        switch lists[first.0.project] ?? (lists.count == 1 ? lists.values.first : nil) {
        case let list? where list.isComplete: return Recognised(found: .success(nil), evidence: evidence)
        case let list?: return Recognised(found: .failure(list.missing ?? NoAnswer("the list is partial")), evidence: evidence)
        case nil: return Recognised(found: .failure(NoAnswer("the clusters of project \(first.0.project) were not listed")))
        }
    }

    /// Clusters that the control plane's address or authority is of.
    private func seen(among clusters: [GKECluster]) -> [(GKECluster, String)] {
        var result: [(GKECluster, String)] = []
        if let host = server?.host {
            let matching = clusters.filter { $0.allEndpoints.contains(host) }
            // Private addresses repeat from network to network: they tell only where one cluster alone has it.
            if let cluster = matching.first, matching.count == 1 {
                result.append((cluster, "its control plane's endpoint is the kubeconfig's server \(host)"))
            }
        }
        guard !authorities.isEmpty else { return result }
        let signed = clusters.filter { !authorities.isDisjoint(with: $0.masterAuth?.authorities ?? []) }
        if let cluster = signed.first, signed.count == 1 {
            result.append((cluster, "its certificate authority is the one that the kubeconfig trusts"))
        }
        return result
    }

    /// No mark fits: it is none, or that cannot be told.
    private func nothing(in lists: [String: Listing<GKECluster>]) -> Answer<GKECluster?> {
        guard mayBeGKE else { return .success(nil) }
        if let missing = lists.sorted(by: { $0.key < $1.key }).lazy.compactMap(\.value.missing).first { return .failure(missing) }
        let searched = lists.keys.sorted().joined(separator: ", ")
        return .failure(
            NoAnswer(
                "which GKE cluster this is cannot be told: no membership stands for it, "
                    + (searched.isEmpty
                        ? "no project is known to look in" : "no cluster of \(searched) has its server or authority")
                    + "; say it in mesh.yaml: googleCluster: projects/PROJECT/locations/LOCATION/clusters/CLUSTER"))
    }
}
