internal import Facts
internal import Mesh
internal import Policy

/// Facts that follow from what Google and the clusters said: what rules, routes and ranges mean for the ways between clusters.
/// Nothing is asked here. What cannot be known is NULL with its reason in `detail`, or `failed` in the ledger where not even a
/// row can be made.
struct GoogleDerivation {
    private let google: GoogleEvidence
    /// In the order in which they were declared.
    private let clusters: [GoogleClusterEvidence]
    private let names: ProjectNames
    /// Of each cluster, from which addresses it calls control planes.
    private let callers: [ControlPlaneCaller]
    private var batch = FactBatch()
    /// Networks are few and clusters many: each network's rules and routes are read once.
    private var firewalls: [Place: Answer<NetworkFirewall>] = [:]
    private var routes: [Place: NetworkRoutes] = [:]
    /// By the kind of load balancer: in the clusters' order, from which addresses each comes to a gateway behind it.
    private var senders: [String: [PathSenders]] = [:]

    /// A network as machines in one region have it.
    private struct Place: Hashable {
        var network: VPCName
        var region: String
    }

    /// - Parameter order: the names of all declared clusters.
    static func batch(_ google: GoogleEvidence, order: [String]) -> FactBatch {
        var derivation = GoogleDerivation(google, order.compactMap { google.clusters[$0] })
        for cluster in derivation.clusters { derivation.derive(cluster) }
        derivation.ranges()
        return derivation.batch
    }

    private init(_ google: GoogleEvidence, _ clusters: [GoogleClusterEvidence]) {
        self.google = google
        self.clusters = clusters
        names = ProjectNames(google.projects.values)
        callers = clusters.map(ControlPlaneCaller.init)
    }

    /// Tables that hang on Google's answers about one GKE cluster.
    private static let tables = ["google_load_balancer_policy", "google_authorized_path"] + networkTables
    private static let networkTables = firewallTables + ["google_route"]
    private static let firewallTables = ["google_firewall_path", "google_firewall_health", "google_firewall_exposure"]

    private mutating func derive(_ cluster: GoogleClusterEvidence) {
        // Whatever Google would say, these tables have no row about a cluster that cannot be one of GKE's.
        if let platform = cluster.platform, platform != .gke, cluster.gke.value == nil {
            return add(Self.tables, cluster, .success([]))
        }
        if let reason = google.access.notAsked {
            for table in Self.tables { batch.add(fact: table, cluster: cluster.cluster, .notExamined, reason: reason) }
            return
        }
        switch cluster.gke.found {
        case .failure(let reason): add(Self.tables, cluster, .failure(reason))
        case .success(nil): add(Self.tables, cluster, .success([]))
        case .success(let gke?):
            policy(cluster)
            let others = clusters.filter { $0.cluster != cluster.cluster }
            let callers = callers.filter { $0.cluster != cluster.cluster }
            add(["google_authorized_path"], cluster, .success(Rows.authorizedPaths(to: cluster, gke, from: callers)))
            guard let network = gke.vpc.flatMap({ google.networks[$0] }) else {
                let reason = gke.vpc.map { "the network \($0) was not asked about" }
                return add(
                    Self.networkTables, cluster,
                    .failure(NoAnswer(reason ?? "Google does not say which VPC network the cluster is on")))
            }
            firewall(cluster, gke, network)
            routes(cluster, gke, network, to: others.filter(\.isOnPremises))
        }
    }

    private mutating func add(_ tables: [String], _ cluster: GoogleClusterEvidence, _ rows: Answer<[FactRow]>) {
        switch rows {
        case .success(let rows):
            batch.rows += rows
            for table in tables { batch.add(fact: table, cluster: cluster.cluster, .collected) }
        case .failure(let reason):
            for table in tables { batch.add(fact: table, cluster: cluster.cluster, .failed, reason: reason.reason) }
        }
    }

    private mutating func policy(_ cluster: GoogleClusterEvidence) {
        let project = google.projects[names.id(of: cluster.project)] ?? google.projects[cluster.project]
        let policy = project?.loadBalancerPolicy ?? .failure(NoAnswer("the project \(cluster.project) was not asked"))
        add(
            ["google_load_balancer_policy"], cluster,
            both(cluster.gateway, policy).map { [Rows.loadBalancerPolicy(cluster, $0, $1)] })
    }

    // MARK: The network

    private mutating func firewall(_ cluster: GoogleClusterEvidence, _ gke: GKECluster, _ network: GoogleNetworkEvidence) {
        let place = Place(network: network.name, region: gke.region)
        let firewall = firewalls[place] ?? network.firewall(region: gke.region)
        firewalls[place] = firewall
        switch both(firewall, cluster.gateway) {
        case .failure(let reason): add(Self.firewallTables, cluster, .failure(reason))
        case .success(let (firewall, plan)):
            let gateway = GatewayFirewall(
                cluster, gke, firewall, plan, projectNumber: names.number(of: cluster.project))
            let senders = self.senders[plan.type] ?? clusters.map { PathSenders.of($0, to: plan) }
            self.senders[plan.type] = senders
            let others = zip(clusters, senders).lazy.map { ($0.cluster, $1) }.filter { $0.0 != cluster.cluster }
            add(Self.firewallTables, cluster, .success(Rows.firewall(gateway, from: Array(others))))
        }
    }

    private mutating func routes(
        _ cluster: GoogleClusterEvidence, _ gke: GKECluster, _ network: GoogleNetworkEvidence,
        to targets: [GoogleClusterEvidence]
    ) {
        guard !targets.isEmpty else { return add(["google_route"], cluster, .success([])) }
        let place = Place(network: network.name, region: gke.region)
        let routes = routes[place] ?? NetworkRoutes(network, region: gke.region)
        self.routes[place] = routes
        add(["google_route"], cluster, .success(Rows.routes(from: cluster, gke, network, routes, to: targets)))
    }

    // MARK: Ranges

    private mutating func ranges() {
        let ranges = clusters.map(ClusterRanges.init)
        for (cluster, own) in zip(clusters, ranges) {
            let tables = ["range_known", "range_overlap"]
            // Only Google tells the ranges of a GKE cluster.
            if let reason = google.access.notAsked, cluster.platform == nil || cluster.platform == .gke {
                for table in tables { batch.add(fact: table, cluster: cluster.cluster, .notExamined, reason: reason) }
                continue
            }
            let overlaps = ranges.lazy.filter { $0.cluster != own.cluster }.flatMap { own.overlaps(with: $0) }
            add(tables, cluster, .success([own.row] + overlaps))
        }
    }
}
