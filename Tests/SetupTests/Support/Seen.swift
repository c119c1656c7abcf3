import CheckFiles
import Facts
import Foundation
import Judge
import Kubernetes
import Mesh

@testable import Setup

/// A snapshot of the embedded schema: each row's columns that are not given have the example of the table's YAML.
struct SeenBuilder {
    var batch = FactBatch()
    let schema: FactSchema
    let clusters: [String]

    /// Clusters that are seen, with istiod of revision r, and nothing of a mesh between them.
    init(_ clusters: [String] = ["a", "b"], label: String = "", platform: String = "kubernetes") throws {
        schema = try .embedded()
        self.clusters = clusters
        for table in schema.tables where table.name != FactSchema.ledger {
            for cluster in table.scope == .mesh ? [""] : clusters { batch.add(fact: table.name, cluster: cluster, .collected) }
        }
        add("run", ["level": "probe", "format": .integer(FactSchema.format)])
        add("mesh", ["fleet_project": "fleet", "fleet_project_number": "1", "mesh_id": "proj-1", "revision": "r"])
        for cluster in clusters {
            let name = FactValue.text(cluster)
            add("cluster", ["cluster": name, "server": .text("https://\(cluster).test:6443")])
            add("cluster_identity", ["cluster": name, "kube_system_uid": .text("uid-\(cluster)"), "platform": .text(platform)])
            add("system_namespace", ["cluster": name, "present": 1, "network": .text(label)])
            add("wanted_revision", ["cluster": name, "revision": "r"])
            add(
                "istiod",
                [
                    "cluster": name, "namespace": "istio-system", "name": "istiod-r", "revision": "r", "bundled": 0,
                    "cluster_id": .text("cn-fleet-global-\(cluster)"),
                ])
        }
    }

    mutating func add(_ table: String, _ values: [String: FactValue]) {
        var all = values
        for column in schema.table(table)?.columns ?? [] where all[column.name] == nil { all[column.name] = column.example }
        batch.add(table, all)
    }

    func snapshot() throws -> Snapshot {
        let snapshot = try Snapshot.inMemory(schema: schema)
        try snapshot.insert(batch)
        return snapshot
    }

    static func mesh(_ clusters: [String] = ["a", "b"], revision: String = "r") -> MeshDeclaration {
        MeshDeclaration(
            fleetProject: "fleet", revision: revision,
            clusters: clusters.map { ClusterDeclaration(name: $0, kubeconfig: $0, network: "net-\($0)") })
    }

    /// What the embedded checks say of a snapshot.
    static func judged(_ snapshot: Snapshot) throws -> Judgement {
        try Judge(.embedded()).judge(snapshot, selection: .init(only: [], skip: []), accepted: [])
    }
}

extension Act {
    /// `create Service istio-system/x`.
    var line: String { "\(verb.rawValue) \(object.words)" }
}
