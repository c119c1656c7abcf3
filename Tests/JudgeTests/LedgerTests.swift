import Facts
import Judge
import Testing

/// What was not collected proves nothing, neither good nor bad; over which clusters that is asked is the check's span.
@Suite struct LedgerTests {
    static let byCluster = """
        SELECT c.cluster AS subject, CASE WHEN r.fingerprint = 'good' THEN 'pass' WHEN r.fingerprint = 'none' THEN 'not_applicable'
          WHEN r.fingerprint IS NULL THEN 'unknown' ELSE 'fail' END AS status
        FROM cluster c LEFT JOIN root r USING (cluster)
        """
    static let byPair = """
        SELECT p.subject AS subject, CASE WHEN count(r.fingerprint) = 2 THEN 'pass' ELSE 'fail' END AS status
        FROM cluster_pair p LEFT JOIN root r ON r.cluster IN (p.source, p.target) GROUP BY p.source, p.target
        """
    static let rows = [root("a", "good"), root("b", "bad"), root("c", "good")]

    private func judge(
        _ sql: String, subject: String = "cluster", span: String, _ rows: [FactRow] = rows, level: String = "read",
        collected: Bool = true, ledger: [LedgerEntry] = []
    ) throws -> Judgement {
        let catalogue = try catalogue(sql: sql, subject: subject, span: span)
        #expect(catalogue.faults == [])
        return try Judge(catalogue).judge(
            snapshot(clusters: ["a", "b", "c"], rows, level: level, collected: collected, ledger: ledger))
    }

    static let denied = LedgerEntry(fact: "root", cluster: "b", status: .failed, reason: "403 forbidden")
    static let notAsked = LedgerEntry(fact: "root", cluster: "b", status: .notExamined, reason: "needs --level probe")

    @Test func failedMakesItsOwnClusterUnknown() throws {
        let judgement = try judge(Self.byCluster, span: "cluster", ledger: [Self.denied])
        #expect(told(judgement) == ["a pass", "b unknown", "c pass"])
        #expect(judgement.verdicts[1].message == "root of b: 403 forbidden")
        #expect(judgement.verdicts[1].found == .fail)
        #expect(judgement.exitCode() == 4)
    }

    @Test func failedMakesEveryClusterUnknownForTheMesh() throws {
        let judgement = try judge(Self.byCluster, span: "mesh", ledger: [Self.denied])
        #expect(told(judgement) == ["a unknown", "b unknown", "c unknown"])
    }

