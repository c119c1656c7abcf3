import CheckFiles
import Facts
import Foundation
import Judge
import Testing

/// What a check says: sentences by reason, commands that can be pasted whatever stands in the facts, and the guide that it answers.
@Suite struct WordingTests {
    private func verdict(_ lines: String, server: String = "https://a", _ columns: String = "") throws -> Verdict {
        let sql = "SELECT cluster AS subject, 'fail' AS status, server, '--context a' AS flags\(columns) FROM cluster"
        let catalogue = try catalogue(["gateway/mine.sql": checkFile("mine", lines, sql)])
        #expect(catalogue.faults == [])
        let snapshot = try snapshot(clusters: [])
        var batch = FactBatch()
        batch.add("cluster", ["cluster": "a", "server": .text(server)])
        batch.add(fact: "cluster", cluster: "a", .collected)
        try snapshot.insert(batch)
        return try #require(try Judge(catalogue).judge(snapshot).verdicts.first)
    }

    static let words: [(String, String)] = [
        ("asm-1246-9", "asm-1246-9"), ("10.0.0.0/8,192.0.2.1:6443", "10.0.0.0/8,192.0.2.1:6443"), ("", "''"), ("a b", "'a b'"),
        ("x; rm -rf ~ $(id)", "'x; rm -rf ~ $(id)'"), ("it's", #"'it'\''s'"#), ("~root", "'~root'"), ("*", "'*'"), ("ä", "'ä'"),
        ("a\nb", "'a\u{FFFD}b'"), ("\u{1B}[2J", "'\u{FFFD}[2J'"),
    ]

    @Test(arguments: words.indices)
    func valuesAreOneWord(index: Int) throws {
        let (value, word) = Self.words[index]
        let lines = "remedy: \"printf %s --name={server} # of {server}\""
        let remedy = try verdict(lines, server: value).remedy
        #expect(remedy == "printf %s --name=\(word) # of \(word)")
        #expect(try shell(remedy) == "--name=" + value.replacing(/[\u{00}-\u{1F}]/, with: "\u{FFFD}"))
    }

    @Test func readyShellTextStaysAsItIs() throws {
        let verdict = try verdict("remedy: \"kubectl {flags} get {server}\"\nshell: [flags]", server: "a b")
        #expect(verdict.remedy == "kubectl --context a get 'a b'")
        #expect(verdict.message == "a is wrong")
    }

    @Test func eachReasonHasItsWords() throws {
        let lines = """
            warning: {mild: "{server} is mild", hot: "{server} is hot"}
            remedy: {mild: "true {server}", hot: "false"}
            """
        let sql = """
            SELECT cluster AS subject, 'warning' AS status, server, CASE cluster WHEN 'a' THEN 'mild' WHEN 'b' THEN 'hot-very' ELSE 'new' END AS reason
            FROM cluster
            """
        let catalogue = try catalogue(["gateway/mine.sql": checkFile("mine", lines, sql)])
        #expect(catalogue.faults == [])
        let verdicts = try Judge(catalogue).judge(snapshot(clusters: ["a", "b", "c"])).verdicts
        #expect(verdicts.map(\.message) == ["https://a is mild", "https://b is hot", "Title of mine"])
        #expect(verdicts.map(\.remedy) == ["true https://a", "false", ""])
        #expect(catalogue.markdown.contains("- **warning, hot**: {server} is hot"))
    }

    static let faults: [(String, String)] = [
        ("remedy: \"echo '{server}'\"", "{server} stands in quotes"),
        ("remedy: 'echo \"of {server}\"'", "{server} stands in quotes"),
        ("remedy: {a: \"echo '{server}'\"}", "{server} stands in quotes"),
        ("remedy: {a: \"echo {server}\"}", "remedy has {reason}, which is no column of the query"),
        ("remedy: {A: \"echo\"}", "a reason has a-z, 0-9 and - only"),
        ("remedy: {}", "must be a text, or a text for each reason"),
        ("shell: [nothing]", "no column nothing, which is said to be shell text"),
        ("data: [nothing]", "no column nothing, which is said to be data"),
        ("optional: [nothing]", "\"nothing\" is no fact table"),
        ("optional: [root]", "does not read the table root, which is said to be optional"),
        ("guide: [nothing]", "guide names \"nothing\", which guide.yaml does not have"),
        ("requires: [{check: mine, when: never}]", "must be one of unsound, failed,"),
    ]

    @Test(arguments: faults.indices)
    func faultsAreNamed(index: Int) throws {
        let (lines, reason) = Self.faults[index]
        let sql = "SELECT cluster AS subject, 'pass' AS status, server FROM cluster"
        let faults = try catalogue(["gateway/mine.sql": checkFile("mine", lines, sql)]).faults
        #expect(faults.count == 1)
        #expect(faults.first?.description.contains(reason) == true, "\(faults)")
    }

    @Test(arguments: [
        "remedy: \"x '{.a}' {server} # don't {server}\"", #"remedy: 'echo \" {server}'"#, #"remedy: "a#'x' {server}""#,
    ])
    func placesOutsideQuotesAreFine(lines: String) throws {
        let sql = "SELECT cluster AS subject, 'pass' AS status, server FROM cluster"
        #expect(try catalogue(["gateway/mine.sql": checkFile("mine", lines, sql)]).faults == [])
    }

    /// Every sentence of the documented prerequisites has a check, and the reference says which.
    @Test func guideIsAnswered() throws {
        let catalogue = try CheckCatalogue.embedded()
        #expect(
            catalogue.guide.map(\.id) == [
                "same-fleet", "shared-vpc", "addresses-reachable", "authorized-networks", "firewall", "load-balancers",
                "no-private-clusters", "same-root", "trusted-kubeconfigs",
            ])
        for prerequisite in catalogue.guide {
            #expect(
                catalogue.checks.contains { $0.guide.contains(prerequisite.id) && $0.severity == .error }, "\(prerequisite.id)")
            #expect(catalogue.markdown.contains("| \(prerequisite.sentence) | [`"))
        }
    }

    private func shell(_ command: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self)
    }
}

