internal import Facts
internal import Mesh

/// What the snapshot tells of one cluster, as far as a plan is made of it.
struct SeenCluster: Sendable {
    let declaration: ClusterDeclaration
    var name: String { declaration.name }
    /// Of the namespace kube-system; `""` where it was not seen.
    var uid = ""
    var server = ""
    /// The API's address as the remote secrets for this cluster are to have it: declared, or else the kubeconfig's.
    var remoteServer: String { declaration.remoteServer ?? server }
    var platform: Platform?
    var onPremises: GatewayServiceWish.OnPremises?
    /// Whether the cluster itself says that it is in a fleet; `nil` where that was not seen.
    var isRegistered: Bool?
    /// Its membership, by the cluster's own word or Google's; `""` where neither has one.
    var membership = ""
    /// `selfLink` of a GKE cluster; `""` where Google was not asked, or knows none.
    var link = ""
    /// The label of istio-system; `nil` where it was not seen, `""` where there is none.
    var label: String?
    /// The network that everything of the cluster is to state; `""` where nobody says.
    var network = ""
    /// The wanted revision as a label; `nil` where it does not exist here.
    var revision: String?
    /// By which its own istiod calls it; `""` where it was not seen.
    var clusterID = ""
    /// What its mesh configuration says of trust domains; `nil` where it was not seen, or cannot be read.
    var trust: (domain: String, aliases: [String])?
    /// Name of istiod's Deployment.
    var istiod = ""
    /// Clusters of which a pod was seen to reach this one's API server at `remoteServer`.
    var provedFrom: [String] = []
    /// Clusters of which a pod tried that address, and did not get there.
    var unreachableFrom: [String] = []
    /// Remote secrets that open a cluster, by what was seen through them, and at which address.
    var working: [WorkingSecret] = []

    struct WorkingSecret: Sendable {
        /// The cluster's id, as the data key has it.
        var key: String
        var secret: String
        var server: String
    }
}

/// The mesh as the snapshot shows it, and what is wrong with it before any server is asked.
struct SeenMesh: Sendable {
    var identity: MeshIdentity
    var clusters: [SeenCluster]
    var findings: [Finding] = []

    /// - Throws: `FactFault` where the snapshot has not the tables of this isthmus.
    init(_ mesh: MeshDeclaration, _ snapshot: Snapshot, _ options: SetupOptions) throws {
        let facts = SeenFacts(snapshot)
        identity = try MeshIdentity(mesh, facts)
        clusters = []
        for declaration in mesh.clusters {
            clusters.append(try SeenCluster(declaration, facts, &findings, wanted: mesh.revision))
        }
        sayTwins()
        for cluster in clusters {
            try saySecondGateways(cluster, facts)
            try sayStaleSecrets(cluster, facts)
        }
    }

    private mutating func sayTwins() {
        for (_, twins) in Dictionary(grouping: clusters.filter { !$0.uid.isEmpty }, by: \.uid).sorted(by: { $0.key < $1.key })
        where twins.count > 1 {
            let names = twins.map(\.name).joined(separator: " and ")
            findings.append(
                Finding(
                    .error, cluster: twins[0].name,
                    "\(names) are one and the same cluster: their namespace kube-system has one uid",
                    remedy: "give each cluster its own kubeconfig and context in mesh.yaml"))
        }
    }

    private mutating func saySecondGateways(_ cluster: SeenCluster, _ facts: SeenFacts) throws {
        for row in try facts.rows("gateway_resource", of: cluster.name) {
            let (namespace, name) = (row["namespace"]?.text ?? "", row["name"]?.text ?? "")
            guard (namespace, name) != (MeshConstants.systemNamespace, MeshConstants.crossNetworkGateway),
                row["port"]?.integer == MeshConstants.gatewayPort, row["selects_gateway"]?.integer != 0
            else { continue }
            findings.append(
                Finding(
                    .error, cluster: cluster.name,
                    "Gateway \(namespace)/\(name) opens port \(MeshConstants.gatewayPort) on the east-west gateway, too: with two of "
                        + "them Envoy refuses its listener, and neither works",
                    remedy: "kubectl -n \(namespace) delete gateways.networking.istio.io \(name)    # or give it another selector"
                ))
        }
    }

