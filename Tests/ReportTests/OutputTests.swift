import Foundation
import Testing

@testable import Judge
@testable import Report

struct OutputRequestTests {
    @Test func nothingAskedFor() throws {
        #expect(try OutputRequest.parse([]) == [OutputRequest(.human)])
    }

    @Test func several() throws {
        let requests = try OutputRequest.parse(["human", "junit=report.xml", "json=out/report=1.json"])
        #expect(
            requests == [
                OutputRequest(.human), OutputRequest(.junit, to: .file("report.xml")),
                OutputRequest(.json, to: .file("out/report=1.json")),
            ])
        #expect(try OutputRequest.parse(["json=-"]) == [OutputRequest(.json)])
    }

    @Test(
        "What is wrong is said, with a way out",
        arguments: [
            (["xml"], "-o xml: no such format. There are human, json and junit, each with an optional =PATH"),
            ([""], "-o : no such format. There are human, json and junit, each with an optional =PATH"),
            (["HUMAN"], "-o HUMAN: no such format. There are human, json and junit, each with an optional =PATH"),
            (["junit="], "-o junit=: the path is empty. Write -o junit=report.xml, or leave out the = for standard output"),
            (["json="], "-o json=: the path is empty. Write -o json=report.json, or leave out the = for standard output"),
            (["human", "json"], "-o human and -o json both go to standard output. Give one of them a file: -o json=report.json"),
            (
                ["human", "human"],
                "-o human and -o human both go to standard output. Give one of them a file: -o human=report.txt"
            ),
            (
                ["json", "junit=-"],
                "-o json and -o junit both go to standard output. Give one of them a file: -o junit=report.xml"
            ),
            (["json=a", "junit=a"], "-o json and -o junit both go to a. Give one of them another file"),
            (["json=a", "junit=./a"], "-o json and -o junit both go to a. Give one of them another file"),
        ])
    func wrong(arguments: [String], message: String) {
        let error = #expect(throws: OutputRequestError.self) { try OutputRequest.parse(arguments) }
        #expect(error?.description == message)
    }
}

struct ReportFileTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "isthmus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func write(_ path: URL, _ text: String) throws {
        try writeReportFile(path.path) { try $0(Array(text.utf8)) }
    }

    @Test func writesAndReplaces() throws {
        try withFolder { folder in
            let file = folder.appending(path: "report.json")
            try write(file, "one")
            try write(file, "two")
            #expect(try String(contentsOf: file, encoding: .utf8) == "two")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report.json"])
        }
    }

    @Test("A writer that fails leaves the old file and nothing else")
    func failure() throws {
        struct Broken: Error {}
        try withFolder { folder in
            let file = folder.appending(path: "report.json")
            try write(file, "one")
            #expect(throws: Broken.self) {
                try writeReportFile(file.path) { drain in
                    try drain(Array("half".utf8))
                    let meanwhile = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                    #expect(meanwhile == ["report.json"])
                    throw Broken()
                }
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == "one")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report.json"])
        }
    }

    @Test func keepsPermissionsAndFollowsLinks() throws {
        try withFolder { folder in
            let file = folder.appending(path: "report.json")
            let link = folder.appending(path: "link.json")
            try write(file, "one")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
            try write(link, "two")
            #expect(try String(contentsOf: file, encoding: .utf8) == "two")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
            #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o640)
        }
    }

    @Test("What is not a file is written to, not replaced")
    func device() throws {
        try write(URL(filePath: "/dev/null"), "gone")
        #expect(
            try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType == .typeCharacterSpecial)
    }

    @Test func errorsNamePathAndReason() throws {
        try withFolder { folder in
            let missing = folder.appending(path: "no/such/report.json").path
            let error = #expect(throws: ReportFileError.self) { try writeReportFile(missing) { try $0([1]) } }
            let parent = folder.appending(path: "no/such").path
            #expect(
                error?.description
                    == "\(missing): cannot make a file in \(parent): No such file or directory. The report was not written")
            let isFolder = #expect(throws: ReportFileError.self) { try writeReportFile(folder.path) { try $0([1]) } }
            #expect(isFolder?.description.contains("it is a folder") == true)
        }
    }

    @Test("One place that cannot be written does not keep the others from being written")
    func reporter() throws {
        try withFolder { folder in
            let good = folder.appending(path: "report.xml")
            let reporter = Reporter(
                [
                    OutputRequest(.json, to: .file(folder.appending(path: "no/report.json").path)),
                    OutputRequest(.junit, to: .file(good.path)),
                ],
                environment: [:])
            #expect(throws: ReportFileError.self) {
                try reporter.write(Meshes.broken(2), ReportContext(brokenOff: "interrupted (^C)"))
            }
            let text = try String(contentsOf: good, encoding: .utf8)
            #expect(text.contains("broken off: interrupted"))
        }
    }
}

struct OutcomeTests {
    @Test(
        "The answer and the exit code",
        arguments: [
            ([Status.pass], Outcome.Answer.ready, Int32(0)), ([.pass, .notApplicable], .ready, 0),
            ([.pass, .warning], .ready, 0), ([.pass, .fail], .notReady, 3),
            ([.fail, .error], .notReady, 3), ([.pass, .error], .notJudged, 1), ([.pass, .unknown], .noFault, 4),
            ([.pass, .blocked], .noFault, 4),
            ([.pass, .notExamined], .noFault, 4), ([.notApplicable], .nothingExamined, 4), ([], .nothingExamined, 4),
            ([.unknown], .noFault, 4),
        ])
    func answers(statuses: [Status], answer: Outcome.Answer, code: Int32) {
        let outcome = Outcome(Sample.of(statuses).judgement)
        #expect(outcome.answer == answer)
        #expect(outcome.exitCode == code)
        #expect(outcome.isReady == (answer == .ready))
    }

    @Test func warningsFailWhenAsked() {
        let outcome = Outcome(Sample.of([.pass, .warning]).judgement, failOnWarning: true)
        #expect(outcome.answer == .notReady && outcome.exitCode == 3)
    }

    @Test("A run that was broken off is never ready")
    func brokenOff() {
        let outcome = Outcome(Sample.of([.pass]).judgement, brokenOff: true)
        #expect(outcome.answer == .noFault && outcome.exitCode == 4)
        #expect(Outcome(Sample.of([.fail]).judgement, brokenOff: true).answer == .notReady)
    }

    @Test("What was left out is not ready, though nothing failed")
    func leftOut() {
        var sample = Sample.of([.pass])
        sample.skipped = [Skipped(check: "api-answers", reason: "--skip api-answers")]
        let outcome = Outcome(sample.judgement)
        #expect(outcome.answer == .noFault && outcome.exitCode == 0)
    }
}
