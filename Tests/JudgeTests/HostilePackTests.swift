import CheckFiles
import Facts
import Judge
import Testing

/// A pack of checks may be anybody's. Whatever its query does, the verdict is an error that names the file, soon, and the
/// other checks are judged.
@Suite(.serialized) struct HostilePackTests {
    static let subject = "SELECT cluster AS subject, 'pass' AS status FROM cluster"
    static let big =
        "(WITH RECURSIVE b(s) AS (SELECT 'a' UNION ALL SELECT s || s FROM b WHERE length(s) < 60000) SELECT max(s) FROM b)"

    /// What is refused before it runs: the query, and words of the reason.
    static let refused: [(String, String)] = [
        ("ATTACH DATABASE '/tmp/x' AS x", "begins with ATTACH"),
        ("DETACH DATABASE main", "begins with DETACH"),
        ("PRAGMA writable_schema = 1", "begins with PRAGMA"),
        ("PRAGMA query_only = 0", "begins with PRAGMA"),
        ("DELETE FROM cluster", "begins with DELETE"),
        ("INSERT INTO cluster VALUES ('x', 'y') RETURNING cluster AS subject, 'pass' AS status", "begins with INSERT"),
        ("UPDATE cluster SET server = 'x'", "begins with UPDATE"),
        ("DROP TABLE cluster", "begins with DROP"),
        ("CREATE TEMP TABLE t AS SELECT 1", "begins with CREATE"),
        ("CREATE TEMP VIEW v AS SELECT 1", "begins with CREATE"),
        ("CREATE VIRTUAL TABLE v USING fts5(x)", "begins with CREATE"),
        ("VACUUM INTO '/tmp/isthmus-hostile'", "begins with VACUUM"),
        ("BEGIN", "begins with BEGIN"),
        ("SAVEPOINT s", "begins with SAVEPOINT"),
        ("ANALYZE", "begins with ANALYZE"),
        ("REINDEX", "begins with REINDEX"),
        ("EXPLAIN " + subject, "begins with EXPLAIN"),
        ("WITH x AS (SELECT 1) DELETE FROM cluster", "DELETE is refused"),
        ("WITH x AS (SELECT 1) INSERT INTO cluster SELECT 'x', 'y'", "INSERT is refused"),
        ("WITH x AS (SELECT 1) UPDATE cluster SET server = 'x'", "UPDATE is refused"),
        (subject + "; " + subject, "second statement"),
        (subject + "; DELETE FROM cluster", "refused"),
        ("", "there is no query"),
        ("-- nothing", "there is no query"),
        ("SELECT load_extension('/tmp/x.so') AS subject, 'pass' AS status FROM cluster", "load_extension() is not among"),
        ("SELECT readfile('/etc/passwd') AS subject, 'pass' AS status FROM cluster", "readfile"),
        ("SELECT random() AS subject, 'pass' AS status FROM cluster", "random() is not among"),
        ("SELECT cluster AS subject, hex(randomblob(9)) AS status FROM cluster", "randomblob() is not among"),
        ("SELECT cluster AS subject, zeroblob(9) AS status FROM cluster", "zeroblob() is not among"),
        ("SELECT cluster AS subject, current_timestamp AS status FROM cluster", "current_timestamp() is not among"),
        ("SELECT cluster AS subject, datetime('now') AS status FROM cluster", "asks this machine's clock"),
        ("SELECT cluster AS subject, unixepoch() AS status FROM cluster", "asks this machine's clock"),
        ("SELECT cluster AS subject, server REGEXP '(a+)+$' AS status FROM cluster", "REGEXP"),
        ("SELECT name AS subject, sql AS status FROM sqlite_schema, cluster", "no fact table"),
        ("SELECT name AS subject, 'pass' AS status FROM pragma_table_info('cluster'), cluster", "refused"),
        ("SELECT name AS subject, 'pass' AS status FROM dbstat, cluster", "no such table"),
        ("SELECT key AS subject, 'pass' AS status FROM fts5vocab, cluster", "no such table"),
        ("SELECT cluster AS subject, \"pass\" AS status FROM cluster", "no such column"),
        ("SELECT printf('%.*c', 2000000000, 'a') AS subject, 'pass' AS status FROM cluster", "literal format"),
        ("SELECT \"printf\" /* ( */ ( '%2000000000d', 1) AS subject, 'pass' AS status FROM cluster", "literal format"),
        ("SELECT trim(server, cluster) AS subject, 'pass' AS status FROM cluster", "literal of 16"),
        ("SELECT trim(server, 'abcdefghijklmnopq') AS subject, 'pass' AS status FROM cluster", "literal of 16"),
        (
            "SELECT cluster AS subject, " + String(repeating: "replace(server, 'a', 'b') || ", count: 41)
                + "'' AS status FROM cluster",
            "more than 40"
        ),
        ("SELECT format('%' || '.*c', 2000000000, 'a') AS subject, 'pass' AS status FROM cluster", "literal format"),
        ("SELECT count(*) AS subject, 'pass' AS status FROM sqlite_schema, cluster", "no fact table"),
        ("SELECT count(*) AS subject, 'pass' AS status FROM pragma_database_list, cluster", "refused"),
        ("SELECT count(*) AS subject, 'pass' AS status FROM sqlite_stmt, cluster", "no such table"),
        ("SELECT ? AS subject, 'pass' AS status FROM cluster", "no parameters"),
        ("SELECT 'a' AS subject, 'pass' AS status", "does not read the table of its subjects"),
        ("SELECT cluster AS subject FROM cluster", "no column \"status\""),
        ("SELECT cluster AS subject, 'pass' AS status, 1 AS status FROM cluster", "two columns \"status\""),
        ("SELECT cluster AS subject, 'pass' AS status FROM clusters", "no such table"),
        ("SELECT cluster AS subject, 'pass' AS status FROM cluster WHERE " + String(repeating: "(", count: 5000), ""),
        ("SELECT cluster AS subject, 'pass' AS status FROM cluster WHERE " + String(repeating: "1+", count: 5000) + "1", "depth"),
        ("SELECT cluster AS subject, 'pass' AS status FROM cluster" + String(repeating: " ", count: 200_000), "too big"),
        ((0..<60).map { _ in subject }.joined(separator: " UNION ALL "), "too many terms"),
    ]

