internal import Mesh

extension GoogleMarks {
    /// The kinds of GKE On-Prem's resources that this cluster can be; empty for a cluster that is none of them.
    var onPremisesKinds: [OnPremisesKind] {
        switch platform {
        case .gdcVMware: [.vmwareClusters, .vmwareAdminClusters]
        case .gdcBareMetal: [.bareMetalClusters, .bareMetalAdminClusters, .bareMetalStandaloneClusters]
        case .gke, .kubernetes, nil: []
        }
    }

    /// Tells which of GKE On-Prem's clusters this is: by its membership, which names it, and which it names; by the address of its
    /// control plane.
    func onPremisesCluster(
        membership: FleetMembership?, list: Listing<OnPremisesCluster>
    ) -> Recognised<OnPremisesCluster> {
        guard !onPremisesKinds.isEmpty else { return Recognised(found: .success(nil)) }
        var claims: [(OnPremisesCluster, String)] = []
        let link = membership?.endpoint?.onPremCluster?.resourceLink ?? ""
        if let cluster = list.items.first(where: {
            !link.isEmpty && link.hasSuffix("/" + $0.name.split(separator: "/").suffix(4).joined(separator: "/"))
        }) {
            claims.append((cluster, "its membership \(membership?.shortName ?? "") stands for it"))
        }
        if let membership, let cluster = list.items.first(where: { $0.fleet?.membership.map(membership.isNamed) ?? false }) {
            claims.append((cluster, "it names the membership \(membership.shortName)"))
        }
        if let host = server?.host {
            let matching = list.items.filter { $0.loadBalancer?.vipConfig?.controlPlaneVip == host }
            if let cluster = matching.first, matching.count == 1 {
                claims.append((cluster, "its control plane's address is the kubeconfig's server \(host)"))
            }
        }
        guard let first = claims.first else {
            return Recognised(found: list.missing.map { .failure($0) } ?? .success(nil))
        }
        if let other = claims.first(where: { $0.0.name != first.0.name }) {
            return Recognised(
                found: .failure(
                    NoAnswer(
                        "two clusters on premises could be this one: \(first.0.name) (\(first.1)) and \(other.0.name) (\(other.1))"
                    )))
        }
        return Recognised(found: .success(first.0), evidence: claims.map(\.1))
    }
}