/// Facts that help where they are there: they add to what a check knows, and take nothing away from it.
@Suite struct OptionalTests {
    /// Passes or fails by the root where it is known; else by the server alone, for cluster a.
    static let sql = """
        SELECT c.cluster AS subject, CASE WHEN r.fingerprint = 'good' THEN 'pass' WHEN r.fingerprint IS NOT NULL THEN 'fail'
          WHEN c.cluster = 'a' THEN 'pass' ELSE 'unknown' END AS status
        FROM cluster c LEFT JOIN root r USING (cluster)
        """

    private func judge(_ rows: [FactRow], _ status: CollectionStatus) throws -> Judgement {
        let catalogue = try catalogue(["gateway/mine.sql": checkFile("mine", "optional: [root]", Self.sql)])
        #expect(catalogue.faults == [])
        let ledger = ["a", "b"].map { LedgerEntry(fact: "root", cluster: $0, status: status, reason: "no credentials") }
        let others = ["run", "mesh"].map { LedgerEntry(fact: $0, cluster: "", status: .collected, reason: "") }
        let clusters = ["a", "b"].map { LedgerEntry(fact: "cluster", cluster: $0, status: .collected, reason: "") }
        return try Judge(catalogue).judge(snapshot(rows, collected: false, ledger: ledger + others + clusters))
    }

    @Test func whatIsThereIsUsed() throws {
        #expect(told(try judge([root("a", "bad"), root("b", "good")], .collected)) == ["a fail", "b pass"])
    }

    @Test func withoutItTheRestDecidesOrTheLedgerIsHeard() throws {
        let notAsked = try judge([], .notExamined)
        #expect(told(notAsked) == ["a pass", "b not_examined"])
        #expect(notAsked.verdicts[1].message == "no credentials")
        let failed = try judge([], .failed)
        #expect(told(failed) == ["a pass", "b unknown"])
        #expect(failed.verdicts[1].message == "b is not known (root of b: no credentials)")
    }
}
