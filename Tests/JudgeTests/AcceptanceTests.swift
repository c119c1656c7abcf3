import CheckFiles
import Facts
import Judge
import StrictYAML
import Testing

@Suite struct AcceptanceTests {
    /// b and c fail; a passes. The run is on 2027-01-15.
    private func judge(_ yaml: String, failOnWarning: Bool = false) throws -> (judgement: Judgement, exit: Int32) {
        let sql = "SELECT cluster AS subject, iif(cluster = 'a', 'pass', 'fail') AS status FROM cluster"
        let catalogue = try catalogue([
            "gateway/mine.sql": checkFile("mine", "", sql), "gateway/other.sql": checkFile("other", "", sql),
        ])
        let judgement = try Judge(catalogue).judge(
            snapshot(clusters: ["a", "b", "c"]), selection: Selection(only: ["mine"]),
            accepted: Acceptance.read(yaml, file: "accepted.yaml"))
        return (judgement, judgement.exitCode())
    }

    @Test func coversBySubjectGlob() throws {
        let (judgement, exit) = try judge("[{check: mine, subject: 'b*', reason: under way, expires: 2027-01-15}]")
        #expect(judgement.verdicts.map { $0.accepted?.reason } == [nil, "under way", nil])
        #expect(judgement.verdicts[1].status == .fail)
        #expect(judgement.counts[.fail] == 1)
        #expect(exit == 3)
    }

    @Test func acceptedFindingsDoNotCount() throws {
        let (judgement, exit) = try judge("[{check: mine, reason: under way, expires: 2027-01-15}]")
        #expect(judgement.acceptedCount == 2)
        #expect(judgement.causes.isEmpty)
        #expect(judgement.notes == [])
        #expect(exit == 0)
    }

    /// The day itself still counts; the next does not.
    @Test func expiredOnesFailAgain() throws {
        let (judgement, exit) = try judge("\n- {check: mine, reason: under way, expires: 2027-01-14}")
        #expect(judgement.acceptedCount == 0)
        #expect(judgement.notes == ["accepted.yaml:2: the acceptance of mine expired on 2027-01-14, so its finding counts again"])
        #expect(exit == 3)
    }

    @Test func uselessOnesAreReported() throws {
        let (judgement, _) = try judge(
            """
            - {check: mine, subject: a, reason: r, expires: 2099-01-01}
            - {check: mien, reason: r, expires: 2099-01-01}
            - {check: other, reason: r, expires: 2099-01-01}
            """)
        #expect(
            judgement.notes == [
                "accepted.yaml:1: accepts a finding of mine on a, but there is none: remove the entry",
                "accepted.yaml:2: accepts a finding of mien, which is no check (did you mean \"mine\"?)",
            ])
    }

    @Test(arguments: [
        ("check: mine", "accepted.yaml:1:1: the document must be a list, and is a mapping"),
        ("- {check: mine, reason: r}", "accepted.yaml:1:3: [0]: the key \"expires\" is missing"),
        (
            "- {check: mine, reason: r, expires: 2027-02-29}",
            "accepted.yaml:1:37: [0].expires must be a day YYYY-MM-DD, and is \"2027-02-29\""
        ),
        (
            "- {check: mine, reason: r, expires: soon}",
            "accepted.yaml:1:37: [0].expires must be a day YYYY-MM-DD, and is \"soon\""
        ),
        ("- {check: mine, reason: ' ', expires: 2027-02-28}", "accepted.yaml:1:25: [0].reason must say why"),
        (
            "- {check: mine, reason: r, expires: 2027-02-28, untill: x}",
            "accepted.yaml:1:49: unknown key \"untill\" in [0], known are: check, subject, reason, expires"
        ),
        ("", "accepted.yaml: is empty"),
    ])
    func badFilesAreErrors(yaml: String, message: String) throws {
        let error = #expect(throws: YAMLError.self) { try Acceptance.read(yaml, file: "accepted.yaml") }
        #expect(error?.description == message)
    }

    @Test func leapDaysAreDays() throws {
        #expect(try Acceptance.read("- {check: mine, reason: r, expires: 2028-02-29}", file: "f")[0].expiresAt == 1_835_481_600)
        #expect(try Acceptance.read("- {check: mine, reason: r, expires: 1970-01-01}", file: "f")[0].expiresAt == 86400)
        #expect(try Acceptance.read("- {check: mine, reason: r, expires: 2000-12-31}", file: "f")[0].expiresAt == 978_307_200)
    }

    @Test(arguments: [
        ("*", "", true), ("a*c", "abbc", true), ("a*c", "abbd", false), ("a?c", "abc", true), ("a?c", "ac", false),
        ("", "", true),
        ("", "a", false), ("**a**", "bab", true), ("a → ?", "a → b", true),
        ("*a*a*a*a*a*a*a*a*a*a*b", String(repeating: "a", count: 3000), false),
    ])
    func globs(pattern: String, text: String, matches: Bool) { #expect(globMatches(pattern, text) == matches) }
}

