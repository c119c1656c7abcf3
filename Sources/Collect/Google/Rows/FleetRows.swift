internal import Facts

extension Rows {
    /// Table `google_membership`, also where none was found.
    static func googleMembership(
        _ cluster: GoogleClusterEvidence, _ evidence: GoogleEvidence, _ names: ProjectNames
    ) -> FactRow {
        let found = cluster.membership.value
        let external = found?.externalId ?? ""
        let matches = found != nil && !external.isEmpty ? cluster.uid.map { $0 == external } : nil
        let list = evidence.memberships
        return FactRow(
            "google_membership",
            [
                "cluster": .text(cluster.cluster), "found": FactValue(found != nil), "name": .text(found?.name ?? ""),
                "project_number": .text(found.map { names.number(of: $0.path["projects"]) } ?? ""),
                "location": .text(found?.location ?? ""), "external_id": .text(external),
                "external_id_matches": FactValue(matches), "state": .text(found?.state?.code ?? ""),
                "membership_type": .text(plain(found?.membershipType)),
                "cluster_missing": FactValue(found?.resource?.clusterMissing ?? false),
                "resource_link": .text(found?.resource?.resourceLink ?? ""),
                "identity_provider": .text(found?.authority?.identityProvider ?? ""),
                "workload_identity_pool": .text(found?.authority?.workloadIdentityPool ?? ""),
                "last_connection_at": .integer(found?.lastConnectionTime?.seconds ?? 0),
                "list_complete": FactValue(list.isComplete), "unreachable": jsonText(list.unreachable),
                "also": jsonText(cluster.rivalMemberships.map(\.name)),
                "recognised_by": jsonText(cluster.membership.evidence),
                "infrastructure_type": .text(plain(found?.infrastructureType)),
                "detail": .text(list.missing?.detail ?? ""),
            ])
    }

    /// An enumeration's word; empty where Google writes that it is not set.
    private static func plain(_ word: String?) -> String {
        guard let word, !word.hasSuffix("_UNSPECIFIED") else { return "" }
        return word
    }

    /// Table `mesh_feature`.
    ///
    /// - Parameter feature: `nil` where the fleet does not have it.
    static func meshFeature(_ cluster: String, _ membership: FleetMembership, _ feature: MeshFeature?) -> FactRow {
        // The keys name the project by its number, the membership perhaps by its id.
        let spec = feature?.membershipSpecs?.first { membership.isNamed(by: $0.key) }?.value
        let state = feature?.membershipStates?.first { membership.isNamed(by: $0.key) }?.value
        let plane = state?.servicemesh?.controlPlaneManagement
        let details = (plane?.details ?? []).compactMap { detail in
            [detail.code, detail.details].compactMap(\.self).joined(separator: ": ")
        }
        let words = ([state?.state?.description] + details).compactMap(\.self).filter { !$0.isEmpty }
        let conditions = state?.servicemesh?.conditions ?? []
        return FactRow(
            "mesh_feature",
            [
                "cluster": .text(cluster),
                "feature_state": .text(feature.map { $0.resourceState?.state ?? "STATE_UNSPECIFIED" } ?? ""),
                "management": .text(plain(spec?.mesh?.management ?? spec?.mesh?.controlPlane)),
                "control_plane_state": .text(plain(plane?.state)), "implementation": .text(plain(plane?.implementation)),
                "code": .text(plain(state?.state?.code)),
                "conditions": jsonText(
                    conditions.map {
                        ["code": $0.code ?? "", "severity": $0.severity ?? "", "details": ($0.details ?? "").capped]
                    }),
                "detail": .text(words.joined(separator: "; ").capped),
            ])
    }

    /// Table `private_ca_pool`.
    static func privateCAPool(
        _ cluster: GoogleClusterEvidence, _ pools: [String: Answer<CAPoolCertificates>]
    ) -> Answer<[FactRow]> {
        guard case .success(let pool) = cluster.caPool else { return cluster.caPool.map { _ in [] } }
        guard !pool.isEmpty else { return .success([]) }
        guard let answer = pools[pool] else {
            return .failure(cluster.membership.found.failure ?? NoAnswer("the pool \(pool) was not asked for"))
        }
        let roots = answer.map { answer in
            // A chain goes from the authority itself to its root.
            (answer.caCerts ?? []).compactMap { $0.certificates?.last }.map { PEMBundle($0) }
        }
        let problem = roots.failure?.detail ?? roots.value?.first { !$0.problem.isEmpty }?.problem ?? ""
        let fingerprints = roots.value.map { Set($0.flatMap(\.fingerprints)).sorted() }
        return .success([
            FactRow(
                "private_ca_pool",
                [
                    "cluster": .text(cluster.cluster), "pool": .text(pool),
                    "roots": problem.isEmpty ? fingerprints.map { jsonText($0) } ?? .null : .null, "detail": .text(problem),
                ])
        ])
    }
}