    /// What looks like the above and is not.
    static let harmless = [
        subject + "; /* end */ -- comment\n;",
        "SELECT cluster AS subject, 'pass' AS status, printf('%d.%02d %5.1f %s %%', 1, 2, 3.0, 'now it''s') AS v FROM cluster",
        "SELECT cluster AS subject, 'pass' AS status, trim(server, '/ ') || trim(server) AS v FROM cluster",
        "SELECT cluster AS subject, 'pass' AS status, date(now, 'unixepoch') AS v FROM cluster, run -- unixepoch()",
        "SELECT cluster AS subject, 'pass' AS status, (SELECT count(*) FROM json_each('[1]')) AS v FROM cluster",
        "SELECT cluster AS subject, 'pass' AS status, (SELECT value FROM json_tree('[1]') LIMIT 1) AS v FROM cluster",
        "WITH n(x) AS (SELECT 1) SELECT cluster AS subject, 'pass' AS status, (SELECT count(*) FROM n) AS v FROM cluster",
        "SELECT cluster AS \"subject\", 'pass' AS [status], ';' AS `v` FROM cluster",
    ]

    @Test(arguments: harmless)
    func isNotRefused(sql: String) throws {
        let catalogue = try catalogue(packs: [pack(sql)])
        #expect(catalogue.faults == [])
        #expect(told(try Judge(catalogue).judge(snapshot())) == ["a pass", "b pass"])
    }

    @Test(arguments: refused.indices)
    func isRefusedBeforeItRuns(index: Int) throws {
        let (sql, reason) = Self.refused[index]
        let catalogue = try catalogue(packs: [pack(sql)])
        let fault = try #require(catalogue.faults.first)
        #expect(fault.file == "evil/gateway/mine.sql")
        #expect(fault.message.contains(reason), "\(fault)")
        let judgement = try Judge(catalogue).judge(snapshot())
        #expect(told(judgement) == [" error"])
        #expect(judgement.exitCode() == 1)
    }

