import ArgumentParser
import Dispatch
import Facts
import Foundation
import Judge
import Report

/// What is judged, and what counts.
struct JudgeOptions: ParsableArguments {
    @OptionGroup var checks: CheckOptions

    @Option(
        help: ArgumentHelp(
            "Judge only these: an id (* and ? allowed) or a phase; comma-separated, repeatable.", valueName: "check"))
    var only: [String] = []

    @Option(help: ArgumentHelp("Leave these out, as for --only; they are counted in the report.", valueName: "check"))
    var skip: [String] = []

    @Option(
        help: ArgumentHelp("A file of accepted findings, each with a reason and an expiry date (see README).", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var accept: String?

    @Option(help: "What ends with exit code 3: fail, or warning as well.")
    var failOn: FailOn = .fail

    enum FailOn: String, CaseIterable, ExpressibleByArgument {
        case fail, warning
    }

    /// Everything that judging needs, read and checked before the first request is made.
    ///
    /// - Parameter choose: which checks are judged; by default those that the options say.
    /// - Throws: `ExitCode` 65 after saying what is wrong with a file of the user's; a usage error where a selection names nothing.
    func prepared(_ choose: ((CheckCatalogue) -> Selection)? = nil) throws -> PreparedJudge {
        func split(_ lists: [String]) -> [String] {
            lists.flatMap { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }.filter { !$0.isEmpty }
        }
        let accepted = try badInput {
            try accept.map { try Acceptance.read(readText($0), file: $0) } ?? []
        }
        let catalogue = try checks.catalogue()
        let selection = choose?(catalogue) ?? Selection(only: split(only), skip: split(skip))
        do { _ = try selection.apply(catalogue.checks) } catch { throw ValidationError("\(error)") }
        return PreparedJudge(judge: Judge(catalogue), selection: selection, accepted: accepted)
    }

    /// The same, and the snapshot that is to be judged: beside each other, because both take their time.
    ///
    /// - Throws: also `ExitCode` 65 after saying what is wrong with the snapshot.
    func prepared(toJudge snapshot: String) async throws -> (PreparedJudge, Snapshot) {
        async let opening = offThePool { Result { try Snapshot.open(URL(filePath: snapshot)) } }
        let judge = try prepared()
        let opened = await opening
        return (judge, try badInput { try opened.get() })
    }
}

/// A judge with the operator's choices.
struct PreparedJudge: Sendable {
    let judge: Judge
    let selection: Selection
    let accepted: [Acceptance]

    /// Judges off the cooperative pool: SQLite blocks its thread.
    func judge(_ snapshot: Snapshot) async throws -> Judgement {
        try await offThePool { Result { try judge.judge(snapshot, selection: selection, accepted: accepted) } }.get()
    }
}

/// Runs what blocks its thread on one that tasks do not need.
func offThePool<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
}

/// Where the report goes, and in which form.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("human, json or junit, each with =FILE to write a file; repeatable.", valueName: "format[=file]"))
    var output: [String] = []

    @Flag(name: .shortAndLong, help: "Show every check with what was observed.")
    var verbose = false

    @Flag(help: "Use no characters but ASCII.")
    var ascii = false

    func validate() throws {
        do { _ = try OutputRequest.parse(output) } catch { throw ValidationError("\(error)") }
    }

    /// - Parameter diagnosing: Reports name the cause first.
    func reporter(diagnosing: DiagnosisContext? = nil) throws -> Reporter {
        Reporter(
            try OutputRequest.parse(output), environment: ProcessInfo.processInfo.environment, ascii: ascii, verbose: verbose,
            diagnosing: diagnosing)
    }
}

/// The text of a file that the user named, at most 1 MiB of it.
///
/// - Throws: `InputError` that names the file.
func readText(_ path: String) throws -> String {
    do {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        guard size <= 1 << 20 else { throw InputError("\(path): \(size) bytes; at most \(1 << 20) are read") }
        guard let text = String(data: try Data(contentsOf: URL(filePath: path)), encoding: .utf8) else {
            throw InputError("\(path): is not UTF-8 text")
        }
        return text
    } catch let error as CocoaError {
        throw InputError("\(path): cannot be read: \(error.localizedDescription)")
    }
}
