internal import Mesh

extension GoogleMarks {
    /// Tells which membership of the fleet is this cluster's: the declared one, else that with the UID of its kube-system, else the
    /// one that the cluster's own membership object names, else the one that stands for its GKE cluster.
    ///
    /// - Parameters:
    ///   - list: those of the fleet host project.
    ///   - gke: the cluster's GKE resource, as far as other marks tell it.
    /// - Returns: The membership, and others that claim the same cluster. Where two marks name different memberships neither is
    ///   taken, and the failure says both.
    func membership(
        among list: Listing<FleetMembership>, gke: GKEClusterName?
    ) -> (Recognised<FleetMembership>, rivals: [FleetMembership]) {
        let byUID = list.items.filter { uid != nil && $0.externalId == uid }
        let byObject = list.items.first { $0.isNamed(by: owner) }
        let byLink = list.items.filter { $0.stands(for: gke) }
        var claims: [(membership: FleetMembership, evidence: String)] = []
        if let declared = declaration.membership {
            guard let membership = list.items.first(where: { $0.isNamed(by: declared) }) else {
                let isTold = list.isComplete && byUID.isEmpty
                return (Recognised(found: isTold ? .success(nil) : .failure(missing(declared, byUID.first, list))), [])
            }
            claims.append((membership, "mesh.yaml names it"))
        }
        let chosen = byUID.first { $0.name == byObject?.name || $0.name == byLink.first?.name } ?? byUID.first
        if let chosen { claims.append((chosen, "its externalId is the UID of the cluster's namespace kube-system")) }
        if let byObject { claims.append((byObject, "the object membership in the cluster names it")) }
        if let byLink = byLink.first { claims.append((byLink, "it stands for the GKE cluster \(gke?.description ?? "")")) }

        guard let first = claims.first else { return (Recognised(found: nothing(in: list)), []) }
        let names = claims.map(\.membership.name).uniqued
        // One that is merely registered for the same resource is a rival, not a contradiction.
        let others = claims.dropFirst().filter { $0.membership.name != first.membership.name }
        if let other = others.first(where: { !$0.membership.stands(for: gke) || !first.membership.stands(for: gke) }) {
            let reason = NoAnswer(
                "two memberships could be this cluster's: \(first.membership.name) (\(first.evidence)) and \(other.membership.name) (\(other.evidence)); membership: in mesh.yaml decides"
            )
            return (Recognised(found: .failure(reason), evidence: names), [])
        }
        let rivals = (byUID + byLink).filter { $0.name != first.membership.name }
        let evidence = claims.filter { $0.membership.name == first.membership.name }.map(\.evidence)
        var seen: Set<String> = []
        return (
            Recognised(found: .success(first.membership), evidence: evidence), rivals.filter { seen.insert($0.name).inserted }
        )
    }

    private func missing(
        _ declared: String, _ byUID: FleetMembership?, _ list: Listing<FleetMembership>
    ) -> NoAnswer {
        if let byUID {
            return NoAnswer(
                "mesh.yaml names \(declared), which is not in the fleet, and \(byUID.name) has the UID of the cluster's namespace kube-system"
            )
        }
        return list.missing ?? NoAnswer("\(declared) is not in the fleet")
    }

    /// No mark fits any membership: there is none, or that cannot be told.
    private func nothing(in list: Listing<FleetMembership>) -> Answer<FleetMembership?> {
        if let missing = list.missing { return .failure(missing) }
        guard uid != nil else {
            return .failure(
                NoAnswer("the UID of the cluster's namespace kube-system is not known, by which its membership would be told"))
        }
        return .success(nil)
    }
}

extension FleetMembership {
    /// Whether it stands for this GKE cluster.
    func stands(for cluster: GKEClusterName?) -> Bool {
        guard let cluster, let gkeCluster else { return false }
        return gkeCluster.isSame(as: cluster)
    }

    /// Whether a resource name means this membership. The project can be an id in one name and a number in the other, so that
    /// only two ids or two numbers can differ.
    func isNamed(by text: String) -> Bool {
        let other = ResourcePath(text)
        guard other["memberships"] == shortName, other["locations"] == location, !shortName.isEmpty else { return false }
        let (a, b) = (path["projects"], other["projects"])
        return a == b || isNumber(a) != isNumber(b)
    }
}

/// Whether a project is named by its number.
func isNumber(_ project: String) -> Bool { !project.isEmpty && project.allSatisfy { $0.isASCII && $0.isNumber } }
