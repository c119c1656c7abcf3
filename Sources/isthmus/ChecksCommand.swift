import ArgumentParser
import CheckFiles
import Facts
import Foundation
import Judge

/// `isthmus checks`: the judgement, as data.
struct ChecksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checks", abstract: "List, show, test and document the checks.",
        subcommands: [List.self, Show.self, Test.self, Docs.self])
}

/// `--checks DIR`, wherever checks are used.
struct CheckOptions: ParsableArguments {
    @Option(name: .customLong("checks"), help: ArgumentHelp("Use the checks of this folder too (repeatable).", valueName: "dir"))
    var packs: [String] = []

    /// The built-in checks and those of the folders.
    ///
    /// - Throws: `ExitCode` 65 after saying what is wrong with a folder.
    func catalogue() throws -> CheckCatalogue {
        try badInput {
            try .embedded(
                packs: packs.map {
                    CheckPack(name: $0, files: try CheckFiles(directory: URL(filePath: $0, directoryHint: .isDirectory)))
                })
        }
    }
}

/// Says what is wrong with a file of the user's, and ends with the exit code for bad input.
func badInput<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error where !(error is ExitCode) {
        FileHandle.standardError.write(Data("isthmus: \(forTerminal("\(error)"))\n".utf8))
        throw ExitCode(65)
    }
}

/// Text of a file that may be anybody's: what would steer a terminal is shown, not sent.
func forTerminal(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { $0.properties.generalCategory == .control && $0 != "\n" ? "\u{FFFD}" : $0 }))
}

extension ChecksCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all checks, in the order in which they are judged.")
        @OptionGroup var options: CheckOptions

        func run() throws {
            let catalogue = try options.catalogue()
            let width = catalogue.checks.map(\.id.count).max() ?? 0
            for phase in Phase.allCases {
                let checks = catalogue.checks.filter { $0.phase == phase }
                if checks.isEmpty { continue }
                print("\(phase.title)")
                for check in checks {
                    let id = check.id.padding(toLength: width, withPad: " ", startingAt: 0)
                    let level = check.level == .read ? "" : "  [level \(check.level.rawValue)]"
                    print("  \(id)  \(forTerminal(check.title))\(level)")
                }
            }
            for fault in catalogue.faults { FileHandle.standardError.write(Data("\(forTerminal("\(fault)"))\n".utf8)) }
            if !catalogue.faults.isEmpty { throw ExitCode(65) }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one check: what it looks at, why, and its query.")
        @Argument(help: "The check's id.") var id: String
        @OptionGroup var options: CheckOptions

        func run() throws {
            let catalogue = try options.catalogue()
            let check = try catalogue.named(id)
            print(forTerminal(check.description))
            if check.fault != nil { throw ExitCode(65) }
        }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run every case of every check, then try to talk each check into a false pass.",
            discussion: "With a folder: the checks of that folder. Without: those that isthmus was built with.")
        @Argument(help: ArgumentHelp("A folder of checks.", valueName: "dir")) var folder: String?
        @Option(name: .customLong("only"), help: ArgumentHelp("Test these checks only: an id, * and ? allowed.", valueName: "id"))
        var only: [String] = []

        func run() throws {
            let tests = try badInput {
                let files = try folder.map { try CheckFiles(directory: URL(filePath: $0, directoryHint: .isDirectory)) }
                return try CheckTest(files: files ?? .embedded, folder: folder ?? "checks")
            }
            let ids = tests.ids.filter { id in only.isEmpty || only.contains { globMatches($0, id) } }
            var failed = tests.strayFiles.count
            for stray in tests.strayFiles { print("FAIL \(forTerminal(stray))") }
            for id in ids {
                let result = tests.run(id)
                if result.failures.isEmpty {
                    let exceptions = result.exceptions == 0 ? "" : ", \(result.exceptions) null_may_pass"
                    print("ok   \(id)  \(result.cases) cases, \(result.sweeps) sweeps\(exceptions)")
                } else {
                    failed += 1
                    print("FAIL \(id)")
                    for failure in result.failures { print("       \(forTerminal(failure))") }
                }
            }
            print("\(ids.count + tests.strayFiles.count - failed) passed, \(failed) failed")
            if failed > 0 || ids.isEmpty { throw ExitCode(1) }
        }
    }

    struct Docs: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write the reference of all facts and checks as Markdown.")
        @Option(name: .shortAndLong, help: ArgumentHelp("The folder for facts.md and checks.md.", valueName: "dir"))
        var output = "docs"
        @Flag(help: "Write nothing; fail if the files are not what would be written.") var verify = false

        func run() throws {
            let catalogue = try CheckCatalogue.embedded()
            var stale: [String] = []
            for (name, text) in [("facts.md", catalogue.schema.markdown), ("checks.md", catalogue.markdown)] {
                let url = URL(filePath: output, directoryHint: .isDirectory).appending(path: name)
                if verify {
                    if (try? String(contentsOf: url, encoding: .utf8)) != text { stale.append(url.path) }
                } else {
                    try badInput { try text.write(to: url, atomically: true, encoding: .utf8) }
                }
            }
            for path in stale { print("\(path) is not up to date: run `isthmus checks docs`") }
            if !stale.isEmpty { throw ExitCode(1) }
        }
    }
}
