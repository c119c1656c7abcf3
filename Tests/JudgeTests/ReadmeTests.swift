import CheckFiles
import Foundation
import Judge
import Testing

/// What checks/README.md shows is what isthmus does.
@Suite struct ReadmeTests {
    @Test func theExampleIsACheckThatPasses() throws {
        let readme = try String(
            contentsOf: URL(filePath: #filePath).appending(path: "../../../checks/README.md").standardizedFileURL, encoding: .utf8
        )
        var files: [String: String] = [:]
        for (name, language) in [("nodes-ready.sql", "sql"), ("nodes-ready.cases.yaml", "yaml")] {
            let start = try #require(readme.firstRange(of: "```\(language)\n"))
            let rest = readme[start.upperBound...]
            files["prerequisites/\(name)"] = String(rest[..<(try #require(rest.firstRange(of: "```"))).lowerBound])
        }
        let test = try CheckTest(files: CheckFiles(files: files), folder: "my-checks")
        let result = test.run("nodes-ready")
        #expect(result.failures == [])
        #expect(readme.contains("ok   nodes-ready  \(result.cases) cases, \(result.sweeps) sweeps"))
    }
}
