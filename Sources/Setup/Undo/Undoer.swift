internal import AtOnce
internal import Kubernetes
internal import Secrecy

/// Takes back what a run did, as its plan of undoing says.
package struct Undoer: Sendable {
    let plan: UndoPlan
    let targets: [String: SetupTarget]
    let run: SetupRun
    let leases: [String: SetupLease]
    /// Those of the user's that take back what they did.
    let programs: SetupPrograms
    /// How long objects may take to go.
    let wait: Duration
    let report: @Sendable (SetupEvent) -> Void

    package init(
        plan: UndoPlan, targets: [SetupTarget], run: SetupRun, leases: [String: SetupLease],
        programs: SetupPrograms = SetupPrograms(), wait: Duration = .seconds(120),
        report: @escaping @Sendable (SetupEvent) -> Void
    ) {
        self.plan = plan
        self.targets = Dictionary(targets.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        self.run = run
        self.leases = leases
        self.programs = programs
        self.wait = wait
        self.report = report
    }

    /// Undoes the plan, stage by stage, all clusters at once. What is refused stays as it is. After a failure no further stage is
    /// begun.
    ///
    /// - Returns: what went wrong.
    package func undo() async -> [SetupFailure] {
        for stage in UndoPlan.Stage.allCases {
            let items = plan.items.filter { $0.stage == stage }
            let clusters = Set(items.map(\.object.cluster)).sorted()
            let failures = await clusters.atOnce(limit: 32) { cluster -> SetupFailure? in
                do throws(SetupFailure) {
                    try await undo(items.filter { $0.object.cluster == cluster }, in: cluster)
                    return nil
                } catch {
                    report(.failed(error))
                    return error
                }
            }.compactMap(\.self)
            if !failures.isEmpty || Task.isCancelled { return failures }
        }
        return []
    }

    private func undo(_ items: [UndoPlan.Item], in cluster: String) async throws(SetupFailure) {
        guard let target = targets[cluster], let lease = leases[cluster] else {
            throw SetupFailure(cluster: cluster, "it is not among the clusters that were given")
        }
        for item in items {
            if Task.isCancelled { return }
            guard await lease.isHeld else {
                throw SetupFailure(
                    cluster: cluster, object: item.object.words, "the Lease is lost: another run has taken it",
                    remedy: "start isthmus setup undo again")
            }
            try await uninterrupted { () async throws(SetupFailure) in try await undo(item, target) }
        }
        for item in items {
            guard case .delete(let uid) = item.action, !Task.isCancelled else { continue }
            try await waitUntilGone(item, uid, target)
        }
    }

    private func undo(_ item: UndoPlan.Item, _ target: SetupTarget) async throws(SetupFailure) {
        switch item.action {
        case .refuse: return
        case .nothing(let why): try await writeDown(item, why)
        case .delete where item.isRegistration:
            try await programs.registrar(item.object, report).unregister(item.object, item.registration)
            try await writeDown(item, "unregistered")
            report(.came(cluster: target.name, words: "unregistered from the fleet"))
        case .delete(let uid):
            do throws(KubernetesError) {
                try await target.client.delete(item.object.path, preconditions: Preconditions(uid: uid))
            } catch {
                guard error.isNotFound || error.isConflict else {
                    throw SetupFailure(error, cluster: target.name, object: item.object.words)
                }
            }
            try await writeDown(item, "deleted")
            report(.came(cluster: target.name, words: "deleted \(item.object.words)"))
        case .restore(let paths):
            try await restore(item, target)
            try await writeDown(item, "restored \(paths.joined(separator: ", "))")
            report(.came(cluster: target.name, words: "put back \(item.object.words): \(paths.joined(separator: ", "))"))
        }
    }

    private func writeDown(_ item: UndoPlan.Item, _ how: String) async throws(SetupFailure) {
        for line in item.lines { try await run.journal.write(.undone(line: line, how: how)) }
    }

    // MARK: Putting back

    /// Puts back the fields that the run changed, in the object as it is at this moment; then who owned them.
    private func restore(_ item: UndoPlan.Item, _ target: SetupTarget) async throws(SetupFailure) {
        guard let before = item.before else { return }
        do throws(KubernetesError) {
            guard let live = try await target.client.find(item.object.path, as: JSONValue.self) else { return }
            let data = try await formerData(item, target)
            var restoration = Restoration()
            let fields = restoration.fields(before: before.fields, after: item.after.fields, live: ObjectState(live).fields)
            guard restoration.conflicts.isEmpty, var members = fields.object, let metadata = members["metadata"] else { return }
            for key in ["apiVersion", "kind", "status"] { members[key] = live[key] }
            if live["kind"]?.string == "Secret" { members["data"] = data ?? live["data"] }
            var meta = live["metadata"]?.object ?? [:]
            meta["labels"] = metadata["labels"]
            meta["annotations"] = metadata["annotations"]
            members["metadata"] = .object(meta)
            let written = try await target.client.replace(
                item.object.path, .object(members), manager: Self.manager, as: JSONValue.self)
            let owners: JSONValue = [
                "metadata": [
                    "resourceVersion": written["metadata"]?["resourceVersion"] ?? .null,
                    "managedFields": .array(Self.owners(before, written)),
                ]
            ]
            _ = try await target.client.merge(item.object.path, owners, manager: Self.manager, as: JSONValue.self)
        } catch {
            throw SetupFailure(error, cluster: target.name, object: item.object.words)
        }
    }

    private static let manager = "isthmus-undo"

    /// Who owned which field before, and who came since; without isthmus' own entries of the run.
    private static func owners(_ before: ObjectState, _ written: JSONValue) -> [JSONValue] {
        func key(_ entry: JSONValue) -> [JSONValue?] {
            [entry["manager"], entry["operation"], entry["apiVersion"], entry["subresource"]]
        }
        let former = before.managedFields.map(key)
        let others = (written["metadata"]?["managedFields"]?.array ?? []).filter { entry in
            ![Ownership.manager, manager].contains(entry["manager"]?.string) && !former.contains(key(entry))
        }
        return before.managedFields + others
    }

    /// What a Secret held, from the copy that its cluster kept.
    private func formerData(_ item: UndoPlan.Item, _ target: SetupTarget) async throws(KubernetesError) -> JSONValue? {
        guard !item.copy.isEmpty else { return nil }
        var reference = item.object
        reference.name = item.copy
        return try await target.client.get(reference.path, as: JSONValue.self)["data"]
    }

    // MARK: Going

    private struct Going: Decodable, Sendable {
        struct Meta: Decodable, Sendable {
            var name: String
            var uid: String
            var finalizers: [String]?
        }
        var metadata: Meta
    }

    /// Waits until a deleted object has really gone: finalizers may hold it.
    private func waitUntilGone(_ item: UndoPlan.Item, _ uid: String, _ target: SetupTarget) async throws(SetupFailure) {
        let object = item.object
        let selection = Selection(fields: "metadata.name=\(object.name)")
        let finalizers: [String]
        do throws(KubernetesError) {
            guard let there = try await target.client.find(object.path, as: Going.self), there.metadata.uid == uid else { return }
            report(.waiting(cluster: target.name, words: "\(object.words) is going"))
            let isGone: Bool? = try await target.client.wait(
                object.resource.path(namespace: object.namespace.isEmpty ? nil : object.namespace), selection, as: Going.self,
                deadline: wait, key: { $0.metadata.name }, until: { $0.contains { $0.metadata.uid == uid } ? nil : true })
            if isGone == true { return }
            finalizers = there.metadata.finalizers ?? []
        } catch {
            throw SetupFailure(error, cluster: target.name, object: object.words)
        }
        let holders =
            finalizers.isEmpty
            ? "" : "; its finalizers wait for somebody: \(finalizers.map { printable($0) }.joined(separator: ", "))"
        throw SetupFailure(
            cluster: target.name, object: object.words, "it is deleted, but has not gone within \(wait.seconds) s\(holders)",
            remedy: "see that the controllers of these finalizers run, and start isthmus setup undo again")
    }
}
