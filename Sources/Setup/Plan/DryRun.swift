import Kubernetes
import Mesh

/// Asks one cluster's server what applying an object would do, without doing it.
struct DryRun: Sendable {
    let client: KubernetesClient
    let cluster: String
    /// Paths of fields that may be taken over from their managers.
    let takeOver: Set<String>

    /// The act for an object that should be as `desired` says.
    ///
    /// - Parameter isNotListed: it did not stand in a list of its kind: then it is looked for only if the server says that it is there,
    ///   which saves a request for each of many.
    func act(
        _ step: SetupStep, _ desired: JSONValue, secret: RemoteSecretSource? = nil, isNotListed: Bool = false
    ) async -> Act {
        let object = ObjectReference(cluster: cluster, desired)
        var act = Act(step: step, object: object, verb: .unknown, desired: desired, secret: secret)
        do throws(KubernetesError) {
            if isNotListed, try await wouldMake(act) {
                act.verb = .create
                return act
            }
            let live = try await find(object)
            act.uid = live?["metadata"]?["uid"]?.string ?? ""
            act.resourceVersion = live?["metadata"]?["resourceVersion"]?.string ?? ""
            if live?["metadata"]?["deletionTimestamp"] != nil {
                act.verb = .refused
                act.reason = "it is being deleted; see what its finalizers wait for"
                return act
            }
            try await compare(live, &act)
        } catch {
            let refusal = Refusal(error)
            (act.verb, act.reason) = (refusal.verb, refusal.words)
        }
        return act
    }

    /// The object as it is; of a Secret without its data. `nil` where there is none.
    func find(_ object: ObjectReference) async throws(KubernetesError) -> JSONValue? {
        guard object.kind == "Secret" else { return try await client.find(object.path, as: JSONValue.self) }
        return try await client.findMetadata(object.path, as: JSONValue.self).map {
            ["kind": "Secret", "metadata": $0["metadata"] ?? .null]
        }
    }

    /// Whether applying makes the object anew. Where it would be in conflict with others, they have made it already.
    private func wouldMake(_ act: Act) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            return try await client.applyAndTell(
                act.object.path, act.desired, manager: Ownership.manager, dryRun: true, as: JSONValue.self
            ).isNew
        } catch {
            guard error.isConflict else { throw error }
            return false
        }
    }

    private func compare(_ live: JSONValue?, _ act: inout Act) async throws(KubernetesError) {
        let owners = live.map(FieldOwners.init)
        do throws(KubernetesError) {
            let made = try await apply(act, live, force: false)
            guard let live else { return act.verb = .create }
            act.fields = changes(live, made, nil)
            act.verb = act.fields.isEmpty ? .leave : .change
            if act.verb == .leave { act.reason = Self.owners(owners) }
        } catch {
            if waitsForRole(act, error) {
                act.fields = live.map { FieldDifference.missing(act.desired, in: $0) } ?? []
                act.verb = live == nil ? .create : act.fields.isEmpty ? .leave : .change
                act.reason = act.verb == .create ? "after its Role" : ""
                return
            }
            guard error.isConflict, let live, case .status(let status) = error.cause,
                status.details.causes.contains(where: { $0.reason == "FieldManagerConflict" })
            else { throw error }
            let fields = changes(live, try await apply(act, live, force: true), owners)
            act.fields = fields
            let foreign = fields.filter { !$0.owner.isEmpty }
            if !foreign.isEmpty, foreign.allSatisfy({ takeOver.contains($0.path) }) {
                act.verb = .change
            } else {
                act.verb = .conflict
                act.fields = foreign.isEmpty ? fields : foreign.filter { !takeOver.contains($0.path) }
                let managers = status.details.causes.compactMap(\.message)
                act.reason = managers.isEmpty ? "another manager owns what would change" : managers.joined(separator: "; ")
            }
        }
    }

    /// A server asks whether the giver of a role has its rights, and so looks at the role; a dry run of the role has not made it.
    private func waitsForRole(_ act: Act, _ error: KubernetesError) -> Bool {
        guard ["RoleBinding", "ClusterRoleBinding"].contains(act.object.kind), error.isNotFound,
            case .status(let status) = error.cause
        else { return false }
        return ["roles", "clusterroles"].contains(status.details.kind)
            && status.details.name == act.desired["roleRef"]?["name"]?.string
    }

    private func apply(_ act: Act, _ live: JSONValue?, force: Bool) async throws(KubernetesError) -> JSONValue {
        try await client.apply(
            act.object.path, Ownership.carrying(act.desired, from: live), manager: Ownership.manager, force: force, dryRun: true,
            as: JSONValue.self)
    }

    private func changes(_ live: JSONValue, _ made: JSONValue, _ owners: FieldOwners?) -> [FieldChange] {
        var made = made
        if live["kind"] == "Secret", let metadata = made["metadata"] {
            // Of the Secret that is there only the metadata were asked for.
            made = ["kind": "Secret", "metadata": metadata]
        }
        return FieldDifference.between(live, made, owners: owners)
    }

    /// Who made what is as wanted already.
    private static func owners(_ owners: FieldOwners?) -> String {
        let others = (owners?.managers ?? []).filter { $0 != Ownership.manager }
        return others.isEmpty ? "" : "owner: \(others.joined(separator: ", "))"
    }
}
