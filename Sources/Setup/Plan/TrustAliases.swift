internal import Kubernetes
internal import Mesh

/// The trust domains that a cluster's mesh configuration has to accept beside its own.
///
/// Google's asmcli adds one alias, the fleet's, and only to clusters that it is given as PROJECT/LOCATION/CLUSTER. Two clusters of
/// different trust domains need each other's in any case.
struct TrustAliases: Sendable {
    var act: Act?
    var finding: Finding?

    /// - Parameter missing: the others' trust domains that it does not accept; never empty.
    static func look(_ dryRun: DryRun, revision: String, missing: [String]) async -> TrustAliases {
        let name = revision.isEmpty ? "istio" : "istio-\(revision)"
        let words = missing.joined(separator: ", ")
        let remedy =
            "kubectl -n \(MeshConstants.systemNamespace) edit configmap \(name)    # in mesh, under trustDomainAliases: \(words)"
        func found(_ severity: Finding.Severity, _ text: String, _ remedy: String) -> TrustAliases {
            TrustAliases(finding: Finding(severity, cluster: dryRun.cluster, text, remedy: remedy))
        }
        func map(_ text: String) -> JSONValue { .kubernetes("v1", "ConfigMap", name, ["data": ["mesh": .string(text)]]) }
        let text: String
        do throws(KubernetesError) {
            let live = try await dryRun.find(ObjectReference(cluster: dryRun.cluster, map("")))
            guard let mesh = live?["data"]?["mesh"]?.string else {
                return found(.unknown, "its mesh configuration (ConfigMap \(name)) is not there any more", remedy)
            }
            text = mesh
        } catch {
            return found(.unknown, "its mesh configuration (ConfigMap \(name)) was not read: \(Refusal(error).words)", remedy)
        }
        guard let wanted = MeshConfigText.adding(aliases: missing, to: text) else {
            return found(
                .error,
                "its mesh configuration lacks the trust domain aliases \(words), and is written so that isthmus cannot add them",
                remedy)
        }
        let act = await dryRun.act(.network, map(wanted))
        guard act.verb == .conflict else { return TrustAliases(act: act) }
        let owner = act.fields.first { !$0.owner.isEmpty }?.owner ?? act.reason
        return found(
            .error,
            "its mesh configuration lacks the trust domain aliases \(words), and is kept by \(owner), which would put back what "
                + "isthmus changed",
            remedy + "; or let setup do it: --take-over .data.mesh")
    }
}

extension SeenMesh {
    /// By cluster, the trust domains of others that its mesh configuration does not accept; only of clusters that were seen.
    var missingAliases: [String: [String]] {
        var missing: [String: [String]] = [:]
        for cluster in clusters {
            guard let own = cluster.trust else { continue }
            let others = clusters.compactMap(\.trust?.domain).filter { $0 != own.domain && !own.aliases.contains($0) }
            if !others.isEmpty { missing[cluster.name] = Set(others).sorted() }
        }
        return missing
    }
}
