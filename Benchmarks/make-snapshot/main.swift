// Benchmark tool: `make-snapshot CLUSTERS FILE [probe]` writes the snapshot of a sound mesh of that many clusters, with all pairs; at level
// probe with what pods see of each other, where a firewall before the last cluster's gateway drops what all the others send.
// The same number gives the same file, byte for byte. Nothing here is observed: it is for measuring the judge only.
import Facts
import Foundation

/// A sound mesh: every row is its table's example, told apart by its cluster.
struct SoundMesh {
    let schema: FactSchema
    let clusters: [Int]
    let isProbed: Bool

    static func name(_ cluster: Int) -> String { "cluster-\(cluster)" }
    static func id(_ cluster: Int) -> String { "cn-my-fleet-global-cluster-\(cluster)" }
    static func gateway(_ cluster: Int) -> String { "203.\(cluster / 65536).\(cluster / 256 % 256).\(cluster % 256)" }
    static func server(_ cluster: Int) -> String { "198.\(cluster / 65536).\(cluster / 256 % 256).\(cluster % 256)" }
    static func uid(_ cluster: Int) -> String {
        let digits = String(cluster)
        return "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Whether a run at this level asks for a fact.
    func isExamined(_ table: FactTable) -> Bool {
        !["google", "pod"].contains(table.collector) && (isProbed || table.collector != "probe")
            && !["ca_key_use", "identity_proof"].contains(table.name)
    }

    /// The table's example, with what belongs to one cluster replaced.
    func row(_ table: FactTable, _ cluster: Int, _ changes: [String: FactValue] = [:]) -> FactRow {
        var values = Dictionary(table.columns.map { ($0.name, $0.example) }, uniquingKeysWith: { first, _ in first })
        let own: [String: FactValue] = [
            "cluster": .text(Self.name(cluster)), "cluster_id": .text(Self.id(cluster)), "cluster_name": .text(Self.id(cluster)),
            "network": .text("net-\(cluster)"),
            "kube_system_uid": .text(Self.uid(cluster)), "address": .text(Self.gateway(cluster)),
            "addresses": .text("[\"\(Self.gateway(cluster))\"]"), "server": .text("https://\(Self.server(cluster)):6443"),
            "server_host": .text(Self.server(cluster)), "membership": .text(Self.name(cluster)),
            "owner_id": .text("//gkehub.googleapis.com/projects/my-fleet/locations/global/memberships/\(Self.name(cluster))"),
            "kubeconfig": .text("\(Self.name(cluster)).kubeconfig"), "context": .text(Self.name(cluster)),
        ]
        for (column, value) in own where table.column(column)?.type == .text { values[column] = value }
        values.merge(changes.filter { table.column($0.key) != nil }, uniquingKeysWith: { $1 })
        return FactRow(table.name, values)
    }

    /// The rows of a table of one cluster.
    func rows(_ table: FactTable, of cluster: Int) -> [FactRow] {
        switch table.name {
        case "remote_secret", "remote_secret_probe":
            clusters.filter { $0 != cluster }.map { target in
                row(
                    table, cluster,
                    [
                        "secret": .text("istio-remote-secret-\(Self.id(target))"), "key": .text(Self.id(target)),
                        "annotation": .text(Self.id(target)), "server": .text("https://\(Self.server(target)):6443"),
                        "server_host": .text(Self.server(target)), "target": .text(Self.name(target)),
                        "kube_system_uid": .text(Self.uid(target)),
                    ])
            }
        case "network_statement":
            (table.column("kind")?.values ?? []).map { kind in
                row(table, cluster, ["kind": .text(kind), "place": .text("place \(kind)")])
            }
        case "node": (1...3).map { row(table, cluster, ["node": .text("node-\($0)")]) }
        case "root_bundle":
            (1...10).map { row(table, cluster, ["namespace": .text($0 == 1 ? "istio-system" : "namespace-\($0)")]) }
        case "permission":
            ["pods", "services", "deployments", "configmaps", "secrets", "nodes", "namespaces", "endpointslices"].map {
                row(table, cluster, ["resource": .text($0)])
            }
        case "served_certificate":
            (0...2).map { position in
                let isCA = FactValue(position > 0)
                let identity = position > 0 ? "" : "spiffe://my-fleet.svc.id.goog/ns/sample/sa/helloworld"
                return row(
                    table, cluster,
                    [
                        "position": .integer(position), "is_ca": isCA, "signs_certificates": isCA, "spiffe_id": .text(identity),
                    ])
            }
        // What a sound cluster has none of.
        case "managed_control_plane", "mesh_network": []
        default: [row(table, cluster)]
        }
    }

    /// The rows of a table of one pair.
    func rows(_ table: FactTable, from source: Int, to target: Int) -> [FactRow] {
        if table.name == "pod_reachability" { return ways(table, from: source, to: target) }
        return [row(table, target, ["source": .text(Self.name(source)), "target": .text(Self.name(target))])]
    }

    /// What a pod of source sees of target.
    func ways(_ table: FactTable, from source: Int, to target: Int) -> [FactRow] {
        let ends = [
            ("control-plane", Self.server(target) + ":6443"), ("gateway", Self.gateway(target) + ":15443"),
            ("gateway-status", Self.gateway(target) + ":15021"),
        ]
        return ends.map { kind, address in
            var changes: [String: FactValue] = [
                "source": .text(Self.name(source)), "target": .text(Self.name(target)), "kind": .text(kind),
                "address": .text(address), "remote_address": .text(String(address.prefix { $0 != ":" })), "dns_ms": .null,
            ]
            if kind == "gateway", target == clusters.last {
                changes["rung"] = "tcp"
                changes["outcome"] = "timed-out"
                for time in ["tcp_ms", "tls_ms", "total_ms"] { changes[time] = .null }
            }
            return row(table, target, changes)
        }
    }

    /// Everything, one batch per table.
    func write(into snapshot: Snapshot) throws {
        for table in schema.tables where table.name != FactSchema.ledger {
            var batch = FactBatch()
            let status: CollectionStatus = isExamined(table) ? .collected : .notExamined
            let reason = status == .collected ? "" : "needs a higher level or credentials"
            for name in table.scope == .mesh ? [""] : clusters.map(Self.name) {
                batch.add(fact: table.name, cluster: name, status, reason: reason)
            }
            if status == .collected {
                switch table.scope {
                case .mesh: batch.rows = [row(table, 0, isProbed ? ["level": "probe"] : [:])]
                case .cluster: batch.rows = clusters.flatMap { rows(table, of: $0) }
                case .pair:
                    // Trust is verified in a cluster itself too.
                    let isReflexive = table.name == "chain_trust"
                    batch.rows = clusters.flatMap { source in
                        clusters.filter { isReflexive || $0 != source }.flatMap { rows(table, from: source, to: $0) }
                    }
                }
            }
            try snapshot.insert(batch)
        }
    }
}

let arguments = CommandLine.arguments
let isProbed = arguments.count == 4 && arguments[3] == "probe"
guard arguments.count == 3 || isProbed, let count = Int(arguments[1]), (1...10_000).contains(count) else {
    FileHandle.standardError.write(Data("usage: make-snapshot CLUSTERS FILE [probe]\n".utf8))
    exit(64)
}
do {
    let schema = try FactSchema.embedded()
    let snapshot = try Snapshot.inMemory(schema: schema)
    try SoundMesh(schema: schema, clusters: Array(1...count), isProbed: isProbed).write(into: snapshot)
    try snapshot.save(to: URL(filePath: arguments[2]))
} catch {
    FileHandle.standardError.write(Data("make-snapshot: \(error)\n".utf8))
    exit(1)
}
