import ArgumentParser
import Collect
import Foundation
import HTTP
import Kubernetes
import Setup

/// `isthmus cleanup`: removes what probes and test workloads left.
struct CleanupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup", abstract: "Remove what probes and test workloads that were broken off left in the clusters.",
        discussion: """
            Every run removes what it made, and what dead runs left. This does the same without a run. Objects of a run that may \
            still be going on elsewhere are kept, and named. Exit code: 0 nothing is left that should go; 1 something could not be \
            removed.
            """)

    @OptionGroup(title: "Mesh") var mesh: MeshOptions
    @Flag(help: "Also remove what belongs to runs that may still be going on.") var force = false

    func run() async throws {
        let http = HTTPClient(userAgent: "isthmus/\(Version.current)")
        defer { http.shutdown() }
        let options = CollectOptions(
            timeout: .seconds(mesh.timeout), allowExec: mesh.allowExec, toolVersion: Version.current, command: "cleanup")
        let outcomes = await ProbeCleanup(mesh: try mesh.declaration(), http: http, options: options).clean(force: force)
        for outcome in outcomes {
            if outcome.removed.isEmpty, outcome.kept.isEmpty, outcome.problem.isEmpty {
                print("\(outcome.cluster): nothing to remove")
            }
            for object in outcome.removed { print("\(outcome.cluster): removed \(object)") }
            for object in outcome.kept { print("\(outcome.cluster): kept \(object) (--force removes it)") }
            if !outcome.problem.isEmpty { complain("\(outcome.cluster): \(outcome.problem)") }
        }
        if outcomes.contains(where: { !$0.problem.isEmpty }) { throw ExitCode(1) }
    }
}

/// `isthmus rbac`: the roles that a level takes.
struct RBACCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rbac", abstract: "Print the roles that a level of isthmus takes, for kubectl apply -f -.",
        discussion: """
            For example: isthmus rbac --level probe --user ci@example.com | kubectl apply -f -
            Level probe takes level read's roles, a namespace for the pods, and a role in it alone; level mutate the same again for the \
            test workloads. Setup takes level probe's, and what --setup prints beside them: what plan, apply and undo do, and no more.
            """)

    @Option(help: "read, probe or mutate; by default read, with --setup probe, at which setup looks.") var level: LevelArgument?
    @Flag(help: "Also what isthmus setup plan, apply and undo take.") var setup = false
    @Option(help: ArgumentHelp("Bind the roles to this user; may be given more than once.", valueName: "name")) var user:
        [String] = []
    @Option(help: ArgumentHelp("Bind the roles to this group; may be given more than once.", valueName: "name"))
    var group: [String] = []
    @Option(
        help: ArgumentHelp("Bind the roles to this service account; may be given more than once.", valueName: "namespace/name"))
    var serviceAccount: [String] = []

    func validate() throws {
        _ = try subjects()
    }

    private func subjects() throws -> [RoleSubject] {
        let accounts = try serviceAccount.map { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts.contains("") else {
                throw ValidationError("--service-account: \"\(text)\" is not NAMESPACE/NAME")
            }
            return RoleSubject.serviceAccount(namespace: parts[0], name: parts[1])
        }
        let all = user.map { RoleSubject.user($0) } + group.map { RoleSubject.group($0) } + accounts
        return all.isEmpty ? [.group("isthmus")] : all
    }

    func run() throws {
        let level = level.flatMap { Collect.Level(rawValue: $0.rawValue) } ?? (setup ? .probe : .read)
        print(Roles.yaml(level, for: try subjects()), terminator: "")
        if setup { print(SetupRoles.yaml(for: try subjects()), terminator: "") }
    }
}

/// `isthmus probe-images`: what a registry without a way out has to hold.
struct ProbeImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe-images", abstract: "Print the images that pods of levels probe and mutate run, to be mirrored.",
        discussion: "A mirrored image is named by --probe-image.")

    func run() { print(ProbeOptions.defaultImage) }
}
