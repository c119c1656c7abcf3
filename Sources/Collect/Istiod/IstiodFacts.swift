internal import Facts
internal import Mesh

/// Tables `istiod_peer`, `istiod_gateway` and `proxy_sync`, of all clusters.
struct IstiodFacts {
    private(set) var batch = FactBatch()
    private let clusters: [ClusterResult]
    /// By source and target, the ids under which istiod of the one is to know the other.
    private let ids: [[String]: Set<String>]

    private static let tables = ["istiod_peer", "istiod_gateway", "proxy_sync"]

    /// - Parameter remoteSecrets: rows of that table. Where a labelled Secret leads, there its key is the id; else the cluster's own is.
    init(_ clusters: [ClusterResult], marks: [ClusterMark], remoteSecrets: [FactRow]) {
        self.clusters = clusters
        let keys = remoteSecrets.filter { $0.values["labelled"] == .integer(1) }
            .map { row in ["cluster", "target", "key"].map { row.values[$0]?.text ?? "" } }
        var ids = Dictionary(grouping: keys) { [$0[0], $0[1]] }.mapValues { Set($0.map { $0[2] }) }
        for source in marks {
            for target in marks where ids[[source.cluster, target.cluster]] == nil {
                ids[[source.cluster, target.cluster]] = target.clusterIDs
            }
        }
        self.ids = ids
        for cluster in clusters { add(cluster) }
    }

    private mutating func add(_ cluster: ClusterResult) {
        let name = cluster.declaration.name
        guard let istiods = cluster.istiods else {
            for fact in Self.tables {
                batch.add(fact: fact, cluster: name, .notExamined, reason: "istiod itself is asked only at --level probe")
            }
            return
        }
        batch.rows += istiods.permissions.map { $0.row(name, level: "probe") }
        let others = clusters.filter { $0.declaration.name != name }
        add("istiod_peer", name, istiods.pods.flatMap { $0.rows(\.clusters) { peers($0, $1, of: name, to: others) } })
        add("istiod_gateway", name, istiods.pods.flatMap { $0.rows(\.gateways) { gateways($0, $1, of: name, to: others) } })
        let proxies = istiods.pods.flatMap { $0.rows(\.proxies) { pod, all in all.map { (pod.name, $0) } } }
        add("proxy_sync", name, both(proxies, cluster.evidence.gatewayPods).map { Self.proxies(name, $0, gateway: $1) })
    }

    private typealias Cells = [String: FactValue]

    private mutating func add(_ fact: String, _ cluster: String, _ rows: Answer<[Cells]>) {
        switch rows {
        case .success(let rows):
            // What is said twice is one fact.
            var seen: Set<Cells> = []
            batch.rows += rows.filter { seen.insert($0).inserted }.map { FactRow(fact, $0) }
            batch.add(fact: fact, cluster: cluster, .collected)
        case .failure(let reason): batch.add(fact: fact, cluster: cluster, .failed, reason: reason.reason)
        }
    }

    /// What a pod says of every other cluster, also that it says nothing.
    private func peers(_ pod: IstiodPod, _ known: [IstiodCluster], of source: String, to others: [ClusterResult]) -> [Cells] {
        others.flatMap { other -> [Cells] in
            let target = other.declaration.name, wanted = ids[[source, target]] ?? []
            return (wanted.isEmpty ? [""] : wanted.sorted()).map { id -> Cells in
                let entry = known.first { !id.isEmpty && $0.id == id && !$0.secret.isEmpty }
                return [
                    "source": .text(source), "target": .text(target), "pod": .text(pod.name),
                    "revision": .text(pod.revision.capped), "peer_id": .text(id.capped),
                    "secret": .text((entry?.secret ?? "").capped),
                    "status": .text(entry.map { $0.status.capped } ?? "absent"),
                ]
            }
        }
    }

    /// The gateways of every other cluster, as a pod knows them. Those of the mesh configuration name a network and no cluster.
    private func gateways(_ pod: IstiodPod, _ known: [IstiodGateway], of source: String, to others: [ClusterResult]) -> [Cells] {
        others.flatMap { other -> [Cells] in
            let target = other.declaration.name, wanted = ids[[source, target]] ?? []
            let networks = Set((other.evidence.networkServices.value ?? []).map { $0.metadata.label(MeshConstants.networkLabel) })
            return known.filter { wanted.contains($0.cluster) || $0.cluster.isEmpty && networks.contains($0.network) }.map {
                [
                    "source": .text(source), "target": .text(target), "pod": .text(pod.name), "network": .text($0.network.capped),
                    "address": .text($0.address.capped), "port": .integer($0.port),
                ]
            }
        }
    }

    /// Every proxy that an istiod speaks of, and every ready proxy of the gateway that none of them speaks of.
    private static func proxies(_ cluster: String, _ told: [(istiod: String, proxy: IstiodProxy)], gateway: [Pod]) -> [Cells] {
        let gatewayPods = gateway.filter { $0.isReady && $0.spec.container("istio-proxy")?.image != "auto" }
        let ids = Dictionary(
            gatewayPods.map { ("\($0.metadata.name).\($0.metadata.namespace ?? "")", $0.metadata.path) },
            uniquingKeysWith: { a, _ in a })
        let heard = Set(told.map(\.proxy.proxy))
        let each = Dictionary(grouping: told) { [$0.istiod, $0.proxy.proxy] }
        var rows = each.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, entries in
            cells(cluster, entries.map(\.proxy), istiod: key[0], gatewayPod: ids[key[1]])
        }
        rows += ids.filter { !heard.contains($0.key) }.values.sorted().map { cells(cluster, [], istiod: "", gatewayPod: $0) }
        return rows
    }

    /// One proxy. It has several entries while istiod has not noticed that an old connection of it is gone: then the worst counts.
    private static func cells(_ cluster: String, _ entries: [IstiodProxy], istiod: String, gatewayPod: String?) -> Cells {
        let unacknowledged = Set(entries.flatMap(\.unacknowledged))
        let acknowledged = Set(entries.flatMap(\.acknowledged)).subtracting(unacknowledged)
        return [
            "cluster": .text(cluster), "pod": .text(istiod), "proxy": .text((gatewayPod ?? entries.first?.proxy ?? "").capped),
            "type": .text((entries.first?.type ?? "").capped), "version": .text((entries.first?.version ?? "").capped),
            "of_gateway": FactValue(gatewayPod != nil), "acknowledged": jsonText(acknowledged.sorted()),
            "unacknowledged": jsonText(unacknowledged.sorted()),
        ]
    }
}

extension [IstiodPod] {
    /// What all of them say of one thing. Where one says nothing, that is the answer: it may be the one that knows less than the others.
    fileprivate func rows<Value, Row>(
        _ part: KeyPath<IstiodPod, Answer<Value>>, _ rows: (IstiodPod, Value) -> [Row]
    ) -> Answer<[Row]> {
        reduce(.success([])) { all, pod in both(all, pod[keyPath: part]).map { $0 + rows(pod, $1) } }
    }
}
