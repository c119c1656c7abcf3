import ArgumentParser
import Foundation
import Judge
import Kubernetes
import Mesh
import Report
import Setup

/// One run of apply or undo on the command line: journal, Leases, progress on standard error, summary on standard output.
struct SetupSession: Sendable {
    let targets: [SetupTarget]
    let place: JournalPlace
    /// The journal to go on with, or to begin; by default a new one in its place.
    let file: URL?
    let ascii: Bool

    /// The clusters that were declared and can be reached, in the order of their names.
    static func targets(
        _ declaration: MeshDeclaration, _ clients: [String: KubernetesClient], _ names: [String]
    ) throws -> [SetupTarget] {
        try names.map { name in
            guard let client = clients[name], let declared = declaration.clusters.first(where: { $0.name == name }) else {
                throw InputError("\(name): its kubeconfig cannot be used")
            }
            return SetupTarget(name: name, client: client, kubeconfig: declared.kubeconfig, context: client.access.context)
        }
    }

    // MARK: Apply

    /// - Throws: `ExitCode` unless everything is done.
    func apply(
        _ plan: SetupPlan, wait: Duration, programs: SetupPrograms, despiteUnknown: Bool, file meshFile: String?,
        gates: @escaping @Sendable () async throws -> [Gate]
    ) async throws {
        let run = try await open(plan.mesh.id, plan.clusters.map(JournalBeginning.Cluster.init))
        let result = try await untilInterrupted { [self] () -> Swift.Result<ApplyOutcome, SetupFailure> in
            do throws(SetupFailure) {
                return .success(
                    try await holding(run) { leases in
                        await Applier(
                            plan: plan, targets: targets, run: run, leases: leases, options: .init(wait: wait),
                            programs: programs,
                            gates: gates, report: tell
                        ).apply()
                    })
            } catch {
                return .failure(error)
            }
        }
        switch result.result {
        case .failure(let failure):
            fail(failure)
            if let interruption = result.interruption { throw interruption.exitCode }
            throw ExitCode(3)
        case .success(let outcome):
            if outcome.isComplete { try await end(run, .complete) }
            summarize(outcome, run, meshFile)
            if let interruption = result.interruption { throw interruption.exitCode }
            if !outcome.isComplete {
                throw ExitCode(outcome.gates.isEmpty || outcome.gates.contains { $0.standing == .bad } ? 3 : 4)
            }
        }
    }

    static func sayWhatIsNotProved(mesh file: String?) {
        let mesh = Self.mesh(file)
        print("next: isthmus verify \(mesh)    # what is not proved yet: that requests cross, encrypted, both ways")
    }

    /// How the mesh is named in the next command.
    private static func mesh(_ file: String?) -> String { file.map { "-f \($0)" } ?? "..." }

    private func summarize(_ outcome: ApplyOutcome, _ run: SetupRun, _ meshFile: String?) {
        let mesh = Self.mesh(meshFile)
        for cluster in outcome.clusters {
            var words =
                "\(cluster.name): \(cluster.created) created, \(cluster.changed) changed, \(cluster.left) left as they are"
            if cluster.notDone > 0 { words += ", \(cluster.notDone) not done" }
            print(visible(words))
            if let failure = cluster.failure { fail(failure) }
        }
        if let failure = outcome.failure { fail(failure) }
        for gate in outcome.gates {
            complain(
                visible("endpoint discovery waits for \(gate.check) (\(gate.subject)): \(gate.status.rawValue): \(gate.message)"))
        }
        if !outcome.gates.isEmpty {
            complain("no remote secret was written anywhere: the clusters work as before. isthmus explain CHECK says what to do")
        }
        print("journal: \(run.journal.url.path)")
        if outcome.isComplete {
            print("Applied: every step is done")
            Self.sayWhatIsNotProved(mesh: meshFile)
        } else {
            print("next: isthmus setup apply \(mesh)    # goes on where this run stopped")
            print("  or: isthmus setup undo \(mesh)     # takes back what it did")
        }
    }

    // MARK: Undo

