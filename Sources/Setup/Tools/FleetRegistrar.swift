internal import Foundation
internal import Kubernetes
internal import Secrecy

/// Registers a cluster to its fleet with the user's gcloud, and takes that back.
struct FleetRegistrar: Sendable {
    let gcloud: UserProgram
    let report: @Sendable (SetupEvent) -> Void

    /// As the journal names it.
    static let program = "gcloud"

    /// Runs gcloud as the act says, and holds its word against the object that a registration leaves in the cluster.
    ///
    /// - Returns: whether the cluster is registered now that was not before.
    func register(_ act: Act, _ performer: ActPerformer) async throws(SetupFailure) -> Bool {
        var record = ProgramRecord(performer: performer, act: act.id, program: Self.program, desired: act.desired)
        try await record.begin([act.object])
        report(.doing(cluster: act.object.cluster, act.verb, act.object))
        let outcome = try await run(act.desired["register"], in: act.object.cluster)
        let isChanged = try await record.end()
        guard outcome.code == 0 else { throw failure(act.object, outcome) }
        guard isChanged else {
            throw SetupFailure(
                cluster: act.object.cluster, object: act.object.words,
                "gcloud ended well, and the cluster has no object membership: gcloud registered another cluster",
                remedy: "gcloud container fleet memberships list --project=\(act.desired["fleet"]?.string ?? "FLEET")")
        }
        report(.did(cluster: act.object.cluster, act.verb, act.object))
        return true
    }

    /// - Parameter desired: the act's, as the journal has it.
    func unregister(_ object: ObjectReference, _ desired: JSONValue) async throws(SetupFailure) {
        let outcome = try await run(desired["unregister"], in: object.cluster)
        guard outcome.code == 0 else { throw failure(object, outcome) }
    }

    private func run(_ arguments: JSONValue?, in cluster: String) async throws(SetupFailure) -> UserProgram.Outcome {
        let words = (arguments?.array ?? []).compactMap(\.string)
        return try await gcloud.run(words) { [report] in report(.output(cluster: cluster, line: $0)) }
    }

    // MARK: How it fails

    private func failure(_ object: ObjectReference, _ outcome: UserProgram.Outcome) -> SetupFailure {
        let text = outcome.text
        let meaning: (String, String) =
            if text.contains("PERMISSION_DENIED") || text.contains("does not have permission") {
                ("its account may not register clusters", "grant it roles/gkehub.admin on the fleet host project")
            } else if text.contains("SERVICE_DISABLED") || text.contains("has not been used in project") {
                ("the API of fleets is off", "gcloud services enable gkehub.googleapis.com --project=FLEET_PROJECT")
            } else if text.contains("gcloud auth login") || text.contains("active account selected") {
                ("gcloud has no credential", "gcloud auth login")
            } else if text.contains("already exists") || text.contains("ALREADY_EXISTS") {
                (
                    "the fleet has a membership of this name for another cluster",
                    "gcloud container fleet memberships list; give the cluster another name in mesh.yaml"
                )
            } else {
                ("it failed", "its lines above say why")
            }
        return SetupFailure(
            cluster: object.cluster, object: object.words,
            "gcloud ended with code \(outcome.code): \(meaning.0): \(outcome.lastLines)", remedy: meaning.1)
    }
}
