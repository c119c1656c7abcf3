import CheckFiles
import Judge
import Testing

/// `checks test` must catch a check that is wrong. Each test spoils one good pair of files.
@Suite struct CaseTests {
    static let check = checkFile(
        "mine", "not_applicable: no root",
        """
        SELECT c.cluster AS subject, CASE WHEN r.fingerprint IS NULL THEN 'unknown' WHEN r.fingerprint = 'good' THEN 'pass' ELSE 'fail' END AS status
        FROM cluster c LEFT JOIN root r USING (cluster)
        """)
    static let cases = """
        cases:
          - name: good and bad
            facts: {cluster: [{cluster: a}, {cluster: b}], root: [{cluster: a, fingerprint: good}, {cluster: b, fingerprint: bad}]}
            expect: [{subject: a, status: pass}, {subject: b, status: fail, message: b is wrong}]
          - name: denied
            facts: {cluster: [{cluster: a}]}
            uncollected: {root: {a: 403}}
            expect: [{subject: a, status: unknown, contains: 403}]
        """

    private func failures(_ check: String = check, _ cases: String? = cases) throws -> [String] {
        var files = smallHouse
        files["gateway/mine.sql"] = check
        files["gateway/mine.cases.yaml"] = cases
        let test = try CheckTest(files: CheckFiles(files: files), folder: "d")
        #expect(test.strayFiles == [])
        return test.run("mine").failures
    }

    @Test func goodFilesPass() throws { #expect(try failures() == []) }

    @Test func noCasesIsAFailure() throws {
        #expect(
            try failures(Self.check, nil) == ["checks/gateway/mine.sql: has no cases: write gateway/mine.cases.yaml beside it"])
    }

    /// What is replaced by what, and words of the failure.
    static let wrongCases: [(String, String, String)] = [
        (
            "status: pass}", "status: fail, message: x}",
            "d/gateway/mine.cases.yaml:4: case \"good and bad\": a: expected fail, got pass"
        ),
        ("message: b is wrong", "message: b is bad", "expected the message \"b is bad\", got \"b is wrong\""),
        ("contains: 403", "contains: 404", "expected \"404\" in the message"),
        ("{subject: a, status: pass}, ", "", "a verdict that expect does not name: \"a\" pass"),
        ("{subject: a, status: pass}", "{subject: a, status: pass}, {subject: c, status: pass}", "no verdict on \"c\""),
        (", message: b is wrong", "", "an expected fail needs its message"),
        ("fingerprint: bad", "fingerprnt: bad", "unknown key \"fingerprnt\""),
        ("root: [", "rot: [", "there is no fact table \"rot\" (did you mean \"root\"?)"),
        ("{cluster: b, fingerprint: bad}", "{cluster: a, fingerprint: bad}", "two rows of root have the key \"a\""),
        ("cluster: [{cluster: a}, {cluster: b}]", "cluster: [{cluster: null}, {cluster: b}]", "cluster.cluster is missing"),
        ("uncollected: {root: {a: 403}}", "uncollected: {rot: {a: 403}}", "there is no fact table \"rot\""),
        (
            "cases:", "null_may_pass: {root.fingerprint: because}\ncases:",
            "null_may_pass: root.fingerprint is not needed: remove it"
        ),
        ("cases:", "null_may_pass: {root.cluster: because}\ncases:", "root.cluster is no nullable column"),
    ]

    @Test(arguments: wrongCases.indices)
    func wrongCasesFail(index: Int) throws {
        let (part, other, words) = Self.wrongCases[index]
        let spoilt = Self.cases.replacing(part, with: other)
        #expect(spoilt != Self.cases)
        let failures = try failures(Self.check, spoilt)
        #expect(failures.contains { $0.contains(words) }, "\(failures)")
    }

