import ArgumentParser
import Collect
import Facts
import Foundation
import Judge
import Report

/// `isthmus preflight`: collect, judge, report.
struct PreflightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight", abstract: "Tell whether the clusters can be, or soundly are, one mesh; and if not, why.",
        discussion: """
            Reads from the clusters and connects to their addresses; changes nothing. With --level probe a short-lived pod in each \
            cluster looks at all the others; nothing of it is left. For example:
              isthmus preflight -f mesh.yaml
              isthmus preflight my-fleet-host east.kubeconfig dc1.kubeconfig -o human -o junit=report.xml
            """)

    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @OptionGroup(title: "Probing (level probe)") var probing: ProbeArguments
    @OptionGroup(title: "Judging") var judging: JudgeOptions
    @OptionGroup(title: "Report") var output: OutputOptions

    @Option(help: ArgumentHelp("Also write the facts, for isthmus judge.", valueName: "file"), completion: .file())
    var snapshot: String?

    func run() async throws {
        let reporter = try output.reporter()
        let collection = try Collection(mesh, probing, command: "preflight", ascii: output.ascii)
        // The clusters are asked while the checks are made ready; a fault in what the user gave for judging ends both.
        async let pending = collection.run()
        let judge = try judging.prepared()
        let collected = try await pending
        let facts = try collected.snapshot(schema: judge.judge.catalogue.schema, savedTo: snapshot)
        let judgement = try await judge.judge(facts)
        let context = ReportContext(
            duration: collected.seconds, snapshot: snapshot, failOnWarning: judging.failOn == .warning,
            brokenOff: collected.interruption?.description)
        try reporter.write(judgement, context)
        throw collected.interruption?.exitCode ?? ExitCode(context.outcome(of: judgement).exitCode)
    }
}

/// `isthmus collect`: the facts, for somebody else to judge.
struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Write a snapshot of the facts and judge nothing.",
        discussion: "The snapshot holds no secret; it can be attached to a ticket and judged there.")

    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @OptionGroup(title: "Probing (level probe)") var probing: ProbeArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("The snapshot to write; by default named by the time.", valueName: "file"))
    var output: String?

    func run() async throws {
        let collected = try await Collection(mesh, probing, command: "collect", ascii: false).run()
        let path = output ?? "isthmus-\(Self.stamp(Date())).snapshot"
        let missing = try collected.snapshot(schema: .embedded(), savedTo: path).ledger().filter { $0.status == .failed }
        print(path)
        if let interruption = collected.interruption {
            complain("broken off (\(interruption)); the snapshot holds what was collected until then")
            throw interruption.exitCode
        }
        for (reason, entries) in Dictionary(grouping: missing, by: { "\($0.cluster): \($0.reason)" }).sorted(by: {
            $0.key < $1.key
        }) {
            complain("not collected (\(entries.count) tables): \(reason)")
        }
        if !missing.isEmpty { throw ExitCode(4) }
    }

    /// `20261122T210503Z`
    static func stamp(_ date: Date) -> String {
        date.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: false).dateSeparator(.omitted).timeSeparator(.omitted))
            + "Z"
    }
}
