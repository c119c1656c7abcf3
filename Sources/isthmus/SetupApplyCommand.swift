import ArgumentParser
import Facts
import Foundation
import Judge
import Kubernetes
import Mesh
import Report
import Setup

/// `isthmus setup apply`: does what a plan says.
struct SetupApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make the clusters one mesh, step by step, as the plan says.",
        discussion: """
            Shows the plan, asks, and applies it to all clusters at once: network, gateway, services exposed, then, once every \
            cluster is ready for it, endpoint discovery. Every act stands in a journal before it is done: a run that was broken off \
            is continued by the next apply, and taken back by isthmus setup undo. Where nothing is left to do nothing is written. \
            For example:
              isthmus setup apply -f mesh.yaml
              isthmus setup apply -f mesh.yaml --plan plan.json --yes

            Exit codes: 0 everything is done; 3 the plan cannot be applied, or a step failed; 4 something is not known \
            (--despite-unknown goes on); 64 wrong usage; 65 bad input; 130 broken off.
            """)

    @OptionGroup var setup: SetupArguments
    @OptionGroup(title: "Applying") var applying: ApplyingArguments
    @OptionGroup(title: "Applying") var journal: JournalArguments

    @Option(
        help: ArgumentHelp(
            "Apply this saved plan, and nothing else: refuses where the world has moved since.", valueName: "file"),
        completion: .file())
    var plan: String?

    @Flag(help: "Go on although something could not be observed; what is known to be wrong still stops it.")
    var despiteUnknown = false

    @Option(help: ArgumentHelp("Seconds to wait for each of: pods ready, an address, peers taken up.", valueName: "seconds"))
    var wait: Int = 600

    @Option(help: ArgumentHelp("For --installer istioctl: the istioctl to run.", valueName: "path"), completion: .file())
    var istioctl: String = "istioctl"

    @Option(
        help: ArgumentHelp(
            "For --installer istioctl: a script as gen-eastwest-gateway.sh, instead of what isthmus writes.", valueName: "file"),
        completion: .file())
    var gatewayScript: String?

    @Option(help: ArgumentHelp("For --discovery asmcli: the asmcli to run.", valueName: "path"), completion: .file())
    var asmcli: String = "asmcli"

    @Option(help: ArgumentHelp("For --register: the gcloud to run.", valueName: "path"), completion: .file())
    var gcloud: String = "gcloud"

    @Flag(name: .shortAndLong, help: "Show every gate that is not known, with its reason.") var verbose = false
    @Flag(help: "Use no characters but ASCII.") var ascii = false

    func validate() throws {
        try applying.validate("applied")
        guard (1...86_400).contains(wait) else { throw ValidationError("--wait must be at least 1 and at most 86400 seconds") }
    }

    func run() async throws {
        let declaration = try setup.mesh.declaration()
        let saved = try plan.map { try readPlan($0) }
        let options = saved?.options ?? setup.options()
        try await setup.mesh.withClients(declaration) { clients in
            // What is there already is seen without a pod, so that a second apply writes nothing at all.
            let first = try await planned(options, clients, level: setup.mesh.level ?? .read)
            if first.plan.isDone, first.journal.unfinished == nil {
                let names = first.plan.clusters.map(\.name).joined(separator: ", ")
                print(visible("nothing to do: all \(first.plan.count(.leave)) objects are as wanted in \(names)"))
                SetupSession.sayWhatIsNotProved(mesh: setup.mesh.file)
                return
            }
            let (plan, chosen) = setup.mesh.level == nil ? try await planned(options, clients, level: .probe) : first
            try refuse(plan, saved, chosen)
            try applying.agree(to: "Apply this plan")
            let programs = try programs(options, plan)
            let session = SetupSession(
                targets: try SetupSession.targets(declaration, clients, plan.clusters.map(\.name)),
                place: JournalArguments.place(mesh: plan.mesh.id), file: chosen.file, ascii: ascii)
            try await session.apply(
                plan, wait: .seconds(wait), programs: programs, despiteUnknown: despiteUnknown, file: setup.mesh.file
            ) {
                try await gates(plan, options, clients)
            }
        }
    }

    private var consent: ApplyConsent {
        ApplyConsent(isDespiteUnknown: despiteUnknown, isWithoutProbes: setup.mesh.level == .read)
    }

    // MARK: Plan

    private func planned(
        _ options: SetupOptions, _ clients: [String: KubernetesClient], level: LevelArgument
    ) async throws -> (plan: SetupPlan, journal: JournalChoice) {
        var setup = setup
        setup.mesh.level = level
        return try await setup.planned(command: "setup apply", ascii: ascii, options, clients, journal)
    }

    /// What stands of endpoint discovery now; nothing else is to come any more.
    private func gates(_ plan: SetupPlan, _ options: SetupOptions, _ clients: [String: KubernetesClient]) async throws -> [Gate] {
        var setup = setup
        setup.mesh.level = setup.mesh.level ?? .probe
        let (_, judgement) = try await setup.look(command: "setup apply", ascii: ascii)
        let names = plan.clusters.map(\.name), gates = Gates.of(names, judgement)
        let all = names.flatMap { gates[$0] ?? [] }
        var seen: Set<Gate> = []
        return all.filter { seen.insert($0).inserted && !consent.covers($0) }
    }

    private func readPlan(_ path: String) throws -> SetupPlan {
        do {
            return try PlanFile.decode(try Data(contentsOf: URL(filePath: path)), name: path)
        } catch let error as PlanFileError {
            throw InputError("\(error)")
        } catch {
            throw InputError("\(path): cannot be read: \(error.localizedDescription)")
        }
    }

    private func say(_ plan: SetupPlan) {
        print(
            PlanReport(plan, apply: setup.arguments(plan: self.plan), verbose: verbose).render(on: medium(ascii)), terminator: "")
    }

    /// Shows the plan; ends here where it cannot be applied, or is not the saved one any more.
    private func refuse(_ plan: SetupPlan, _ saved: SetupPlan?, _ journal: JournalChoice) throws {
        say(plan)
        if let saved {
            let moved = saved.allowing(for: plan, made: journal.made).whatMoved(plan)
            for movement in moved {
                complain(visible("\(movement.cluster.isEmpty ? "" : "\(movement.cluster): ")\(movement.words)"))
            }
            if !moved.isEmpty {
                complain(
                    "the saved plan is not applied: the world has moved since it was made; nothing was changed. Make it anew with isthmus setup plan --save"
                )
                throw ExitCode(3)
            }
        }
        if plan.outcome == .stopped {
            complain("nothing was changed: the plan cannot be applied as it is")
            throw ExitCode(3)
        }
        if consent.isMissing(for: plan) {
            complain("nothing was changed: something could not be observed. Mend that, or accept it: --despite-unknown")
            throw ExitCode(4)
        }
    }

    private func programs(_ options: SetupOptions, _ plan: SetupPlan) throws -> SetupPrograms {
        var programs = SetupPrograms()
        let environment = ProcessInfo.processInfo.environment
        do throws(SetupFailure) {
            if options.installer == .istioctl {
                programs.istioctl = try UserProgram(istioctl, option: "--istioctl", environment: environment)
                if let gatewayScript {
                    programs.gatewayScript = try UserProgram(
                        gatewayScript.contains("/") ? gatewayScript : "./\(gatewayScript)", option: "--gateway-script",
                        environment: environment)
                }
            }
            if options.discovery == .asmcli {
                programs.asmcli = try UserProgram(asmcli, option: "--asmcli", environment: environment)
            }
            if plan.acts.contains(where: { $0.step == .register && $0.verb.writes }) {
                programs.gcloud = try UserProgram(gcloud, option: "--gcloud", environment: environment)
            }
        } catch {
            throw InputError("\(error.problem); \(error.remedy)")
        }
        return programs
    }
}

/// What apply and undo have in common on the command line.
struct ApplyingArguments: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

    /// Whoever cannot be asked must have said yes.
    func validate(_ participle: String) throws {
        guard yes || isatty(0) == 1 else {
            throw ValidationError("there is no terminal on which to ask whether the plan is to be \(participle): say --yes")
        }
    }

    /// - Throws: `ExitCode` 0 where the user says no: nothing was changed.
    func agree(to question: String) throws {
        guard !yes else { return }
        FileHandle.standardError.write(Data("\(question)? [y/N] ".utf8))
        guard let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased(), ["y", "yes"].contains(answer) else {
            complain("nothing was changed")
            throw ExitCode(0)
        }
    }
}

/// Standard output as it is.
func medium(_ ascii: Bool) -> Medium {
    Medium.detect(descriptor: 1, environment: ProcessInfo.processInfo.environment, ascii: ascii)
}