    @Test func failedMakesBothDirectionsUnknownForPairs() throws {
        let judgement = try judge(Self.byPair, subject: "cluster_pair", span: "pair", ledger: [Self.denied])
        #expect(
            told(judgement) == ["a → b unknown", "a → c pass", "b → a unknown", "b → c unknown", "c → a pass", "c → b unknown"])
    }

    @Test func notAskedIsNotExamined() throws {
        let judgement = try judge(Self.byCluster, span: "cluster", ledger: [Self.notAsked])
        #expect(told(judgement) == ["a pass", "b not_examined", "c pass"])
        #expect(judgement.exitCode() == 4)
    }

    @Test func neverCollectedIsUnknown() throws {
        let judgement = try judge(Self.byCluster, span: "cluster", collected: false)
        #expect(told(judgement) == ["a unknown", "b unknown", "c unknown"])
        #expect(judgement.verdicts[0].message == "cluster of a was never collected")
    }

    @Test func meshFactsStandUnderNoCluster() throws {
        let sql = "SELECT cluster AS subject, CASE mesh_id WHEN 'proj-1' THEN 'pass' ELSE 'fail' END AS status FROM cluster, mesh"
        #expect(told(try judge(sql, span: "cluster")) == ["a pass", "b pass", "c pass"])
        let failed = LedgerEntry(fact: "mesh", cluster: "", status: .failed, reason: "no file")
        #expect(told(try judge(sql, span: "cluster", ledger: [failed])) == ["a unknown", "b unknown", "c unknown"])
    }

    @Test func notApplicableStays() throws {
        let judgement = try judge(Self.byCluster, span: "cluster", [root("b", "none")], ledger: [Self.notAsked])
        #expect(told(judgement) == ["a unknown", "b not_applicable", "c unknown"])
    }

    /// The query says what is missed, the ledger why.
    @Test func bothReasonsAreTold() throws {
        let judgement = try judge(Self.byCluster, span: "cluster", [root("a", "good")], ledger: [Self.denied])
        #expect(judgement.verdicts[1].message == "b is not known (root of b: 403 forbidden)")
        #expect(judgement.verdicts[2].message == "c is not known")
    }

    @Test func failureIsWorseThanNotAsked() throws {
        let other = LedgerEntry(fact: "cluster", cluster: "b", status: .failed, reason: "gone")
        let judgement = try judge(Self.byCluster, span: "cluster", ledger: [Self.notAsked, other])
        #expect(told(judgement) == ["a pass", "b unknown", "c pass"])
    }

    /// The same, whatever the order in which two collectors speak of one fact.
    @Test func worseEntryWins() throws {
        let good = LedgerEntry(fact: "root", cluster: "b", status: .collected)
        for ledger in [[Self.denied, good], [good, Self.denied], [Self.notAsked, Self.denied], [Self.denied, Self.notAsked]] {
            #expect(told(try judge(Self.byCluster, span: "cluster", ledger: ledger))[1] == "b unknown")
        }
    }

    @Test func higherLevelIsNotExamined() throws {
        let file = checkFile("mine", level: "probe", "", Self.byCluster)
        let judge = try Judge(catalogue(["gateway/mine.sql": file]))
        let missing = try judge.judge(snapshot(Self.rows.dropLast(), ledger: [Self.denied]))
        #expect(told(missing) == ["a pass", "b not_examined"])
        #expect(missing.verdicts[1].message == "it needs the level probe, and this run had read")
        let denied = try judge.judge(snapshot(Self.rows.dropLast(), level: "probe", ledger: [Self.denied]))
        #expect(told(denied) == ["a pass", "b unknown"])
    }

    /// Where nothing was asked for any subject, nothing that the query gives is heard, so it is not run: two rows are no error there.
    @Test func whatNobodyAskedForIsNotRun() throws {
        let twice = """
            SELECT cluster AS subject, 'pass' AS status FROM (SELECT cluster FROM root UNION ALL SELECT cluster FROM cluster)
            """
        let judge = try Judge(catalogue(["gateway/mine.sql": checkFile("mine", level: "probe", "", twice)]))
        let notAsked = ["a", "b"].map { LedgerEntry(fact: "root", cluster: $0, status: .notExamined, reason: "not now") }
        let rows = Array(Self.rows.dropLast())
        let judgement = try judge.judge(snapshot(rows, ledger: notAsked))
        #expect(told(judgement) == ["a not_examined", "b not_examined"])
        #expect(judgement.verdicts[0].message == "it needs the level probe, and this run had read")
        #expect(told(try judge.judge(snapshot(rows, ledger: [notAsked[0]]))) == ["a error", "b error"])
    }

    /// A query that may say that it does not apply is run all the same.
    @Test func whatDoesNotApplyIsSeenWhereNobodyWasAsked() throws {
        let ledger = ["a", "b", "c"].map { LedgerEntry(fact: "root", cluster: $0, status: .notExamined, reason: "not now") }
        let judgement = try judge(Self.byCluster, span: "cluster", [root("b", "none")], ledger: ledger)
        #expect(told(judgement) == ["a not_examined", "b not_applicable", "c not_examined"])
    }

    /// A row of one cluster that leads to another is about both only for a check that looks at both.
    @Test func spanDecidesWhoseLedgerCounts() throws {
        let sql =
            "SELECT s.subject AS subject, CASE WHEN r.cluster IS NULL THEN 'unknown' ELSE 'pass' END AS status FROM secret s JOIN root r USING (cluster)"
        let rows = Self.rows + [secret("a", "s", target: "b"), secret("c", "s", target: "a"), secret("c", "t")]
        #expect(
            told(try judge(sql, subject: "secret", span: "cluster", rows, ledger: [Self.denied])) == [
                "a/s pass", "c/s pass", "c/t pass",
            ])
        #expect(
            told(try judge(sql, subject: "secret", span: "pair", rows, ledger: [Self.denied])) == [
                "a/s unknown", "c/s pass", "c/t pass",
            ])
    }
}
