import CheckFiles
import Facts
import Judge
import Testing

/// One broken thing is one finding; what stands on it is blocked, and says by what.
@Suite struct BlockingTests {
    /// Fails on the clusters named, is unknown on those in `unknown`.
    private func check(
        _ id: String, fails: [String] = [], unknown: [String] = [], span: String = "cluster", requires: String = ""
    ) -> String {
        func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
        let sql = """
            SELECT cluster AS subject, CASE WHEN cluster IN (\(list(fails))) THEN 'fail' WHEN cluster IN (\(list(unknown))) THEN 'unknown'
              ELSE 'pass' END AS status FROM cluster
            """
        return checkFile(id, span: span, requires, sql)
    }

    private func pairs(_ id: String, fails: [String] = [], requires: String = "") -> String {
        let names = fails.map { "'\($0)'" }.joined(separator: ", ")
        let sql = "SELECT subject, CASE WHEN subject IN (\(names)) THEN 'fail' ELSE 'pass' END AS status FROM cluster_pair"
        return checkFile(id, subject: "cluster_pair", span: "pair", requires, sql)
    }

    private func secrets(_ id: String, fails: [String] = [], span: String = "cluster", requires: String = "") -> String {
        let names = fails.map { "'\($0)'" }.joined(separator: ", ")
        let sql = "SELECT subject, CASE WHEN subject IN (\(names)) THEN 'fail' ELSE 'pass' END AS status FROM secret"
        return checkFile(id, subject: "secret", span: span, requires, sql)
    }

    private func judge(
        _ checks: [String: String], clusters: [String] = ["a", "b", "c"], _ rows: [FactRow] = [], selection: Selection = .all,
        accepted: [Acceptance] = []
    ) throws -> Judgement {
        let catalogue = try catalogue(checks)
        #expect(catalogue.faults == [])
        return try Judge(catalogue).judge(snapshot(clusters: clusters, rows), selection: selection, accepted: accepted)
    }

    @Test func blocksTheSameClusterOnly() throws {
        let judgement = try judge([
            "prerequisites/api.sql": check("api", fails: ["b"]),
            "gateway/mine.sql": check("mine", fails: ["b", "c"], requires: "requires: [api]"),
        ])
        #expect(told(judgement) == ["a pass", "b blocked", "c fail"])
        let blocked = judgement.verdicts[4]
        #expect(blocked.blockedBy == ["api"])
        #expect(blocked.message == "blocked by api")
        #expect(blocked.found == .fail)
        #expect(judgement.exitCode() == 3)
    }

    /// What broke can explain what is not known, or what is wrong too, and leaves what was found out all the same.
    @Test(arguments: [
        ("unknown", ["a pass", "b fail", "c blocked"]), ("unsound", ["a pass", "b blocked", "c blocked"]),
        ("all", ["a blocked", "b blocked", "c blocked"]),
    ])
    func blocksAsFarAsItReaches(reach: String, expected: [String]) throws {
        let requires = "requires: [{check: api, when: failed, blocks: \(reach)}]"
        let mine = check("mine", fails: ["b"], unknown: ["c"], requires: requires)
        let failed = try judge(["prerequisites/api.sql": check("api", fails: ["a", "b", "c"]), "gateway/mine.sql": mine])
        #expect(told(failed) == expected)
        let unclear = try judge(["prerequisites/api.sql": check("api", unknown: ["a", "b", "c"]), "gateway/mine.sql": mine])
        #expect(told(unclear) == ["a pass", "b fail", "c unknown"])
    }

    /// One fault is said once, where it is nearest to its cause; what passed all the same stays.
    @Test func explainsWhatFailedToo() throws {
        let judgement = try judge([
            "prerequisites/api.sql": check("api", fails: ["a", "b", "c"]),
            "gateway/mine.sql": check(
                "mine", fails: ["b"], unknown: ["c"], requires: "requires: [{check: api, when: failed, blocks: unsound}]"),
        ])
        #expect(told(judgement) == ["a pass", "b blocked", "c blocked"])
        #expect(judgement.causes.map(\.check.id) == ["api"])
        #expect(judgement.causes[0].explains.map { "\($0.check) \($0.subject)" } == ["mine b", "mine c"])
        let unclear = try judge([
            "prerequisites/api.sql": check("api", unknown: ["a", "b", "c"]),
            "gateway/mine.sql": check("mine", fails: ["b"], requires: "requires: [{check: api, when: failed, blocks: unsound}]"),
        ])
        #expect(told(unclear) == ["a pass", "b fail", "c pass"])
    }

