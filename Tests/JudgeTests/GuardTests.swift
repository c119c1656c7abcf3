import Facts
import Judge
import Testing

/// Each guard of the design, shown biting.
@Suite struct GuardTests {
    private func verdicts(_ sql: String, severity: String = "error", _ snapshot: Snapshot? = nil) throws -> [Verdict] {
        let catalogue = try catalogue(sql: sql, severity: severity)
        #expect(catalogue.faults == [])
        return try Judge(catalogue).judge(snapshot ?? JudgeTests.snapshot()).verdicts
    }

    private func lines(_ verdicts: [Verdict]) -> [String] { verdicts.map { "\($0.subject) \($0.status.rawValue)" } }

    @Test func oneRowPerSubjectPasses() throws {
        #expect(lines(try verdicts("SELECT cluster AS subject, 'pass' AS status FROM cluster")) == ["a pass", "b pass"])
    }

    @Test func subjectWithoutRowIsAnError() throws {
        let verdicts = try verdicts("SELECT cluster AS subject, 'pass' AS status FROM cluster WHERE cluster = 'b'")
        #expect(lines(verdicts) == ["a error", "b pass"])
        #expect(verdicts[0].message == "checks/gateway/mine.sql: the query gave no row for a")
    }

    /// The shape of most false greens: a query for violations that finds none.
    @Test func queryForViolationsOnlyIsAnError() throws {
        #expect(
            lines(try verdicts("SELECT cluster AS subject, 'fail' AS status FROM cluster WHERE 0")) == ["a error", "b error"])
    }

    @Test func subjectWithTwoRowsIsAnError() throws {
        let sql =
            "SELECT c.cluster AS subject, 'pass' AS status FROM cluster c JOIN cluster d ON c.cluster = 'a' OR d.cluster = 'b'"
        let verdicts = try verdicts(sql)
        #expect(lines(verdicts) == ["a error", "b pass"])
        #expect(verdicts[0].message.hasSuffix("gave two rows or more for a"))
    }

    @Test func foreignSubjectIsAnError() throws {
        let verdicts = try verdicts(
            "SELECT cluster AS subject, 'pass' AS status FROM cluster UNION ALL SELECT 'ghost', 'fail' UNION ALL SELECT NULL, 'pass'"
        )
        #expect(lines(verdicts) == ["a pass", "b pass", "ghost error", " error"])
        #expect(verdicts[2].message.hasSuffix("gave a row for \"ghost\", which is no row of cluster"))
    }

    @Test(arguments: ["NULL", "'ok'", "'PASS'", "'blocked'", "'error'", "'not_examined'", "''", "1", "x'70617373'"])
    func anyOtherStatusIsAnError(status: String) throws {
        #expect(lines(try verdicts("SELECT cluster AS subject, \(status) AS status FROM cluster")) == ["a error", "b error"])
    }

    @Test func severityLimitsTheStatus() throws {
        let fail = "SELECT cluster AS subject, 'fail' AS status FROM cluster"
        let warn = "SELECT cluster AS subject, 'warning' AS status FROM cluster"
        #expect(lines(try verdicts(fail)) == ["a fail", "b fail"])
        #expect(lines(try verdicts(fail, severity: "warning")) == ["a error", "b error"])
        #expect(lines(try verdicts(warn, severity: "warning")) == ["a warning", "b warning"])
        #expect(lines(try verdicts(warn, severity: "info")) == ["a error", "b error"])
    }

    @Test func findingWithoutWordsIsAnError() throws {
        let verdicts = try verdicts("SELECT cluster AS subject, 'warning' AS status FROM cluster")
        #expect(lines(verdicts) == ["a error", "b error"])
        #expect(verdicts[0].message.contains("no message"))
    }

    @Test func zeroSubjectsAreSaidAloud() throws {
        let catalogue = try catalogue(
            sql: "SELECT subject, 'pass' AS status FROM secret", subject: "secret")
        let verdicts = try Judge(catalogue).judge(snapshot()).verdicts
        #expect(lines(verdicts) == [" not_applicable"])
        #expect(verdicts[0].message == "no secret to judge")
    }

    /// Zero rows prove nothing where the rows were not collected.
    @Test func zeroSubjectsOfAnUnreadTableAreUnknown() throws {
        let catalogue = try catalogue(sql: "SELECT subject, 'pass' AS status FROM secret", subject: "secret")
        let denied = [LedgerEntry(fact: "secret", cluster: "b", status: .failed, reason: "403")]
        let some = try Judge(catalogue).judge(snapshot([secret("a", "s")], ledger: denied)).verdicts
        #expect(lines(some) == ["a/s pass", "b unknown"])
        #expect(some[1].message == "secret of b: 403")
        let none = try Judge(catalogue).judge(snapshot(ledger: denied)).verdicts
        #expect(lines(none) == ["b unknown"])
    }

    @Test func emptySnapshotGivesNoGreen() throws {
        let catalogue = try catalogue(sql: "SELECT cluster AS subject, 'pass' AS status FROM cluster")
        let judgement = try Judge(catalogue).judge(Snapshot.inMemory(schema: catalogue.schema))
        #expect(told(judgement) == [" not_applicable"])
        #expect(judgement.exitCode() == 4)
    }

    @Test func messagesAreFilled() throws {
        let sql = """
            SELECT cluster AS subject, 'fail' AS status, server AS where_it_is, NULL AS missing, 1028 AS number, 2.5 AS seconds,
              'o' AS observed, 'e' AS expected, 'v' AS evidence FROM cluster
            """
        let matter =
            "remedy: |-\n  kubectl get {where_it_is} -o jsonpath='{.data.x}{range .items}' # {number} {seconds} {expected}"
        let file = checkFile("mine", matter, sql)
        let verdict = try #require(try Judge(catalogue(["gateway/mine.sql": file])).judge(snapshot()).verdicts.first)
        #expect(verdict.message == "a is wrong")
        #expect(verdict.remedy == "kubectl get https://a -o jsonpath='{.data.x}{range .items}' # 1028 2.5 e")
        #expect([verdict.observed, verdict.expected, verdict.evidence] == ["o", "e", "v"])
        #expect(verdict.parameters == ["where_it_is": "https://a", "number": "1028", "seconds": "2.5"])
        // What was not observed cannot be typed.
        let lacking = checkFile("mine", "remedy: kubectl delete pod {missing}", sql)
        let unsaid = try Judge(catalogue(["gateway/mine.sql": lacking])).judge(snapshot()).verdicts
        #expect(Set(unsaid.map(\.status)) == [.fail] && Set(unsaid.map(\.remedy)) == [""])
    }

    /// Words of what is sound are read when somebody asks for them, and are the same.
    @Test(arguments: ["", ";", "; -- end", " -- end", " /* never closed"])
    func textsOfWhatPassesAreThere(end: String) throws {
        let sql =
            "SELECT cluster AS subject, 'pass' AS status, server AS url, 'o ' || server AS observed, 7 AS other FROM cluster"
            + end
        let catalogue = try catalogue(["gateway/mine.sql": checkFile("mine", "pass: 'reached {url}'", sql)])
        #expect(catalogue.faults == [])
        let verdicts = try Judge(catalogue).judge(snapshot()).verdicts
        #expect(verdicts.map(\.message) == ["reached https://a", "reached https://b"])
        #expect(verdicts.map(\.observed) == ["o https://a", "o https://b"])
        #expect(verdicts[1].parameters == ["url": "https://b"])
        #expect(verdicts[0].remedy == "")
    }

    @Test func sameSnapshotGivesSameVerdicts() throws {
        let sql = "SELECT cluster AS subject, CASE WHEN cluster > 'c' THEN 'fail' ELSE 'pass' END AS status FROM cluster"
        let checks = Dictionary(
            uniqueKeysWithValues: (0..<20).map {
                ("gateway/c\($0).sql", checkFile("c\($0)", $0 > 0 ? "requires: [c\($0 - 1)]" : "", sql))
            })
        let catalogue = try catalogue(checks)
        func text() throws -> String {
            let judgement = try Judge(catalogue).judge(snapshot(clusters: ["d", "b", "a", "e", "c"]))
            let causes = judgement.causes.map { "\($0.check.id) \($0.subjects) \($0.explains)" }
            return (judgement.verdicts.map { "\($0.check) \($0.subject) \($0.status) \($0.message)" } + causes).joined(
                separator: "\n")
        }
        let first = try text()
        for _ in 0..<5 { #expect(try text() == first) }
    }
}
