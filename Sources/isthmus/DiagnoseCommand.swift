import ArgumentParser
import Collect
import Facts
import Foundation
import Judge
import Report

/// `isthmus diagnose`: the cause first.
struct DiagnoseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose", abstract: "Name the cause of a broken mesh: evidence, remedy, and how to know that it worked.",
        usage: "isthmus diagnose [<options>] -f <mesh.yaml> | <snapshot> | <fleet-project> <kubeconfig> <kubeconfig> ...",
        discussion: """
            Looks as far as --level allows, or takes a snapshot that somebody else collected. Judges as preflight does, and answers \
            first: the cause in one sentence, what it was seen by, what it explains, the command that mends it, and the command that \
            shows that it did. Where several causes remain possible, it says which observation would decide. For example:
              isthmus diagnose -f mesh.yaml --level probe
              isthmus diagnose isthmus-20261122T210503Z.snapshot
            """)

    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @OptionGroup(title: "Probing (level probe)") var probing: ProbeArguments
    @OptionGroup(title: "Judging") var judging: JudgeOptions
    @OptionGroup(title: "Report") var output: OutputOptions

    @Option(help: ArgumentHelp("Also write the facts, to be diagnosed elsewhere.", valueName: "file"), completion: .file())
    var snapshot: String?

    func run() async throws {
        // One word is no mesh: it takes a fleet project and two kubeconfigs.
        if mesh.file == nil, mesh.mesh.count == 1 { return try await diagnose(mesh.mesh[0]) }
        let collection = try Collection(mesh, probing, command: "diagnose", ascii: output.ascii)
        async let pending = collection.run()
        let judge = try judging.prepared()
        let collected = try await pending
        let facts = try collected.snapshot(schema: judge.judge.catalogue.schema, savedTo: snapshot)
        let context = ReportContext(
            duration: collected.seconds, snapshot: snapshot, failOnWarning: judging.failOn == .warning,
            brokenOff: collected.interruption?.description)
        let code = try await report(facts, judge, context, mesh: mesh.words, probing: probing.words)
        throw collected.interruption?.exitCode ?? code
    }

    private func diagnose(_ file: String) async throws {
        guard snapshot == nil else {
            throw ValidationError("--snapshot writes what was collected, and \(file) was collected already")
        }
        let (judge, facts) = try await judging.prepared(toJudge: file)
        let context = ReportContext(snapshot: file, failOnWarning: judging.failOn == .warning)
        // A snapshot does not say how its mesh was named.
        throw try await report(facts, judge, context, mesh: "-f mesh.yaml")
    }

    private func report(_ facts: Snapshot, _ judge: PreparedJudge, _ context: ReportContext, mesh: String, probing: String = "")
        async throws
        -> ExitCode
    {
        let judgement = try await judge.judge(facts)
        let diagnosing = DiagnosisContext(schema: judge.judge.catalogue.schema, mesh: mesh, probing: probing)
        try output.reporter(diagnosing: diagnosing).write(judgement, context)
        return ExitCode(context.outcome(of: judgement).exitCode)
    }
}

extension ProbeArguments {
    /// The words that run pods as these do, where that is not the default, quoted for a shell.
    var words: String {
        var words = probeImage == ProbeOptions.defaultImage ? [] : ["--probe-image", probeImage]
        for secret in probePullSecret { words += ["--probe-pull-secret", secret] }
        for taint in probeToleration { words += ["--probe-toleration", taint] }
        for label in probeNodeSelector { words += ["--probe-node-selector", label] }
        return words.map(\.shellWord).joined(separator: " ")
    }
}

extension MeshOptions {
    /// The words that name the mesh on a command line, quoted for a shell, with what it takes to ask it.
    var words: String {
        var words = file.map { ["-f", $0] } ?? mesh
        if let revision { words += ["--revision", revision] }
        for program in allowExec { words += ["--allow-exec", program] }
        if let googleCredentials { words += ["--google-credentials", googleCredentials] }
        if let googleTokenFile { words += ["--google-token-file", googleTokenFile] }
        return words.map(\.shellWord).joined(separator: " ")
    }
}