    @Test func namesTheRootThroughAChain() throws {
        let judgement = try judge([
            "prerequisites/api.sql": check("api", fails: ["a"]),
            "prerequisites/middle.sql": check("middle", requires: "requires: [api]"),
            "gateway/mine.sql": check("mine", requires: "requires: [middle]"),
        ])
        #expect(told(judgement) == ["a blocked", "b pass", "c pass"])
        #expect(judgement.verdicts.first { $0.check == "mine" }?.blockedBy == ["api"])
        #expect(judgement.causes.map(\.check.id) == ["api"])
        #expect(judgement.causes[0].subjects == ["a"])
        #expect(judgement.causes[0].explains.map { "\($0.check) \($0.subject)" } == ["middle a", "mine a"])
    }

    @Test func unknownBlocksToo() throws {
        let judgement = try judge([
            "prerequisites/api.sql": check("api", unknown: ["a"]), "gateway/mine.sql": check("mine", requires: "requires: [api]"),
        ])
        #expect(told(judgement) == ["a blocked", "b pass", "c pass"])
        #expect(judgement.causes.map { "\($0.check.id) \($0.status)" } == ["api unknown"])
        #expect(judgement.exitCode() == 4)
    }

    /// What is not known, or only waits, does not take others' evidence from them where a check says so.
    @Test func blocksOnlyWhenFailedWhereItSaysSo() throws {
        let judgement = try judge([
            "prerequisites/root.sql": check("root", fails: ["c"]),
            "prerequisites/api.sql": check("api", fails: ["a"], unknown: ["b"], requires: "requires: [root]"),
            "gateway/mine.sql": check("mine", requires: "requires: [{check: api, when: failed}]"),
        ])
        #expect(told(judgement) == ["a blocked", "b pass", "c pass"])
        #expect(judgement.verdicts.first { $0.check == "mine" }?.blockedBy == ["api"])
        #expect(
            try catalogue(["gateway/mine.sql": check("mine", requires: "requires: [{check: mine, when: ever}]")]).faults.count
                == 1)
    }

    @Test func brokenCheckBlocksEverything() throws {
        let judgement = try judge([
            "prerequisites/api.sql": checkFile("api", "", "SELECT cluster AS subject, 'pass' AS status FROM cluster WHERE 0"),
            "gateway/mine.sql": check("mine", requires: "requires: [api]"),
        ])
        #expect(told(judgement) == ["a blocked", "b blocked", "c blocked"])
        #expect(judgement.causes.map { "\($0.check.id) \($0.status)" } == ["api error"])
    }

    /// A judgement over all clusters cannot stand where one cluster gives no facts.
    @Test func meshSpanIsBlockedByAnyCluster() throws {
        let judgement = try judge([
            "prerequisites/api.sql": check("api", fails: ["b"]),
            "gateway/mine.sql": check("mine", span: "mesh", requires: "requires: [api]"),
        ])
        #expect(told(judgement) == ["a blocked", "b blocked", "c blocked"])
    }

    /// A finding of a check over all clusters is still about one.
    @Test func meshSpanBlocksByItsSubject() throws {
        let judgement = try judge([
            "prerequisites/same.sql": check("same", fails: ["b"], span: "mesh"),
            "gateway/mine.sql": check("mine", requires: "requires: [same]"),
        ])
        #expect(told(judgement) == ["a pass", "b blocked", "c pass"])
    }

    @Test func pairIsBlockedByEitherCluster() throws {
        let judgement = try judge([
            "prerequisites/api.sql": check("api", fails: ["b"]), "traffic/mine.sql": pairs("mine", requires: "requires: [api]"),
        ])
        #expect(
            told(judgement) == ["a → b blocked", "a → c pass", "b → a blocked", "b → c blocked", "c → a pass", "c → b blocked"])
    }

    @Test(arguments: [
        ("source", ["a → b pass", "b → a blocked"]), ("target", ["a → b blocked", "b → a pass"]),
        ("both", ["a → b blocked", "b → a blocked"]),
    ])
    func sideNarrows(side: String, expected: [String]) throws {
        let judgement = try judge(
            [
                "prerequisites/api.sql": check("api", fails: ["b"]),
                "traffic/mine.sql": pairs("mine", requires: "requires: [{check: api, of: \(side)}]"),
            ], clusters: ["a", "b"])
        #expect(told(judgement) == expected)
    }

    @Test func pairBlocksTheSameDirectionOnly() throws {
        let judgement = try judge(
            [
                "discovery/there.sql": pairs("there", fails: ["a → b"]),
                "traffic/mine.sql": pairs("mine", requires: "requires: [there]"),
            ],
            clusters: ["a", "b"])
        #expect(told(judgement) == ["a → b blocked", "b → a pass"])
    }

    @Test func clusterIsBlockedByItsPairs() throws {
        let checks = ["discovery/there.sql": pairs("there", fails: ["a → b"])]
        func clusters(_ of: String) throws -> [String] {
            told(
                try judge(
                    checks.merging(["traffic/mine.sql": check("mine", requires: "requires: [{check: there, of: \(of)}]")]) { $1 })
            )
        }
        #expect(try clusters("both") == ["a blocked", "b blocked", "c pass"])
        #expect(try clusters("source") == ["a blocked", "b pass", "c pass"])
        #expect(try clusters("target") == ["a pass", "b blocked", "c pass"])
    }

    @Test func subjectsOfOneTableBlockThemselvesOnly() throws {
        let rows = [secret("a", "s", target: "b"), secret("a", "t", target: "c")]
        let judgement = try judge(
            [
                "discovery/first.sql": secrets("first", fails: ["a/s"]),
                "discovery/mine.sql": secrets("mine", requires: "requires: [first]"),
            ], rows)
        #expect(told(judgement) == ["a/s blocked", "a/t pass"])
    }

    /// A remote secret of a that leads to b decides about a → b, where its check looks at both.
    @Test func rowThatLeadsElsewhereBlocksThatPair() throws {
        let rows = [secret("a", "s", target: "b"), secret("b", "s", target: "a")]
        let judgement = try judge(
            [
                "discovery/first.sql": secrets("first", fails: ["a/s"], span: "pair"),
                "traffic/mine.sql": pairs("mine", requires: "requires: [first]"),
            ], clusters: ["a", "b"], rows)
        #expect(told(judgement) == ["a → b blocked", "b → a pass"])
    }

    @Test func skippedRequirementDoesNotBlock() throws {
        let checks = [
            "prerequisites/api.sql": check("api", fails: ["a"]), "gateway/mine.sql": check("mine", requires: "requires: [api]"),
        ]
        let judgement = try judge(checks, selection: Selection(skip: ["api"]))
        #expect(told(judgement) == ["a pass", "b pass", "c pass"])
        #expect(judgement.skipped.map { "\($0.check): \($0.reason)" } == ["api: --skip api"])
    }

    @Test func acceptedFindingDoesNotBlock() throws {
        let accepted = try Acceptance.read(
            "[{check: api, subject: a, reason: known, expires: 2099-01-01}]", file: "accepted.yaml")
        let judgement = try judge(
            [
                "prerequisites/api.sql": check("api", fails: ["a"]),
                "gateway/mine.sql": check("mine", requires: "requires: [api]"),
            ],
            accepted: accepted)
        #expect(told(judgement) == ["a pass", "b pass", "c pass"])
        #expect(judgement.acceptedCount == 1)
        #expect(judgement.exitCode() == 0)
    }

    @Test func whatNobodyAskedForStaysNotExamined() throws {
        let checks = [
            "prerequisites/api.sql": check("api", fails: ["a"]),
            "gateway/mine.sql": checkFile(
                "mine", "requires: [api]",
                "SELECT c.cluster AS subject, iif(r.fingerprint IS NULL, 'unknown', 'pass') AS status FROM cluster c LEFT JOIN root r USING (cluster)"
            ),
        ]
        let notAsked = LedgerEntry(fact: "root", cluster: "a", status: .notExamined, reason: "no credentials")
        let judgement = try Judge(catalogue(checks)).judge(snapshot([root("b", "x")], ledger: [notAsked]))
        #expect(told(judgement) == ["a not_examined", "b pass"])
    }

    @Test func causesComeInTheOrderOfTheStory() throws {
        let judgement = try judge([
            "traffic/late.sql": check("late", fails: ["a", "b", "c"]),
            "gateway/small.sql": check("small", fails: ["a"]),
            "gateway/large.sql": check("large", fails: ["b"]),
            "gateway/deep.sql": check("deep", fails: ["c"], requires: "requires: [small]"),
            "services/one.sql": check("one", requires: "requires: [large]"),
            "services/two.sql": check("two", requires: "requires: [one]"),
            "prerequisites/unclear.sql": check("unclear", unknown: ["c"]),
            "prerequisites/waited.sql": check("waited", unknown: ["c"]),
            "services/waits.sql": check("waits", requires: "requires: [waited]"),
        ])
        #expect(judgement.causes.map(\.check.id) == ["large", "small", "deep", "late", "waited"])
    }

    @Test func circlesAndStrangersAreFaults() throws {
        let catalogue = try catalogue([
            "gateway/a.sql": check("a", requires: "requires: [b]"), "gateway/b.sql": check("b", requires: "requires: [c]"),
            "gateway/c.sql": check("c", requires: "requires: [a]"), "gateway/d.sql": check("d", requires: "requires: [abcx]"),
            "gateway/e.sql": check("e", requires: "requires: [e]"), "gateway/abc.sql": check("abc"),
            "gateway/leads-to-circle.sql": check("leads-to-circle", requires: "requires: [a]"),
        ])
        #expect(
            catalogue.faults.map(\.description).sorted() == [
                "checks/gateway/a.sql: requires itself: a → b → c → a",
                "checks/gateway/b.sql: requires itself: b → c → a → b",
                "checks/gateway/c.sql: requires itself: c → a → b → c",
                "checks/gateway/d.sql: requires \"abcx\", which is no check (did you mean \"abc\"?)",
                "checks/gateway/e.sql: requires itself: e → e",
            ])
    }
}