    /// - Returns: the plan of undoing, after what a crash left open has been looked at.
    func undoPlan(_ run: SetupRun) async throws -> UndoPlan {
        do throws(SetupFailure) {
            try await run.settle(targets)
            let contents = try journal(run)
            return try await UndoPlan.make(contents, targets)
        } catch {
            fail(error)
            throw ExitCode(3)
        }
    }

    private func journal(_ run: SetupRun) throws(SetupFailure) -> JournalContents {
        do throws(JournalError) { return try JournalContents(run.journal.url) } catch {
            throw SetupFailure(cluster: "", "\(error)")
        }
    }

    /// - Throws: `ExitCode` unless everything of the plan was undone.
    func undo(_ plan: UndoPlan, _ run: SetupRun, _ programs: SetupPrograms) async throws {
        let result = try await untilInterrupted { [self] () -> Swift.Result<[SetupFailure], SetupFailure> in
            do throws(SetupFailure) {
                return .success(
                    try await holding(run) { leases in
                        await Undoer(
                            plan: plan, targets: targets, run: run, leases: leases, programs: programs, report: tell
                        ).undo()
                    })
            } catch {
                return .failure(error)
            }
        }
        let failures: [SetupFailure]
        switch result.result {
        case .success(let some): failures = some
        case .failure(let failure): failures = [failure]
        }
        for failure in failures { fail(failure) }
        if let interruption = result.interruption {
            complain("broken off; isthmus setup undo goes on where it stopped")
            throw interruption.exitCode
        }
        guard failures.isEmpty else { throw ExitCode(3) }
        guard plan.refused.isEmpty else {
            complain("what somebody changed since was left as it is; its journal stays: \(run.journal.url.path)")
            throw ExitCode(3)
        }
        try await end(run, .undone)
        print("undone: nothing of run \(run.id) is left")
    }

    // MARK: Both

    func open(_ mesh: String, _ clusters: [JournalBeginning.Cluster]) async throws -> SetupRun {
        do throws(JournalError) {
            let run = try await SetupRun.open(file, place: place, mesh: mesh, clusters: clusters, version: Version.current)
            if run.resumed != nil { complain("going on with run \(run.id)") }
            return run
        } catch {
            if error.isBusy {
                complain("\(error)")
                throw ExitCode(3)
            }
            throw InputError("\(error)")
        }
    }

    private func end(_ run: SetupRun, _ ending: JournalEnding) async throws {
        do throws(JournalError) { try await run.journal.append(.end(ending)) } catch { throw InputError("\(error)") }
    }

    /// Works while the Leases of all clusters are held, after what a crash left open has been looked at.
    private func holding<Result: Sendable>(
        _ run: SetupRun, _ work: ([String: SetupLease]) async -> Result
    ) async throws(SetupFailure) -> Result {
        let leases = try await run.acquire(targets, place: place, tell)
        do throws(SetupFailure) {
            try await run.settle(targets)
            let result = await work(leases)
            await SetupRun.release(leases.values)
            return result
        } catch {
            await SetupRun.release(leases.values)
            throw error
        }
    }

    @Sendable private func tell(_ event: SetupEvent) {
        if let line = event.line { FileHandle.standardError.write(Data("\(visible(line))\n".utf8)) }
    }

    private func fail(_ failure: SetupFailure) {
        complain(visible(failure.description))
        if !failure.remedy.isEmpty { complain(visible("  \(failure.remedy)")) }
    }
}

extension SetupEvent {
    /// For standard error; `nil` where there is nothing to say.
    fileprivate var line: String? {
        switch self {
        case .waitingForRun(let cluster, let run):
            "\(cluster): waiting to see whether run \(run), which holds the Lease, is alive"
        case .step(let cluster, let step): "\(cluster): \(step.title)"
        case .doing: nil
        case .did(let cluster, let verb, let object): "\(cluster):   \(verb == .create ? "created" : "changed") \(object.words)"
        case .waiting(let cluster, let words): "\(cluster):   … \(words)"
        case .came(let cluster, let words): "\(cluster):   \(words)"
        case .output(let cluster, let line): cluster.isEmpty ? "| \(line)" : "\(cluster): | \(line)"
        case .failed: nil
        case .note(let words): words
        }
    }
}
