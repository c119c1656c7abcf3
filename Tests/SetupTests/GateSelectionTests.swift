import Facts
import Judge
import Testing

@testable import Setup

/// Setup has only those checks judged that its gates need, and gets the same gates.
@Suite struct GateSelectionTests {
    @Test func whatIsNoGateIsNotJudged() throws {
        let catalogue = try CheckCatalogue.embedded()
        let judged = try Gates.selection(catalogue).apply(catalogue.checks).judged
        let ids = Set(judged.map(\.id))
        #expect(ids.isSuperset(of: catalogue.checks.filter { Gates.step(of: $0) != nil }.map(\.id)))
        #expect(ids.isSuperset(of: judged.flatMap(\.requires).map(\.check)))
        // The planner reads its verdicts, too.
        #expect(ids.contains("server-address-usable"))
        #expect(ids.isDisjoint(with: ["requests-cross", "remote-secret-present", "impostors-refused"]), "\(ids)")
    }

    /// What is wrong with `b`, and so blocks.
    enum Trouble: CaseIterable { case nothing, silent, withoutIstiod, unseen }

    @Test(arguments: Trouble.allCases)
    func theGatesAreThoseOfAllChecks(trouble: Trouble) throws {
        var seen = try SeenBuilder(platform: "gke")
        let outcome = trouble == .silent ? "refused" : "answered"
        for cluster in ["a", "b"] {
            seen.add("api_server", ["cluster": .text(cluster), "outcome": .text(cluster == "b" ? outcome : "answered")])
        }
        for (source, target) in [("a", "b"), ("b", "a")] {
            seen.add("cluster_pair", ["source": .text(source), "target": .text(target)])
        }
        if trouble == .withoutIstiod {
            seen.batch.rows.removeAll { $0.table == "istiod" && $0.values["cluster"] == "b" }
        }
        if trouble == .unseen {
            for index in seen.batch.ledger.indices where seen.batch.ledger[index].cluster == "b" {
                let entry = seen.batch.ledger[index]
                seen.batch.ledger[index] = LedgerEntry(fact: entry.fact, cluster: "b", status: .failed, reason: "403")
            }
        }
        let snapshot = try seen.snapshot()
        let judge = Judge(try .embedded())
        let all = Gates.of(["a", "b"], try judge.judge(snapshot))
        let some = Gates.of(["a", "b"], try judge.judge(snapshot, selection: Gates.selection(judge.catalogue)))
        #expect(some == all)
        let statuses = Set(all.values.joined().map(\.status))
        #expect(statuses.isSuperset(of: [.fail, .blocked]), "\(statuses)")
    }
}