    /// A remedy that lacks a value is not given; that is right for what is unknown, and a mistake for what was found.
    @Test func aFindingWhoseRemedyLacksAValueFails() throws {
        let matter = "not_applicable: no root\nremedy: kubectl delete pod {pod}"
        func check(_ pod: String) -> String {
            checkFile(
                "mine", matter,
                """
                SELECT c.cluster AS subject, CASE WHEN r.fingerprint IS NULL THEN 'unknown' WHEN r.fingerprint = 'good' THEN 'pass' ELSE 'fail' END AS status,
                  \(pod) AS pod
                FROM cluster c LEFT JOIN root r USING (cluster)
                """)
        }
        #expect(try failures(check("r.fingerprint")) == [])
        #expect(
            try failures(check("NULL")) == [
                "d/gateway/mine.cases.yaml:2: case \"good and bad\": b: the remedy is left out, since the query gave no {pod} for it"
            ])
    }

    @Test func missingStatusesFail() throws {
        let onlyGood = Self.cases.split(separator: "\n").prefix(4).joined(separator: "\n").replacing(
            "fingerprint: bad", with: "fingerprint: good"
        )
        .replacing("fail, message: b is wrong", with: "pass")
        #expect(
            try failures(Self.check, onlyGood) == [
                "d/gateway/mine.cases.yaml: no case gives fail or warning, no case gives unknown"
            ])
    }

    /// The false greens of the field, each of which a sweep must catch though every case passes.
    static let sloppy: [(String, String, String)] = [
        (
            "WHEN r.fingerprint IS NULL THEN 'unknown' WHEN r.fingerprint = 'good' THEN 'pass' ELSE 'fail'",
            "WHEN r.fingerprint <> 'good' THEN 'fail' ELSE 'pass'", "a still passes with root.fingerprint NULL (unreadable)"
        ),
        (
            "WHEN r.fingerprint IS NULL THEN 'unknown'",
            "WHEN r.cluster IS NULL THEN 'not_applicable' WHEN r.fingerprint IS NULL THEN 'unknown'",
            "\"a\" gives not_applicable though root was not collected and has no rows"
        ),
    ]

    @Test(arguments: sloppy.indices)
    func sloppyChecksAreCaught(index: Int) throws {
        let (part, other, words) = Self.sloppy[index]
        let spoilt = Self.check.replacing(part, with: other)
        #expect(spoilt != Self.check)
        // Without the case that would show it at once.
        let cases = Self.cases.replacing(
            "    facts: {cluster: [{cluster: a}]}\n",
            with: "    facts: {cluster: [{cluster: a}], root: [{cluster: a, fingerprint: good}]}\n")
        let failures = try failures(spoilt, cases)
        #expect(failures.contains { $0.contains(words) }, "\(failures)")
    }

    @Test func exceptionsAreCountedWhereNeeded() throws {
        let tolerant = Self.check.replacing(
            "WHEN r.fingerprint IS NULL THEN 'unknown'", with: "WHEN r.fingerprint IS NULL THEN 'pass'")
        let cases = Self.cases.replacing(
            "    facts: {cluster: [{cluster: a}]}\n",
            with: "    facts: {cluster: [{cluster: a}], root: [{cluster: a, fingerprint: good}]}\n")
        #expect(try failures(tolerant, cases) != [])
        #expect(try failures(tolerant, "null_may_pass: {root.fingerprint: because}\n" + cases) == [])
    }

    @Test func aPackIsTestedAlone() throws {
        let files = CheckFiles(files: [
            "gateway/mine.sql": checkFile("mine", "", "SELECT cluster AS subject, 'pass' AS status FROM cluster"),
            "gateway/yours.cases.yaml": "cases: []",
        ])
        let test = try CheckTest(files: files, folder: "pack")
        #expect(test.ids == ["mine"])
        #expect(test.strayFiles == ["pack/gateway/yours.cases.yaml: there is no check gateway/yours.sql"])
        #expect(test.run("mine").failures.count == 1)
    }
}
