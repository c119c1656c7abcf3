internal import Facts
internal import GoogleCloud
internal import Mesh

/// Turns what Google's APIs answered into rows and ledger entries: every table of Google's gets an entry, for each cluster or for
/// the mesh.
struct GoogleFacts {
    let evidence: GoogleEvidence
    /// Declared names, in their order.
    let clusters: [String]
    let names: ProjectNames
    private(set) var batch = FactBatch()

    init(_ evidence: GoogleEvidence, clusters: [String]) {
        self.evidence = evidence
        self.clusters = clusters
        names = ProjectNames(evidence.projects.values)
        meshTables()
        for name in clusters {
            guard let cluster = evidence.clusters[name] else { continue }
            membership(cluster)
            gke(cluster)
            onPremises(cluster)
            add("private_ca_pool", name, Rows.privateCAPool(cluster, evidence.caPools))
        }
    }

    /// Adds a table's rows, or writes into the ledger why there are none.
    private mutating func add(_ table: String, _ cluster: String, _ rows: Answer<[FactRow]>) {
        switch rows {
        case .success(let rows):
            batch.rows += rows
            batch.add(fact: table, cluster: cluster, .collected)
        case .failure(let reason):
            batch.add(fact: table, cluster: cluster, evidence.status(of: reason), reason: reason.reason)
        }
    }

    // MARK: The mesh

    private mutating func meshTables() {
        if let reason = evidence.access.notAsked, evidence.isConcerned {
            batch.add(fact: "google_access", cluster: "", .notExamined, reason: reason)
        } else {
            add("google_access", "", .success(Rows.googleAccess(evidence.access)))
        }
        let projects = evidence.projects.values.sorted { $0.project < $1.project }
        let hasOnPremises = evidence.clusters.values.contains { $0.platform == .gdcVMware || $0.platform == .gdcBareMetal }
        mesh("google_project", projects.map(Rows.googleProject))
        mesh(
            "google_service",
            projects.flatMap { Rows.googleServices($0, payer: payer, hasOnPremises: hasOnPremises) })
        mesh("google_permission", projects.flatMap { Rows.googlePermissions($0, hasOnPremises: hasOnPremises) })
        mesh("google_quota", Rows.googleQuotas(evidence, names))
        let networks = evidence.networks.values.sorted { "\($0.name)" < "\($1.name)" }
        let unseen = networks.lazy.compactMap { $0.vpnTunnels.missing ?? $0.routers.missing }.first ?? unseenNetwork
        if let unseen, evidence.isConcerned {
            add("vpn_tunnel", "", .failure(unseen))
        } else {
            mesh("vpn_tunnel", networks.flatMap(Rows.vpnTunnels))
        }
    }

    /// A table of the whole mesh, whose rows say themselves what could not be read.
    private mutating func mesh(_ table: String, _ rows: [FactRow]) {
        guard evidence.isConcerned, let reason = evidence.nothing else { return add(table, "", .success(rows)) }
        add(table, "", .failure(reason))
    }

    /// Why the network of some GKE cluster is not known; `nil` where all are.
    private var unseenNetwork: NoAnswer? {
        clusters.compactMap { evidence.clusters[$0] }.lazy.filter { $0.platform == .gke }.compactMap(\.gke.found.failure).first
    }

    /// The project that pays for isthmus's requests, in which the APIs must be enabled that it alone needs; empty where not known.
    private var payer: String {
        guard case .usable(let credentials) = evidence.access else { return "" }
        if !credentials.quotaProject.isEmpty { return names.id(of: credentials.quotaProject) }
        let form = /[^@]+@(.+)\.iam\.gserviceaccount\.com/
        return credentials.principal.wholeMatch(of: form).map { String($0.1) } ?? ""
    }

    // MARK: One cluster

    private mutating func membership(_ cluster: GoogleClusterEvidence) {
        guard !evidence.fleetProject.isEmpty else {
            for table in ["google_membership", "mesh_feature"] { add(table, cluster.cluster, .success([])) }
            return
        }
        add(
            "google_membership", cluster.cluster,
            cluster.membership.found.map { _ in [Rows.googleMembership(cluster, evidence, names)] })
        add(
            "mesh_feature", cluster.cluster,
            cluster.membership.found.flatMap { membership in
                guard let membership else { return .success([]) }
                return evidence.meshFeature.map { [Rows.meshFeature(cluster.cluster, membership, $0)] }
            })
    }

    private mutating func gke(_ cluster: GoogleClusterEvidence) {
        add(
            "google_cluster", cluster.cluster,
            cluster.gke.found.map { found in
                guard let found else { return [] }
                return [Rows.googleCluster(cluster, found, evidence, names)]
            })
        add(
            "gateway_load_balancer", cluster.cluster,
            cluster.gateway.map {
                let rules = evidence.projects[names.id(of: cluster.project)]?.forwardingRules.items ?? []
                return [Rows.gatewayLoadBalancer(cluster.cluster, $0, forwardingRules: rules)]
            })
    }

    private mutating func onPremises(_ cluster: GoogleClusterEvidence) {
        let tables = ["on_premises_cluster", "on_premises_load_balancer"]
        switch cluster.platform {
        case .gke, .kubernetes:
            for table in tables { add(table, cluster.cluster, .success([])) }
        case nil:
            let reason = NoAnswer("whether the cluster is on Google Distributed Cloud is not known: no node of it can be read")
            for table in tables { add(table, cluster.cluster, .failure(reason)) }
        case .gdcVMware, .gdcBareMetal:
            let reason = cluster.onPremises.found.failure ?? Rows.notEnrolled(cluster, evidence.fleetProject)
            guard let view = cluster.premises else {
                for table in tables { add(table, cluster.cluster, .failure(reason)) }
                return
            }
            add("on_premises_cluster", cluster.cluster, .success([Rows.onPremisesCluster(cluster, view)]))
            let row = view.balancing.map { Rows.onPremisesLoadBalancer(cluster, view, $0) }
            add("on_premises_load_balancer", cluster.cluster, row.map { .success([$0]) } ?? .failure(reason))
        }
    }
}

extension GoogleEvidence {
    /// What the ledger says of a question without an answer: not tried where Google was not asked.
    func status(of reason: NoAnswer) -> CollectionStatus {
        access.notAsked.map { NoAnswer($0) } == reason ? .notExamined : .failed
    }

    /// Why nothing at all was answered; `nil` where something may have been.
    var nothing: NoAnswer? {
        projects.isEmpty ? access.failure.map { NoAnswer($0, mend: access.mend) } : nil
    }

    /// Whether the mesh has to do with Google Cloud. It has not where no cluster is on Google Cloud or Google Distributed Cloud, and
    /// it declares no fleet, or there are no credentials to look the fleet up with.
    var isConcerned: Bool {
        if clusters.values.contains(where: { $0.platform != .kubernetes }) { return true }
        return !fleetProject.isEmpty && access.notAsked == nil
    }
}
