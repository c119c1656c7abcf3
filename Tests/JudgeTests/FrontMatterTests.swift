import CheckFiles
import Judge
import Testing

/// A check file with a fault is named with file, line and column, and never runs.
@Suite struct FrontMatterTests {
    static let good = checkFile("mine", "", "SELECT cluster AS subject, 'pass' AS status FROM cluster")

    /// What is replaced in a good file by what, and the fault that follows.
    static let faults: [(String, String, String)] = [
        ("/*---\n", "", "checks/gateway/mine.sql:1:1: must begin with a line /*---"),
        ("---*/", "*/", "checks/gateway/mine.sql:1:1: the front matter has no end"),
        ("id: mine", "id: yours", "checks/gateway/mine.sql:2:5: id must be the file's name, \"mine\", and is \"yours\""),
        ("id: mine\n", "", "checks/gateway/mine.sql:2:1: the key \"id\" is missing"),
        ("severity: error", "severty: error", "checks/gateway/mine.sql:2:1: the key \"severity\" is missing"),
        ("why: because", "why: because\nwhi: x", "checks/gateway/mine.sql:11:1: unknown key \"whi\" (did you mean \"why\"?)"),
        (
            "severity: error", "severity: eror",
            "checks/gateway/mine.sql:4:11: severity must be one of error, warning, info, and is \"eror\" (did you mean \"error\"?)"
        ),
        (
            "span: cluster", "span: pair",
            "checks/gateway/mine.sql:6:7: a check of every cluster has the span cluster or mesh, not pair"
        ),
        (
            "level: read", "level: write",
            "checks/gateway/mine.sql:7:8: level must be one of read, probe, mutate, and is \"write\""
        ),
        ("subject: cluster\n", "subject: root\n", "checks/gateway/mine.sql:5:10: subject must be a fact table with subjects"),
        (
            "fail: \"{subject} is wrong\"\n", "",
            "checks/gateway/mine.sql:2:1: a check of severity error needs the message \"fail\""
        ),
        (
            "unknown: \"{subject} is not known\"\n", "",
            "checks/gateway/mine.sql:2:1: a check of severity error needs the message \"unknown\""
        ),
        (
            "severity: error", "severity: warning",
            "checks/gateway/mine.sql:2:1: a check of severity warning needs the message \"warning\""
        ),
        ("severity: error", "severity: info", "checks/gateway/mine.sql:2:1: a check of severity info never gives fail"),
        (
            "{subject} is wrong", "{subjet} is wrong",
            "checks/gateway/mine.sql: fail has {subjet}, which is no column of the query (did you mean {subject}?)"
        ),
        (
            "why: because", "why: because\nremedy: do {it}",
            "checks/gateway/mine.sql: remedy has {it}, which is no column of the query"
        ),
        ("why: because", "why: because\nrequires: api", "checks/gateway/mine.sql:11:11: requires must be a list"),
        (
            "why: because", "why: because\nrequires: [{chek: api}]",
            "checks/gateway/mine.sql:11:12: requires[0]: the key \"check\" is missing"
        ),
        (
            "why: because", "why: because\nrequires: [{check: api, of: all}]",
            "checks/gateway/mine.sql:11:29: requires[0].of must be one of source, target, both"
        ),
        ("why: because", "why: because\nwhy: again", "the key \"why\" stands twice"),
        ("why: because", "why: [because", "checks/gateway/mine.sql:"),
        ("FROM cluster", "FROM clusters", "checks/gateway/mine.sql:13: no such table: clusters"),
        ("'pass' AS status", "\n  'pass' AS\n  status,, 1", "checks/gateway/mine.sql:15:10: near \",\": syntax error"),
        ("'pass' AS status", "\"pass\" AS status", "no such column: pass"),
    ]

    @Test(arguments: faults.indices)
    func isNamedWithItsPlace(index: Int) throws {
        let (part, other, message) = Self.faults[index]
        let file = Self.good.replacing(part, with: other)
        #expect(file != Self.good)
        let catalogue = try catalogue(["gateway/mine.sql": file])
        let fault = try #require(catalogue.faults.first).description
        #expect(fault.contains(message), "\(fault)")
        #expect(told(try Judge(catalogue).judge(snapshot())) == [" error"])
    }

    @Test func theGoodFileIsGood() throws {
        let check = try #require(try catalogue(["gateway/mine.sql": Self.good]).check("mine"))
        #expect(check.fault == nil)
        #expect(check.reads == ["cluster": ["cluster"]])
        #expect(check.columns == ["subject", "status"])
    }

    @Test(arguments: ["mine.sql", "gate/mine.sql", "gateway/deep/mine.sql", "gateway/Mine.sql", "gateway/.sql"])
    func filesOutOfPlaceAreErrors(path: String) {
        #expect(throws: FileFault.self) { try catalogue([path: Self.good]) }
    }

    @Test func orderIsThatOfTheStory() throws {
        let sql = "SELECT cluster AS subject, 'pass' AS status FROM cluster"
        let catalogue = try catalogue([
            "traffic/a.sql": checkFile("a", "", sql), "gateway/b.sql": checkFile("b", "requires: [c]", sql),
            "gateway/c.sql": checkFile("c", "", sql), "gateway/d.sql": checkFile("d", "", sql),
            "prerequisites/e.sql": checkFile("e", "", sql),
        ])
        #expect(catalogue.checks.map(\.id) == ["e", "c", "d", "b", "a"])
    }
}
