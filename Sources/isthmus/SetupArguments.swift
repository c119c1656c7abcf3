import ArgumentParser
import Facts
import Foundation
import HTTP
import Judge
import Kubernetes
import Mesh
import Setup

/// Which mesh is set up, how, and how it is looked at: the same for every command of `isthmus setup`.
struct SetupArguments: ParsableArguments {
    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @OptionGroup(title: "Probing (level probe, setup's own)") var probing: ProbeArguments
    @OptionGroup(title: "Judging") var judging: JudgeOptions

    @Option(help: "Who installs the gateway: native (server-side apply), or istioctl, the guide's own way.")
    var installer: SetupOptions.Installer = .native

    @Option(help: "Who makes the remote secrets: native, or asmcli (asmcli create-mesh).")
    var discovery: SetupOptions.Discovery = .native

    @Option(
        help: ArgumentHelp(
            "A host that the gateways expose, as *.sample.svc.cluster.local; repeatable. By default *.local, every service.",
            valueName: "host"))
    var expose: [String] = []

    @Option(help: ArgumentHelp("Only this step: register, network, gateway, expose, discovery; repeatable.", valueName: "step"))
    var step: [SetupStep] = []

    @Flag(help: "Register clusters that are in no fleet: gcloud container fleet memberships register.") var register = false

    @Option(
        help: ArgumentHelp(
            "Take this field over from its manager, as the plan names it: .spec.type; repeatable.", valueName: "path"))
    var takeOver: [String] = []

    func validate() throws {
        guard judging.only.isEmpty, judging.skip.isEmpty else {
            throw ValidationError(
                "--only and --skip: setup is gated by every check. What you know and accept goes into a file: --accept FILE")
        }
        if let host = expose.first(where: { $0.isEmpty || $0.contains(where: \.isWhitespace) }) {
            throw ValidationError("--expose: \"\(host)\" is no host")
        }
    }

    func options() -> SetupOptions {
        var options = SetupOptions()
        options.installer = installer
        options.discovery = discovery
        if !expose.isEmpty { options.expose = expose }
        if !step.isEmpty { options.steps = SetupStep.allCases.filter(step.contains) }
        if register, !options.steps.contains(.register) { options.steps.insert(.register, at: 0) }
        options.takeOver = takeOver
        return options
    }

    /// The mesh as it was named, for the next command.
    func arguments(plan: String?) -> String {
        let named = mesh.file.map { ["-f", $0] } ?? mesh.mesh
        return (named + (plan.map { ["--plan", $0] } ?? [])).map(Self.quoted).joined(separator: " ")
    }

    /// For a POSIX shell.
    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || "-_./:=@%+,".utf8.contains(byte)
            }
        return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }

    /// Looks at the clusters as preflight does, at level probe where nothing else is said, and judges what is seen, as far as it gates
    /// a step.
    func look(command: String, ascii: Bool) async throws -> (Snapshot, Judgement) {
        let collection = try Collection(mesh, probing, command: command, ascii: ascii, defaultLevel: .probe)
        async let pending = collection.run()
        let judge = try judging.prepared(Gates.selection)
        let collected = try await pending
        if let interruption = collected.interruption { throw interruption.exitCode }
        let snapshot = try collected.snapshot(schema: judge.judge.catalogue.schema, savedTo: nil)
        return (snapshot, try await judge.judge(snapshot))
    }

    /// Looks, then plans.
    ///
    /// - Parameter journal: names the run with which an apply would go on; without it the plan is that of a new run.
    func planned(
        command: String, ascii: Bool, _ options: SetupOptions, _ clients: [String: KubernetesClient],
        _ journal: JournalArguments? = nil
    ) async throws -> (plan: SetupPlan, journal: JournalChoice) {
        let (snapshot, judgement) = try await look(command: command, ascii: ascii)
        let planner = Planner(mesh: try mesh.declaration(), options: options, clients: clients, version: Version.current)
        let choice = try journal?.choice(mesh: planner.identity(snapshot).id) ?? JournalChoice()
        let plan = try await planner.plan(
            snapshot, judgement, now: Int(Date().timeIntervalSince1970), resuming: choice.unfinished)
        let seen = plan.clusters.filter { !$0.uid.isEmpty }.map(JournalBeginning.Cluster.init)
        try usingJournal { () throws(JournalError) in try choice.unfinished?.check(mesh: plan.mesh.id, seen) }
        return (plan, choice)
    }

    /// The same with clients of its own.
    func planned(command: String, ascii: Bool, _ journal: JournalArguments? = nil) async throws -> SetupPlan {
        try await mesh.withClients(try mesh.declaration()) { clients in
            try await planned(command: command, ascii: ascii, options(), clients, journal).plan
        }
    }
}

extension MeshOptions {
    /// Gives a client for every cluster whose kubeconfig can be used; the others are told of by what is seen of them.
    func withClients<Result>(
        _ declaration: MeshDeclaration, _ body: ([String: KubernetesClient]) async throws -> Result
    ) async throws -> Result {
        let http = HTTPClient(userAgent: "isthmus/\(Version.current)")
        defer { http.shutdown() }
        let plugins = ExecCache(trust: ExecTrust(allowed: allowExec))
        var clients: [String: KubernetesClient] = [:]
        for cluster in declaration.clusters {
            guard let access = try? Kubeconfig.load(.file(cluster.kubeconfig)).resolve(context: cluster.context) else { continue }
            clients[cluster.name] = KubernetesClient(
                access: access, http: http, timeout: .seconds(Swift.max(timeout, 30)), plugins: plugins)
        }
        return try await body(clients)
    }
}

extension SetupStep: ExpressibleByArgument {}
extension SetupOptions.Installer: ExpressibleByArgument {}
extension SetupOptions.Discovery: ExpressibleByArgument {}
