import ArgumentParser
import Foundation
import Kubernetes
import Mesh
import Report
import Setup

/// `isthmus setup undo`: takes back what a run of apply did.
struct SetupUndoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Take back exactly what a run of setup apply did.",
        discussion: """
            Works from the run's journal: deletes what the run created, by uid, and puts back the fields that it changed. Shows first \
            what that is, and asks. What somebody has changed since stays as it is, and stops the whole, unless --keep-changed says \
            to undo the rest. For example:
              isthmus setup undo -f mesh.yaml
              isthmus setup undo -f mesh.yaml --journal ~/.local/state/isthmus/proj-1/20261123-043001-k3x9ab.journal

            Exit codes: 0 undone; 3 something could not be undone; 64 wrong usage; 65 bad input; 130 broken off.
            """)

    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @OptionGroup(title: "Undoing") var applying: ApplyingArguments
    @OptionGroup(title: "Undoing") var journal: JournalArguments
    @Option(help: ArgumentHelp("For clusters that were registered: the gcloud to run.", valueName: "path"), completion: .file())
    var gcloud: String = "gcloud"

    @Flag(help: "Leave what somebody changed since, and undo the rest.") var keepChanged = false
    @Flag(help: "Use no characters but ASCII.") var ascii = false

    func validate() throws { try applying.validate("undone") }

    func run() async throws {
        let declaration = try mesh.declaration()
        try await mesh.withClients(declaration) { clients in
            let file = try journal.file ?? newest(declaration)
            let contents = try usingJournal { () throws(JournalError) in try JournalContents(file) }
            if contents.ending == .undone {
                print("run \(contents.beginning.run) is undone already")
                return
            }
            let names = contents.clusters.keys.sorted()
            for name in names where !declaration.clusters.contains(where: { $0.name == name }) {
                throw InputError(
                    "\(name): run \(contents.beginning.run) worked on it, and it is not declared: declare it, so that it is undone there as well"
                )
            }
            let targets = try SetupSession.targets(declaration, clients, names)
            let session = SetupSession(
                targets: targets, place: JournalArguments.place(mesh: contents.beginning.mesh), file: file, ascii: ascii)
            let run = try await session.open(contents.beginning.mesh, try await identities(targets))
            let plan = try await session.undoPlan(run)
            show(plan)
            if !plan.refused.isEmpty, !keepChanged {
                complain("nothing was changed: --keep-changed leaves these as they are and undoes the rest")
                throw ExitCode(3)
            }
            let programs = try programs(plan)
            if plan.writes { try applying.agree(to: "Undo this") }
            try await session.undo(plan, run, programs)
        }
    }

    private func programs(_ plan: UndoPlan) throws -> SetupPrograms {
        var programs = SetupPrograms()
        guard plan.unregisters else { return programs }
        do throws(SetupFailure) {
            programs.gcloud = try UserProgram(gcloud, option: "--gcloud", environment: ProcessInfo.processInfo.environment)
        } catch {
            throw InputError("\(error.problem); \(error.remedy)")
        }
        return programs
    }

    /// The newest journal of a run on these clusters.
    private func newest(_ declaration: MeshDeclaration) throws -> URL {
        let all = JournalPlace.all(environment: ProcessInfo.processInfo.environment, home: NSHomeDirectory())
        let names = Set(declaration.clusters.map(\.name))
        for file in all {
            let contents = try usingJournal { () throws(JournalError) in try JournalContents(file) }
            if contents.ending != .undone, !names.isDisjoint(with: contents.clusters.keys) { return file }
        }
        throw InputError("there is no journal of a run on these clusters that is not undone; --journal FILE names one")
    }

    /// What each cluster is, whatever its kubeconfig is called.
    private func identities(_ targets: [SetupTarget]) async throws -> [JournalBeginning.Cluster] {
        var clusters: [JournalBeginning.Cluster] = []
        for target in targets {
            do throws(KubernetesError) {
                let namespace = try await target.client.findMetadata(
                    Resource.namespaces.path(name: "kube-system"), as: JSONValue.self)
                clusters.append(
                    .init(
                        name: target.name, uid: namespace?["metadata"]?["uid"]?.string ?? "",
                        server: target.client.access.server.url))
            } catch {
                complain(visible("\(error)"))
                throw ExitCode(3)
            }
        }
        return clusters
    }

    private func show(_ plan: UndoPlan) {
        print("run \(plan.run)")
        for item in plan.items {
            let words =
                switch item.action {
                case .delete where item.isRegistration: "gcloud    takes the cluster out of the fleet again"
                case .delete: "delete    \(item.object.words)"
                case .restore(let paths): "put back  \(item.object.words): \(paths.joined(separator: ", "))"
                case .nothing(let why): "nothing   \(item.object.words): \(why)"
                case .refuse(let why): "REFUSED   \(item.object.words): \(why)"
                }
            print(visible("\(item.object.cluster): \(words)"))
        }
    }
}
