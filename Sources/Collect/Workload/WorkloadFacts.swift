internal import Facts
internal import Mesh

/// Tables `workload_run`, `workload_request` and `workload_failover`, of all clusters.
struct WorkloadFacts {
    private(set) var batch = FactBatch()

    static let tables = ["workload_run", "workload_request", "workload_failover", "sidecar_endpoint", "sidecar_certificate"]

    init(_ clusters: [ClusterResult]) {
        for cluster in clusters {
            let name = cluster.declaration.name
            guard let proof = cluster.workload else {
                for fact in Self.tables {
                    batch.add(fact: fact, cluster: name, .notExamined, reason: "needs isthmus verify --level mutate")
                }
                continue
            }
            batch.rows.append(Self.run(name, proof))
            batch.rows += proof.result.permissions.map { $0.row(name, level: "mutate") }
            batch.add(fact: "workload_run", cluster: name, .collected)
            requests(name, proof, clusters)
            sidecar(name, proof, clusters)
            failover(name, proof, clusters)
        }
    }

    private static func run(_ cluster: String, _ proof: WorkloadProofResult) -> FactRow {
        let result = proof.result
        let plain = result.plain.map { answer in
            // What it is called by does not matter: whoever answered, answered in plain text.
            let (outcome, words) = answer.outcome(from: -1, of: proof.run)
            return (outcome == .otherServer ? WorkloadAnswer.Outcome.answered : outcome, words)
        }
        return FactRow(
            "workload_run",
            [
                "cluster": .text(cluster), "outcome": .text(result.outcome.rawValue), "part": .text(result.part),
                "detail": .text(result.detail.capped), "image": .text(proof.image), "sidecar": FactValue(result.sidecar),
                "plain_outcome": FactValue(plain?.0.rawValue),
                "plain_connected": FactValue(result.plain.map(\.attempt.isConnected)),
                "plain_detail": .text(plain.map { $0.0 == .answered ? "" : $0.1 }?.capped ?? ""),
            ])
    }

    private mutating func requests(_ source: String, _ proof: WorkloadProofResult, _ clusters: [ClusterResult]) {
        let result = proof.result
        guard !result.answers.isEmpty else {
            let why = "no client asked from \(source): \(result.outcome.rawValue): \(result.detail)"
            batch.add(fact: "workload_request", cluster: source, .failed, reason: why.capped)
            return
        }
        batch.add(fact: "workload_request", cluster: source, .collected)
        for (place, answer) in result.answers.sorted(by: { $0.key < $1.key }) {
            let (outcome, words) = answer.outcome(from: place, of: proof.run)
            let ends = outcome == .answered ? answer.identities(of: proof.run) : nil
            batch.rows.append(
                FactRow(
                    "workload_request",
                    [
                        "source": .text(source), "target": .text(clusters[place].declaration.name),
                        "outcome": .text(outcome.rawValue), "tries": .integer(answer.tries),
                        "client_identity": FactValue(ends?.client), "server_identity": FactValue(ends?.server),
                        "account": .text(WorkloadObjects.account), "http_status": .integer(answer.attempt.status),
                        "milliseconds": FactValue(outcome == .answered ? answer.attempt.total * 1000 : nil),
                        "detail": .text(words.capped),
                        "sidecar_knows": FactValue(result.sidecarEvidence.flatMap { $0.knows(place) }),
                        "shared_requests": FactValue(result.shared?.requests), "shared_failed": FactValue(result.shared?.failed),
                        "shared_answers": FactValue(result.shared.map { $0.heard[place] ?? 0 }),
                    ]))
        }
    }

    private mutating func sidecar(_ source: String, _ proof: WorkloadProofResult, _ clusters: [ClusterResult]) {
        let evidence = proof.result.sidecarEvidence
        let problem = evidence.map(\.problem) ?? "no client asked from \(source)"
        guard let evidence, problem.isEmpty else {
            for fact in ["sidecar_endpoint", "sidecar_certificate"] {
                batch.add(fact: fact, cluster: source, .failed, reason: problem.capped)
            }
            return
        }
        for fact in ["sidecar_endpoint", "sidecar_certificate"] { batch.add(fact: fact, cluster: source, .collected) }
        for (place, endpoints) in evidence.endpoints.sorted(by: { $0.key < $1.key }) where clusters.indices.contains(place) {
            let gateways = clusters[place].evidence.gatewayServices.value.map { Set($0.flatMap(\.addresses)) }
            batch.rows += endpoints.map { endpoint in
                FactRow(
                    "sidecar_endpoint",
                    [
                        "source": .text(source), "target": .text(clusters[place].declaration.name),
                        "address": .text(endpoint.address), "port": .integer(endpoint.port), "health": .text(endpoint.health),
                        "connections": .integer(endpoint.connections), "failed_connections": .integer(endpoint.failedConnections),
                        "is_gateway": FactValue(gateways.flatMap { Self.isGateway(endpoint.address, $0) }),
                    ])
            }
        }
        if let certificates = evidence.certificates {
            batch.rows.append(
                FactRow(
                    "sidecar_certificate",
                    [
                        "cluster": .text(source), "identity": .text(certificates.identity),
                        "expires_at": FactValue(certificates.expires), "root_serials": jsonText(certificates.rootSerials),
                    ]))
        }
    }

    /// `nil` where a gateway has a name in the place of an address: the sidecar knows it by what it resolved that to.
    private static func isGateway(_ address: String, _ gateways: Set<String>) -> Bool? {
        if gateways.contains(address) { return true }
        return gateways.contains { $0.contains { $0.isLetter } && !$0.contains(":") } ? nil : false
    }

    private mutating func failover(_ source: String, _ proof: WorkloadProofResult, _ clusters: [ClusterResult]) {
        guard clusters.contains(where: { $0.workload?.result.without.isEmpty == false }) else {
            batch.add(
                fact: "workload_failover", cluster: source, .notExamined,
                reason: "needs isthmus verify --level mutate --failover")
            return
        }
        batch.add(fact: "workload_failover", cluster: source, .collected)
        let standing = clusters.count { $0.workload?.hasServer == true }
        for (absent, answer) in proof.result.without.sorted(by: { $0.key < $1.key }) {
            let words = answer.failed > 0 ? answer.outcome(from: -1, of: proof.run).1 : ""
            batch.rows.append(
                FactRow(
                    "workload_failover",
                    [
                        "source": .text(source), "target": .text(clusters[absent].declaration.name),
                        "requests": .integer(answer.requests), "failed": .integer(answer.failed),
                        "expected": .integer(standing - 1), "heard": .integer(answer.heard.count),
                        "restored": FactValue(clusters[absent].workload?.result.isRestored), "detail": .text(words.capped),
                    ]))
        }
    }
}
