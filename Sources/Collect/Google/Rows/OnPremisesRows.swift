internal import Facts
internal import Mesh
internal import Policy

extension Rows {
    /// Why nothing is known of a cluster that GKE On-Prem's complete lists do not hold: they hold enrolled clusters alone.
    static func notEnrolled(_ cluster: GoogleClusterEvidence, _ fleet: String) -> NoAnswer {
        let (product, plural) =
            cluster.platform == .gdcVMware ? ("vmware", "VMware") : ("bare-metal", "bare metal")
        let membership = cluster.membership.value
        let name = membership?.shortName ?? "CLUSTER", project = fleet.isEmpty ? "PROJECT" : fleet
        let enrol =
            "gcloud container \(product) clusters enroll \(name) --project=\(project) --location=LOCATION --admin-cluster-membership=ADMIN_MEMBERSHIP --admin-cluster-membership-project=\(project)"
        return NoAnswer(
            "GKE On-Prem knows no such \(plural) cluster: it knows those that were enrolled, and the cluster's own objects tell nothing from here",
            mend: enrol)
    }

    /// Table `on_premises_cluster`.
    static func onPremisesCluster(_ cluster: GoogleClusterEvidence, _ view: OnPremisesView) -> FactRow {
        let failure = cluster.onPremises.found.failure
        let unenrolled = view.source == .cluster && failure == nil ? "GKE On-Prem does not know it: it is not enrolled" : ""
        return FactRow(
            "on_premises_cluster",
            [
                "cluster": .text(cluster.cluster), "source": .text(view.source.rawValue), "resource": .text(view.resource),
                "kind": view.isVMware ? "vmware" : "bare-metal", "state": .text(view.state),
                "state_detail": .text(view.stateDetail), "version": .text(view.version),
                "control_plane_vip": .text(view.controlPlaneVIP), "ingress_vip": .text(view.ingressVIP),
                "pod_ranges": jsonText(view.pods), "service_ranges": jsonText(view.services),
                "proxy": FactValue(view.hasProxy), "island_mode": FactValue(view.isIsland),
                "detail": .text(view.source == .cluster ? failure?.detail ?? unenrolled : ""),
            ])
    }

    /// Table `on_premises_load_balancer`.
    static func onPremisesLoadBalancer(
        _ cluster: GoogleClusterEvidence, _ view: OnPremisesView, _ balancing: OnPremisesView.Balancing
    ) -> FactRow {
        let gateway = cluster.gateway.value
        // The ingress has its address whether or not its Service shows it.
        let ingress = AddressSet(addresses: [IPAddress(view.ingressVIP)].compactMap(\.self))
        let used = balancing.used.value.map { $0.union(ingress) }
        func free(manual: Bool) -> Int? {
            guard balancing.mode == .metallb || balancing.mode == .bgp else { return 0 }
            return used.map { used in
                balancing.pools.filter { $0.isManual == manual }.reduce(0) { sum($0, $1.free(used: used)) }
            }
        }
        let unreadable = balancing.pools.flatMap(\.unreadable)
        let problem = unreadable.isEmpty ? "" : "not readable as addresses: \(unreadable.joined(separator: ", "))".capped
        return FactRow(
            "on_premises_load_balancer",
            [
                "cluster": .text(cluster.cluster), "source": .text(balancing.source.rawValue),
                "mode": .text(balancing.mode.rawValue), "pools": jsonText(balancing.pools.map(\.name)),
                "addresses_total": .integer(balancing.pools.reduce(0) { sum($0, $1.count) }),
                "automatic_free": FactValue(free(manual: false)), "manual_free": FactValue(free(manual: true)),
                "gateway_has_address": FactValue(!(gateway?.addresses ?? []).isEmpty),
                "declared_address": .text(gateway?.declaredAddress ?? ""), "node_port": .integer(gateway?.nodePort ?? 0),
                "detail": .text(problem.isEmpty ? balancing.used.failure?.detail ?? "" : problem),
            ])
    }

    /// Adds a number of addresses, of which IPv6 has more than can be counted here.
    private static func sum(_ a: Int, _ b: UInt128) -> Int {
        let b = Int(min(b, UInt128(1 << 53)))
        return min(a + b, 1 << 53)
    }
}
