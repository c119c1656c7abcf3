internal import Foundation
internal import Kubernetes
internal import Mesh
internal import Secrecy
internal import TLS

/// Makes the remote secrets the guide's way: `asmcli create-mesh FLEET_PROJECT KUBECONFIG…`.
struct AsmcliDiscovery: Sendable {
    let asmcli: UserProgram
    let performers: [ActPerformer]
    let mesh: MeshIdentity

    func createMesh() async throws(SetupFailure) {
        guard let first = performers.first else { return }
        for performer in performers { try checkContext(performer.target) }
        var records: [ProgramRecord] = []
        for performer in performers {
            var record = ProgramRecord(performer: performer, act: "\(performer.target.name)/discovery/asmcli", program: "asmcli")
            try await record.begin(secrets(in: performer.target))
            records.append(record)
        }
        let arguments = ["create-mesh", mesh.fleetProject] + performers.map(\.target.kubeconfig)
        let report = first.report
        let outcome = try await uninterrupted { [asmcli] () async throws(SetupFailure) in
            try await asmcli.run(arguments) { report(.output(cluster: "", line: $0)) }
        }
        for record in records { _ = try await record.end() }
        guard outcome.code == 0 else {
            throw SetupFailure(
                cluster: "", "asmcli create-mesh ended with code \(outcome.code): \(outcome.lastLines)",
                remedy: "its lines above say why; start isthmus setup apply again, or leave out --discovery asmcli")
        }
    }

    /// asmcli takes no context: it works on each file's current one.
    private func checkContext(_ target: SetupTarget) throws(SetupFailure) {
        let current: String
        do throws(KubeconfigError) { current = try Kubeconfig.load(.file(target.kubeconfig)).currentContext } catch {
            throw SetupFailure(cluster: target.name, "\(error)")
        }
        guard current == target.context else {
            throw SetupFailure(
                cluster: target.name,
                "asmcli would work on the current context of \(printable(target.kubeconfig)), \(printable(current)), and the mesh has "
                    + "\(printable(target.context))",
                remedy: "kubectl config use-context \(printable(target.context)) --kubeconfig \(printable(target.kubeconfig))")
        }
    }

    /// What it makes in a cluster: the token's Secret, and a remote secret for every other one.
    private func secrets(in target: SetupTarget) -> [ObjectReference] {
        let others = performers.map(\.target).filter { $0.name != target.name }
        let names = others.map { MeshConstants.remoteSecretPrefix + Self.name(context: $0.context) }
        return ([RemoteSecretManifest.tokenSecret] + names).map {
            ObjectReference(
                cluster: target.name, apiVersion: "v1", kind: "Secret", namespace: MeshConstants.systemNamespace, name: $0)
        }
    }

    /// The name that asmcli gives a cluster, after its context (release 1.24, `generate_secret_name`).
    static func name(context: String) -> String {
        let name = String(context.map { "_.@:".contains($0) ? "-" : $0 })
        guard name.utf8.count > 63 else { return name }
        return "\(name.prefix(42))-\(sha256Hex(Data(name.utf8)).prefix(20))"
    }
}
