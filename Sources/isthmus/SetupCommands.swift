import ArgumentParser
import Collect
import Facts
import Foundation
import HTTP
import Judge
import Kubernetes
import Mesh
import Report
import Setup

/// `isthmus setup`: makes the clusters one mesh.
struct SetupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup", abstract: "Make the clusters one mesh: plan it, apply it, take it back.",
        subcommands: [SetupPlanCommand.self, SetupRenderCommand.self, SetupApplyCommand.self, SetupUndoCommand.self])
}

/// `isthmus setup plan`: what would be done, and what speaks against it.
struct SetupPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what would be created, changed and left alone, and what speaks against it.",
        discussion: """
            Changes nothing: every object goes to its API server in a dry run. Looks at the clusters as preflight does, at level \
            probe unless told otherwise, and into the journal: after an apply that was broken off it says what the next one does. \
            For example:
              isthmus setup plan -f mesh.yaml
              isthmus setup plan -f mesh.yaml --save plan.json && isthmus setup apply -f mesh.yaml --plan plan.json

            Exit codes: 0 the plan can be applied; 3 a gate failed, another manager owns a field, or a server refuses; \
            4 something is not known; 64 wrong usage; 65 bad input.
            """)

    @OptionGroup var setup: SetupArguments
    @OptionGroup var journal: JournalArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("human or json, each with =FILE; repeatable.", valueName: "format[=file]"))
    var output: [String] = []

    @Option(help: ArgumentHelp("Also write the plan to a file, for setup apply --plan.", valueName: "file"), completion: .file())
    var save: String?

    @Flag(name: .shortAndLong, help: "Show every gate that is not known, with its reason.") var verbose = false
    @Flag(help: "Use no characters but ASCII.") var ascii = false

    func validate() throws {
        let requests: [OutputRequest]
        do { requests = try OutputRequest.parse(output) } catch { throw ValidationError("\(error)") }
        if requests.contains(where: { $0.format == .junit }) {
            throw ValidationError("-o junit: a plan is printed as human or json")
        }
    }

    func run() async throws {
        let plan = try await setup.planned(command: "setup plan", ascii: ascii, journal)
        let bytes = Array(try PlanFile.encode(plan))
        if let save { try writeReportFile(save) { try $0(bytes) } }
        let report = PlanReport(plan, apply: setup.arguments(plan: save), verbose: verbose)
        let environment = ProcessInfo.processInfo.environment
        let medium = Medium.detect(descriptor: 1, environment: environment, ascii: ascii)
        for request in try OutputRequest.parse(output) {
            switch request.destination {
            case .standardOutput:
                let text = request.format == .json ? bytes : Array(report.render(on: medium).utf8)
                try writeAll(text, to: 1, path: "standard output")
            case .file(let path):
                let text = request.format == .json ? bytes : Array(report.render(on: medium.asFile()).utf8)
                try writeReportFile(path) { try $0(text) }
            }
        }
        throw ExitCode(plan.outcome.exitCode)
    }
}

/// `isthmus setup render DIR`: the plan's objects as files.
struct SetupRenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Write the manifests for GitOps: a folder per cluster, no secret in it.",
        discussion: """
            Overwrites only what it wrote itself and nobody changed. For example:
              isthmus setup render -f mesh.yaml mesh-manifests
            """)

    @Argument(help: "The folder to write into.", completion: .directory) var folder: String
    @OptionGroup var setup: SetupArguments
    @Flag(help: "Use no characters but ASCII.") var ascii = false

    func run() async throws {
        let plan = try await setup.planned(command: "setup render", ascii: ascii)
        let unseen = plan.clusters.filter(\.uid.isEmpty).map(\.name)
        guard unseen.isEmpty else {
            // Not even those of the others: an earlier rendering of a cluster that is only down now would go.
            for finding in plan.findings where finding.severity != .note { complain(finding.line) }
            complain("nothing is rendered: \(unseen.joined(separator: ", ")) did not answer")
            throw ExitCode(4)
        }
        let rendering = try Rendering(plan)
        let written: Int
        do { written = try RenderFolder(URL(filePath: folder)).write(rendering) } catch let error as RenderError {
            throw InputError("\(error)")
        }
        print("\(folder): \(rendering.files.count) files, \(written) of them written anew")
        for note in rendering.notes { complain(note) }
        for finding in plan.findings where finding.severity != .note { complain(finding.line) }
        throw ExitCode(plan.outcome.exitCode)
    }
}

extension Finding {
    /// On one line, safe to print.
    fileprivate var line: String { forTerminal("\(cluster.isEmpty ? "" : "\(cluster): ")\(text)") }
}