    /// What is wrong with a check does not depend on what was asked: a run at a lower level says so, too.
    @Test(arguments: [
        "SELECT clutser AS subject, 'pass' AS status FROM cluster JOIN root USING (cluster)", "DELETE FROM root", "",
    ])
    func isAnErrorAlsoWhereItsFactsWereNotAskedFor(sql: String) throws {
        let file = checkFile("mine", level: "probe", "", sql)
        let packs = [CheckPack(name: "evil", files: CheckFiles(files: ["gateway/mine.sql": file]))]
        let ledger = ["a", "b"].map { LedgerEntry(fact: "root", cluster: $0, status: .notExamined, reason: "not now") }
        let judgement = try Judge(catalogue(packs: packs)).judge(snapshot(ledger: ledger))
        #expect(told(judgement) == [" error"])
        #expect(judgement.exitCode() == 1)
    }

    /// What is stopped while it runs, or gives too much.
    static let stopped: [(String, String)] = [
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) AS subject, 'pass' AS status FROM n, cluster",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 10000000) SELECT cluster AS subject, 'pass' AS status FROM n, cluster",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 10000000) SELECT cluster || x AS subject, 'pass' AS status FROM n, cluster",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 10000000) SELECT cluster AS subject, 'pass' AS status FROM cluster, n ORDER BY x DESC",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x, t) AS (SELECT 1, \(big) UNION ALL SELECT x + 1, t || x FROM n) SELECT count(DISTINCT t) AS subject, 'pass' AS status FROM n, cluster",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM n) SELECT x AS subject, 'pass' AS status FROM n, cluster",
            ""
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS subject, 'pass' AS status FROM n, cluster WHERE instr(\(big), substr(\(big), 1, 30000) || x) >= 0",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS subject, 'pass' AS status FROM n, cluster WHERE \(big) LIKE '%a%a%a%a%a%a%a%a%a%a%b' || x",
            "stopped"
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS subject, 'pass' AS status FROM n, cluster WHERE \(big) GLOB '*a*a*a*a*a*a*a*a*a*b' || x",
            "stopped"
        ),
        (
            "SELECT cluster AS subject, 'pass' AS status FROM cluster WHERE server LIKE replace(\(big), 'a', '%')",
            "pattern too complex"
        ),
        (
            "SELECT cluster AS subject, 'fail' AS status, (SELECT json_group_array(\(big)) FROM cluster a, cluster b, cluster c) AS evidence FROM cluster",
            "too big"
        ),
    ]

    @Test(arguments: stopped.indices)
    func isStopped(index: Int) throws {
        let (sql, reason) = Self.stopped[index]
        let catalogue = try catalogue(["gateway/good.sql": checkFile("good", "", Self.subject)], packs: [pack(sql)])
        #expect(catalogue.faults == [])
        let started = ContinuousClock.now
        let judgement = try Judge(catalogue, budget: Budget(seconds: 0.5)).judge(snapshot())
        let took = ContinuousClock.now - started
        #expect(told(judgement) == [" error"])
        #expect(told(judgement, "good") == ["a pass", "b pass"])
        let message = try #require(judgement.verdicts.first { $0.check == "mine" }).message
        #expect(message.contains("evil/gateway/mine.sql"))
        #expect(message.contains(reason), "\(message)")
        #expect(took < .seconds(4), "\(took): \(sql)")
    }

    @Test func builtInChecksAreNotReplaced() throws {
        let mine = ["gateway/mine.sql": checkFile("mine", "", Self.subject)]
        #expect(throws: FileFault.self) { try catalogue(mine, packs: [pack(Self.subject)]) }
        #expect(throws: FileFault.self) { try catalogue(packs: [pack(Self.subject), pack(Self.subject)]) }
    }

    @Test func packsDeclareNoFacts() throws {
        let files = CheckFiles(files: ["facts/mine.yaml": "table: mine"])
        let fault = #expect(throws: FileFault.self) { try catalogue(packs: [CheckPack(name: "evil", files: files)]) }
        #expect(fault?.description.hasPrefix("evil/facts/mine.yaml: a pack of checks cannot declare fact tables") == true)
    }

    private func pack(_ sql: String) -> CheckPack {
        CheckPack(name: "evil", files: CheckFiles(files: ["gateway/mine.sql": checkFile("mine", "", sql)]))
    }
}
