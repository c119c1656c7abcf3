import Judge

/// One of the three proofs of `isthmus verify`, and the checks that give it.
struct Proof {
    let name: String
    /// The checks of ordered pairs; their worst verdict is the proof's.
    let checks: [String]
    /// What a pass leaves open.
    let leavesOpen: String
    /// What it takes, where it was not tried.
    let takes: String

    static let all = [
        Proof(
            name: "gateway handshake", checks: ["remote-workloads-trusted"],
            leavesOpen:
                "whether the target accepts the source's own certificates, and whether the source's pods get there: seen from this machine",
            takes: "what level read sees"
        ),
        Proof(
            name: "identity", checks: ["identity-accepted", "impostors-refused"],
            leavesOpen:
                "whether the source's pods get there and its proxies know where to: seen from this machine, at one service",
            takes: "--with-ca-key"),
        Proof(
            name: "workloads", checks: ["requests-cross"],
            leavesOpen: "what policies and services other than the test's do",
            takes: "--level mutate: test workloads in the clusters"),
    ]
}

/// Pairs that are named one by one at most.
private let pairLimit = 24

extension HumanReport {
    /// What was proved for each ordered pair of clusters, strongest last, and what each proof leaves open; only of `isthmus verify`.
    func proofs(on page: inout Page) {
        guard reading.judgement.run.command == "verify" else { return }
        let pairs = provenPairs
        guard !pairs.isEmpty else { return }
        page.gap()
        page.line([page.span("Proofs", .strong)])
        for (index, proof) in Proof.all.enumerated() {
            let statuses = pairs.map { $0.statuses[index] }
            let proven = statuses.count { $0 == .pass }
            let worst = Status.worstFirst.first { statuses.contains($0) } ?? .notExamined
            let words =
                statuses.allSatisfy { $0 == .notExamined }
                ? "not examined: it takes \(proof.takes)"
                : "\(proven) of \(counted(pairs.count, "pair")); leaves open \(proof.leavesOpen)"
            page.prose(
                lead: [page.span("  \(index + 1) "), page.span(worst.sign(medium) + " ", worst.style)],
                "\(proof.name): \(words)", proven == pairs.count ? .plain : .faint)
        }
        // Those that are not proven come first; where all are alike there is nothing to tell them apart by.
        guard Set(pairs.map(\.statuses)).count > 1 else { return }
        let shown = pairs.sorted { $0.rank < $1.rank }.prefix(pairLimit)
        var table = Table([Table.Column(least: 8)] + Proof.all.map { _ in Table.Column(right: true, gap: 3) })
        table.add([page.span("")] + Proof.all.indices.map { page.span("\($0 + 1)", .strong) })
        for pair in shown { table.add([page.span(pair.name)] + pair.statuses.map { page.span($0.sign(medium), $0.style) }) }
        if let widths = table.widths(in: page.medium.width - 4) { table.write(to: &page, indent: 4, widths: widths) }
        if pairs.count > shown.count { page.line([page.span("    and \(pairs.count - shown.count) more pairs", .faint)]) }
    }

    private struct ProvenPair {
        var name: String
        var statuses: [Status]

        /// Lower the worse it is.
        var rank: Int { statuses.map { Status.worstFirst.firstIndex(of: $0) ?? .max }.min() ?? .max }
    }

    /// Every ordered pair with the status of each proof.
    private var provenPairs: [ProvenPair] {
        var order: [String] = []
        var statuses: [String: [Status?]] = [:]
        for (index, proof) in Proof.all.enumerated() {
            for verdict in proof.checks.flatMap({ reading.verdicts(of: $0) }) where verdict.clusters.count == 2 {
                if statuses[verdict.subject] == nil {
                    order.append(verdict.subject)
                    statuses[verdict.subject] = Proof.all.map { _ in nil }
                }
                let known = statuses[verdict.subject]?[index]
                statuses[verdict.subject]?[index] = Status.worstFirst.first { $0 == verdict.status || $0 == known }
            }
        }
        return order.map { ProvenPair(name: $0, statuses: (statuses[$0] ?? []).map { $0 ?? .notExamined }) }
    }
}