    private mutating func sayStaleSecrets(_ cluster: SeenCluster, _ facts: SeenFacts) throws {
        let rows = try facts.rows("remote_secret", of: cluster.name)
        for target in clusters where target.name != cluster.name && !target.clusterID.isEmpty {
            let keys = rows.filter { $0["target"]?.text == target.name || $0["key"]?.text == target.clusterID }
            let good = keys.filter { $0["key"]?.text == target.clusterID }.compactMap { $0["secret"]?.text }
            if good.count > 1 {
                findings.append(
                    Finding(
                        .warning, cluster: cluster.name,
                        "\(good.count) Secrets hold a kubeconfig for \(target.clusterID) (\(target.name)): istiod takes one and "
                            + "ignores the others",
                        remedy: "kubectl -n istio-system delete secret \(good.sorted().dropFirst().joined(separator: " "))"))
            }
            for stale in keys where stale["key"]?.text != target.clusterID {
                let (secret, key) = (stale["secret"]?.text ?? "", stale["key"]?.text ?? "")
                findings.append(
                    Finding(
                        .warning, cluster: cluster.name,
                        "Secret \(secret) opens \(target.name) under the name \(key), but its istiod calls itself "
                            + "\(target.clusterID): with the right one beside it every endpoint counts twice",
                        remedy: "kubectl -n istio-system delete secret \(secret)    # once the new one is synced"))
            }
        }
    }
}

extension MeshIdentity {
    /// As it is declared, or else as the snapshot shows it.
    init(_ mesh: MeshDeclaration, _ facts: SeenFacts) throws {
        let declared = try mesh.meshID ?? facts.rows("mesh").first?["mesh_id"]?.text
        let configured = try facts.rows("mesh_config").compactMap { $0["mesh_id"]?.text }.first { !$0.isEmpty }
        let revisions = try facts.rows("wanted_revision").compactMap { $0["revision"]?.text }
        self.init(
            id: declared ?? configured ?? "", fleetProject: mesh.fleetProject,
            revision: mesh.revision.isEmpty ? (Set(revisions).count == 1 ? revisions[0] : "") : mesh.revision)
    }
}

/// Rows of a snapshot, and the ledger's word on what is not in them. Each table is read once.
final class SeenFacts {
    typealias Row = [String: FactValue]
    private let snapshot: Snapshot
    private var tables: [String: [Row]] = [:]
    private var grouped: [String: [String: [Row]]] = [:]
    private var gaps: [String: String]?

    init(_ snapshot: Snapshot) { self.snapshot = snapshot }

    func rows(_ table: String) throws -> [Row] {
        if let rows = tables[table] { return rows }
        let rows = try snapshot.rows(table).map(\.values)
        tables[table] = rows
        return rows
    }

    /// - Parameter column: names the cluster.
    func rows(_ table: String, of cluster: String, by column: String = "cluster") throws -> [Row] {
        if let groups = grouped[table] { return groups[cluster] ?? [] }
        let groups = Dictionary(grouping: try rows(table)) { $0[column]?.text ?? "" }
        grouped[table] = groups
        return groups[cluster] ?? []
    }

    /// Why a table was not collected from a cluster; `nil` where it was.
    func gap(_ table: String, of cluster: String) throws -> String? {
        if let gaps { return gaps["\(table)/\(cluster)"] }
        let missing = try snapshot.ledger().filter { $0.status != .collected }
        gaps = Dictionary(missing.map { ("\($0.fact)/\($0.cluster)", $0.reason) }, uniquingKeysWith: { a, _ in a })
        return gaps?["\(table)/\(cluster)"]
    }
}