@Suite struct SelectionTests {
    private func ids(_ selection: Selection) throws -> [String] {
        let sql = "SELECT cluster AS subject, 'pass' AS status FROM cluster"
        let files = [("gateway", "gw-one"), ("gateway", "gw-two"), ("traffic", "cross")]
        let catalogue = try catalogue(
            Dictionary(uniqueKeysWithValues: files.map { ("\($0)/\($1).sql", checkFile($1, "", sql)) }))
        let judgement = try Judge(catalogue).judge(snapshot(), selection: selection)
        #expect(judgement.checks.count + judgement.skipped.count == 3)
        #expect(Set(judgement.verdicts.map(\.check)) == Set(judgement.checks.map(\.id)))
        return judgement.checks.map(\.id)
    }

    @Test func selectsByGlobAndPhase() throws {
        #expect(try ids(.all) == ["gw-one", "gw-two", "cross"])
        #expect(try ids(Selection(only: ["gateway"])) == ["gw-one", "gw-two"])
        #expect(try ids(Selection(only: ["gateway", "cr*"], skip: ["*-two"])) == ["gw-one", "cross"])
        #expect(try ids(Selection(skip: ["traffic"])) == ["gw-one", "gw-two"])
    }

    /// A check that is wanted brings what it stands on, and so it is blocked as among all.
    @Test func whatIsStoodOnIsSelectedToo() throws {
        let sql = "SELECT cluster AS subject, CASE cluster WHEN 'a' THEN 'fail' ELSE 'pass' END AS status FROM cluster"
        let requires = [
            "low": "", "middle": "requires: [low]", "other": "", "high": "requires: [middle, other]", "aside": "requires: [high]",
        ]
        let catalogue = try catalogue(
            Dictionary(uniqueKeysWithValues: requires.map { ("gateway/\($0).sql", checkFile($0, $1, sql)) }))
        let selection = catalogue.selection { $0.id == "high" }
        let some = try Judge(catalogue).judge(snapshot(), selection: selection)
        #expect(some.checks.map(\.id) == ["low", "other", "middle", "high"])
        let all = try Judge(catalogue).judge(snapshot())
        func said(_ judgement: Judgement) -> [String] {
            judgement.verdicts.filter { $0.check == "high" }.map { "\($0.subject) \($0.status) \($0.message) \($0.blockedBy)" }
        }
        #expect(said(some) == said(all) && told(some, "high") == ["a blocked", "b pass"])
        // Alone it would be judged as if all that it stands on were sound.
        #expect(
            try told(Judge(catalogue).judge(snapshot(), selection: Selection(only: ["high"])), "high") == ["a fail", "b pass"])
    }

    @Test func patternThatSelectsNothingIsAnError() throws {
        let fault = #expect(throws: SelectionFault.self) { try ids(Selection(skip: ["gatway"])) }
        #expect(
            fault?.description
                == "\"gatway\" is no check and no phase (did you mean \"gateway\"?); `isthmus checks list` names them")
    }
}

@Suite struct ExitCodeTests {
    /// Statuses present → exit code, and with --fail-on warning.
    @Test(arguments: [
        (["pass"], 0, 0), (["pass", "not_applicable"], 0, 0), (["pass", "warning"], 0, 3), (["pass", "fail"], 3, 3),
        (["pass", "unknown"], 4, 4), (["fail", "unknown"], 3, 3), (["not_applicable"], 4, 4), (["pass", "bad"], 1, 1),
        (["fail", "bad"], 3, 3), (["unknown", "bad"], 1, 1), (["unknown", "warning"], 4, 3),
    ])
    func follows(statuses: [String], code: Int32, strict: Int32) throws {
        let clusters = statuses.indices.map { "c\($0)" }
        let cases = zip(clusters, statuses).map { "WHEN '\($0)' THEN '\($1)'" }.joined(separator: " ")
        let sql = "SELECT cluster AS subject, CASE cluster \(cases) END AS status FROM cluster"
        let catalogue = try catalogue(["gateway/mine.sql": checkFile("mine", "warning: w", sql)])
        let judgement = try Judge(catalogue).judge(snapshot(clusters: clusters))
        #expect(judgement.exitCode() == code)
        #expect(judgement.exitCode(failOnWarning: true) == strict)
    }
}
