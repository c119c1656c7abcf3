internal import AtOnce
internal import Kubernetes
internal import Mesh
internal import Secrecy

/// What undoing a run comes to, object by object, in the order in which it is done.
package struct UndoPlan: Sendable {
    package struct Item: Sendable {
        package enum Action: Sendable {
            /// The run made it.
            case delete(uid: String)
            /// The run changed these fields; they become what they were.
            case restore(paths: [String])
            /// It has gone already, or is as it was.
            case nothing(String)
            /// Somebody has changed it since.
            case refuse(String)
        }
        package var object: ObjectReference
        package var action: Action
        /// Lines of the journal that this takes back.
        var lines: [Int]
        /// As it was before the run; `nil` where it was not there.
        var before: ObjectState?
        /// As the run left it.
        var after: ObjectState
        /// Secret in which the cluster keeps what a Secret held; `""` where there is none.
        var copy: String
        /// What a registration to the fleet was, for gcloud to take it back; `.null` for everything else.
        var registration: JSONValue
        var stage: Stage

        /// Whether gcloud takes it back.
        package var isRegistration: Bool { registration != .null }
    }

    /// Undoing goes the way back: first nobody calls the peers any more, then their credentials end, then what they called goes.
    enum Stage: Int, CaseIterable, Comparable {
        case remoteSecrets, credentials, rest, copies, registrations

        static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
    }

    package var run: String
    package var items: [Item]

    package var refused: [Item] { items.filter { if case .refuse = $0.action { true } else { false } } }
    /// Whether gcloud has something to take back.
    package var unregisters: Bool {
        items.contains { item in if case .delete = item.action { item.isRegistration } else { false } }
    }
    /// Whether there is anything to do.
    package var writes: Bool {
        items.contains { item in
            switch item.action {
            case .delete, .restore: true
            case .nothing, .refuse: false
            }
        }
    }

    /// Looks at every object that a journal names.
    ///
    /// - Throws: `SetupFailure` where a cluster is not given, is another one, or does not answer.
    package static func make(_ contents: JournalContents, _ targets: [SetupTarget]) async throws(SetupFailure) -> UndoPlan {
        let touched = self.touched(contents)
        for cluster in Set(touched.map(\.object.cluster)).sorted() {
            guard targets.contains(where: { $0.name == cluster }) else {
                throw SetupFailure(
                    cluster: cluster, "the run changed it, and it is not among the clusters that were given",
                    remedy: "declare it, so that it is undone there as well")
            }
        }
        let results = await touched.atOnce(limit: 32) { item -> Result<Item, SetupFailure> in
            guard let target = targets.first(where: { $0.name == item.object.cluster }) else { return .success(item) }
            do throws(KubernetesError) {
                let live = try await target.client.find(item.object.path, as: JSONValue.self)
                return .success(item.decided(live))
            } catch {
                return .failure(SetupFailure(error, cluster: target.name, object: item.object.words))
            }
        }
        var items: [Item] = []
        for result in results { items.append(try result.get()) }
        // What a Secret held is kept as long as it cannot be put back.
        let needed = Set(
            items.filter { if case .refuse = $0.action { !$0.copy.isEmpty } else { false } }.map {
                "\($0.object.cluster)/\($0.copy)"
            })
        for index in items.indices where needed.contains("\(items[index].object.cluster)/\(items[index].object.name)") {
            items[index].action = .refuse("it keeps what a Secret held that is not put back")
        }
        return UndoPlan(run: contents.beginning.run, items: items)
    }

    /// Each object once: what it was before the run's first act on it, and what the last one left.
    private static func touched(_ contents: JournalContents) -> [Item] {
        var items: [ObjectReference: Item] = [:]
        var order: [ObjectReference] = []
        for entry in contents.entries {
            guard case .done(let after) = entry.outcome else { continue }
            let intent = entry.intent
            if var item = items[intent.object] {
                item.after = after
                item.lines.append(entry.line)
                if item.copy.isEmpty { item.copy = intent.copy }
                items[intent.object] = item
            } else {
                order.append(intent.object)
                items[intent.object] = Item(
                    object: intent.object, action: .nothing(""), lines: [entry.line], before: intent.before, after: after,
                    copy: intent.copy, registration: intent.by == FleetRegistrar.program ? intent.desired : .null,
                    stage: stage(intent, after))
            }
        }
        return order.reversed().compactMap { items[$0] }.enumerated().sorted {
            ($0.element.stage, $0.offset) < ($1.element.stage, $1.offset)
        }.map(\.element)
    }

    private static func stage(_ intent: JournalIntent, _ after: ObjectState) -> Stage {
        if intent.by == FleetRegistrar.program { return .registrations }
        guard ["Secret", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"].contains(intent.object.kind) else { return .rest }
        if after.labels[MeshConstants.multiClusterLabel] == "true" { return .remoteSecrets }
        return Act.step(of: intent.act) == .discovery
            && after.content["type"]?.string != "Opaque" ? .credentials : intent.object.kind == "Secret" ? .copies : .rest
    }
}

extension UndoPlan.Item {
    /// Compares what stands there with what the run left.
    fileprivate func decided(_ live: JSONValue?) -> UndoPlan.Item {
        var item = self
        item.action = action(live)
        return item
    }

    private func action(_ live: JSONValue?) -> Action {
        guard let live else {
            return before == nil ? .nothing("it has gone already") : .refuse("somebody has deleted it since")
        }
        let now = ObjectState(live)
        guard now.uid == after.uid else { return .refuse("somebody has deleted it and made another of this name") }
        guard let before else {
            if live["metadata"]?["deletionTimestamp"] != nil { return .nothing("it is being deleted already") }
            // Google's controllers keep it; nobody else has a use for it.
            if isRegistration { return .delete(uid: now.uid) }
            let changed = FieldChange.byOthers(since: after, live)
            return changed.isEmpty ? .delete(uid: now.uid) : .refuse("changed since: \(changed.joined(separator: ", "))")
        }
        var restoration = Restoration()
        let wanted = restoration.fields(before: before.fields, after: after.fields, live: now.fields)
        if !restoration.conflicts.isEmpty {
            return .refuse("changed since: \(restoration.conflicts.sorted().joined(separator: ", "))")
        }
        let paths = FieldDifference.between(now.fields, wanted).map(\.path)
        // Of a Secret's data hashes are compared; the difference leaves them out.
        let isDataBack = object.kind == "Secret" && now.content["data"] != wanted["data"]
        let all = paths + (isDataBack ? [".data"] : [])
        return all.isEmpty ? .nothing("it is as it was") : .restore(paths: all)
    }
}

extension FieldChange {
    /// Managers that change objects by themselves, as part of what a cluster does; what they change speaks not against deleting.
    private static let controllers = [
        "kube-controller-manager", "cloud-controller-manager", "glbc", "ingress-gce", "neg-controller", "l4controller", "gke-",
        "controller", "metallb-controller", "metallb", "speaker", "horizontal-pod-autoscaler", "pilot-discovery", "istiod",
    ]

    /// The fields of an object that people or their tools have changed since.
    static func byOthers(since after: ObjectState, _ live: JSONValue) -> [String] {
        let now = ObjectState(live)
        let owners = FieldOwners(live)
        let changes = FieldDifference.between(after.fields, now.fields, owners: owners).filter { change in
            let managers = change.owner.split(separator: ", ").map(String.init)
            // A field that has gone, or that nobody owns, was taken away by a person.
            return managers.isEmpty
                || !managers.allSatisfy { manager in
                    controllers.contains { $0.hasSuffix("-") ? manager.hasPrefix($0) : manager == $0 }
                }
        }.map(\.path)
        let isDataChanged =
            live["kind"]?.string == "Secret" && after.content["data"] != nil && now.content["data"] != after.content["data"]
        // The token controller fills what was made empty.
        let isToken = now.content["type"]?.string == RemoteSecretManifest.tokenType
        return changes.sorted() + (isDataChanged && !isToken ? [".data"] : [])
    }
}
