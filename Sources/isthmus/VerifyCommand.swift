import ArgumentParser
import Collect
import Facts
import Foundation
import Judge
import Report

/// `isthmus verify`: the proofs that traffic crosses, for every ordered pair of clusters.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove for every ordered pair of clusters that mutual TLS crosses; each proof says what it leaves open.",
        discussion: """
            1 Gateway handshake: a TLS hello without any key to each gateway, for a real service and for a name that nobody has.
            2 Identity, with --with-ca-key: client certificates signed with each cluster's own key are shown to a service of each other \
            cluster, and impostors that must be refused. Nothing is deployed.
            3 Workloads, with --level mutate: in each cluster a server and a client, both with a sidecar, in the namespace isthmus-verify, for \
            as long as it takes. Every client calls every server by its own name and by the name that all share; a pod without a sidecar \
            must be refused.
            For example:
              isthmus verify -f mesh.yaml
              isthmus verify -f mesh.yaml --level mutate --failover
              isthmus verify -f mesh.yaml --with-ca-key -o human -o junit=proofs.xml
            """)

    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @OptionGroup(title: "Probing (level probe)") var probing: ProbeArguments
    @OptionGroup(title: "Judging") var judging: JudgeOptions
    @OptionGroup(title: "Report") var output: OutputOptions

    @Flag(
        help: ArgumentHelp(
            "Read the key with which each cluster's istiod signs (Secret cacerts) into memory, to issue certificates for the identity proof.",
            discussion:
                "Whoever holds that key can be anybody in the mesh. It is written nowhere; certificates end within ten minutes; the report says that it was used."
        ))
    var withCAKey = false

    @Flag(
        help:
            "With --level mutate: take each cluster's server away in turn; under the shared name the others must answer all clients."
    )
    var failover = false

    @Option(help: ArgumentHelp("Also write the facts, for isthmus judge.", valueName: "file"), completion: .file())
    var snapshot: String?

    func validate() throws {
        guard !failover || mesh.level == .mutate else {
            throw ValidationError("--failover takes away servers that isthmus deployed: it needs --level mutate")
        }
    }

    func run() async throws {
        let reporter = try output.reporter()
        let collection = try Collection(
            mesh, probing, command: "verify", ascii: output.ascii, withCAKey: withCAKey, failover: failover)
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
