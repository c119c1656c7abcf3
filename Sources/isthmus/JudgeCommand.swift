import ArgumentParser
import Facts
import Foundation
import Judge
import Report

/// `isthmus judge SNAPSHOT`: the verdicts of a live run, from its file alone.
struct JudgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Judge a snapshot: the same verdicts as the live run's, without a network.")

    @Argument(help: "The snapshot.", completion: .file(extensions: ["snapshot"]))
    var snapshot: String

    @OptionGroup(title: "Judging") var judging: JudgeOptions
    @OptionGroup(title: "Report") var output: OutputOptions

    func run() async throws {
        let (judge, facts) = try await judging.prepared(toJudge: snapshot)
        let judgement = try await judge.judge(facts)
        let context = ReportContext(snapshot: snapshot, failOnWarning: judging.failOn == .warning)
        try output.reporter().write(judgement, context)
        throw ExitCode(context.outcome(of: judgement).exitCode)
    }
}

/// `isthmus diff OLD NEW`: what changed between two snapshots, in facts and verdicts.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what changed between two snapshots, in facts and verdicts, the most suspicious first.",
        discussion: """
            Both are judged by this isthmus's checks. A fact that changed and is read by a check that turned stands first. For example, \
            between the last run that was green and now:
              isthmus diff green.snapshot now.snapshot
            Exit code: that of the newer snapshot, as for judge.
            """)

    @Argument(help: "The older snapshot.", completion: .file(extensions: ["snapshot"])) var old: String
    @Argument(help: "The newer snapshot.", completion: .file(extensions: ["snapshot"])) var new: String
    @OptionGroup(title: "Judging") var judging: JudgeOptions
    @OptionGroup(title: "Report") var output: OutputOptions

    func validate() throws {
        if try OutputRequest.parse(output.output).contains(where: { $0.format == .junit }) {
            throw ValidationError("-o junit: a difference has no test cases; there are human and json")
        }
    }

    func run() async throws {
        let judge = try judging.prepared()
        let snapshots = try badInput { try [old, new].map { try Snapshot.open(URL(filePath: $0)) } }
        let (before, after) = (try await judge.judge(snapshots[0]), try await judge.judge(snapshots[1]))
        let changes = try snapshots[0].changes(to: snapshots[1])
        try output.reporter().write(DifferenceReport(JudgementDifference(from: before, to: after), facts: changes))
        throw ExitCode(after.exitCode(failOnWarning: judging.failOn == .warning))
    }
}
