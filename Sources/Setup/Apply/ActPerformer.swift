internal import Foundation
internal import Kubernetes
internal import Secrecy

/// Does single acts in one cluster: looks, writes into the journal what it is about to do, does it, writes down what came of it.
struct ActPerformer: Sendable {
    let target: SetupTarget
    let run: SetupRun
    let lease: SetupLease
    /// Fields that may be taken over from other managers.
    let takeOver: Set<String>
    let report: @Sendable (SetupEvent) -> Void

    /// Does the act, unless it turns out to be done already.
    ///
    /// - Parameter kubeconfig: what a remote secret is to hold.
    /// - Returns: whether something was written.
    func perform(_ act: Act, kubeconfig: Secret<String>? = nil) async throws(SetupFailure) -> Bool {
        guard await lease.isHeld else {
            throw failure(
                act,
                "the Lease \(SetupLease.namespace)/\(SetupLease.name) is lost: the API server was silent for long, or another run "
                    + "has taken it", remedy: "start isthmus setup apply again: it goes on where it stopped")
        }
        let live: JSONValue?
        do throws(KubernetesError) {
            // The plan has just listed the remote secrets: one that is to be made costs one request, not two.
            live =
                act.verb == .create && act.secret != nil ? nil : try await target.client.find(act.object.path, as: JSONValue.self)
        } catch {
            throw SetupFailure(error, cluster: target.name, object: act.object.words)
        }
        guard let now = try await confirmed(act, live) else { return false }
        report(.doing(cluster: target.name, act.verb, act.object))
        let copy = try await keepCopy(act, of: live)
        let line = try await run.journal.write(
            .intent(
                JournalIntent(
                    act: act.id, object: act.object, verb: act.verb == .create ? .create : .change,
                    before: live.map { ObjectState($0) },
                    desired: act.desired, copy: copy)))
        let body = now.body(act, run: run.id, kubeconfig: kubeconfig)
        try await write(act, body, line)
        report(.did(cluster: target.name, act.verb, act.object))
        return true
    }

    private func write(_ act: Act, _ body: JSONValue, _ line: Int) async throws(SetupFailure) {
        let made: JSONValue, isNew: Bool
        do throws(KubernetesError) {
            (made, isNew) = try await target.client.applyAndTell(
                act.object.path, body, manager: Ownership.manager, force: act.forces, as: JSONValue.self)
        } catch {
            // Without an answer it is not known whether it was done: the journal leaves that open, and the next run looks.
            if error.httpStatus != nil { try await run.journal.write(.notDone(line: line, reason: "\(error.cause)")) }
            throw SetupFailure(error, cluster: target.name, object: act.object.words)
        }
        if act.verb == .create, !isNew, !made.isOnlyOurs {
            let problem = "somebody else made it at this moment"
            try await run.journal.write(.notDone(line: line, reason: problem))
            throw failure(act, problem, remedy: "start isthmus setup apply again: it looks at it anew")
        }
        try await run.journal.write(.done(line: line, after: ObjectState(made)))
    }

    private func failure(_ act: Act, _ problem: String, remedy: String = "") -> SetupFailure {
        SetupFailure(cluster: target.name, object: act.object.words, problem, remedy: remedy)
    }

    // MARK: Whether the world is as the plan saw it

    /// What an act that may be done is done to.
    fileprivate struct Confirmed {
        /// `""` for an object that is to be made.
        var uid = ""
        var resourceVersion = ""

        /// What is sent: the wanted fields, the run's mark, and what guards against a world that moves on meanwhile.
        func body(_ act: Act, run: String, kubeconfig: Secret<String>?) -> JSONValue {
            var object = Ownership.stamped(act.desired, run: run).object ?? [:]
            if let source = act.secret, let kubeconfig {
                object["data"] = [source.clusterID: .string(Data(kubeconfig.revealed.utf8).base64EncodedString())]
                object["type"] = "Opaque"
            }
            if !uid.isEmpty, var metadata = object["metadata"]?.object {
                metadata["uid"] = .string(uid)
                metadata["resourceVersion"] = .string(resourceVersion)
                object["metadata"] = .object(metadata)
            }
            return .object(object)
        }
    }

    /// - Returns: `nil` where what is wanted has come true in the meantime.
    private func confirmed(_ act: Act, _ live: JSONValue?) async throws(SetupFailure) -> Confirmed? {
        let again = "isthmus setup plan shows it as it is now"
        if act.forces, let field = act.fields.first(where: { !$0.owner.isEmpty && !takeOver.contains($0.path) }) {
            throw failure(act, "\(field.path) is owned by \(field.owner)", remedy: "--take-over '\(field.path)' takes it over")
        }
        guard let live else {
            guard act.verb == .create else { throw failure(act, "it has gone since the plan was made", remedy: again) }
            return Confirmed()
        }
        let uid = live["metadata"]?["uid"]?.string ?? "", version = live["metadata"]?["resourceVersion"]?.string ?? ""
        if act.verb == .create || version != act.resourceVersion {
            let now = await DryRun(client: target.client, cluster: target.name, takeOver: takeOver).act(act.step, act.desired)
            if now.verb == .leave, act.secret == nil { return nil }
            if [.refused, .unknown].contains(now.verb) { throw failure(act, now.reason, remedy: again) }
            guard act.verb == .change, act.secret == nil, now.uid == act.uid, now.verb == .change, now.fields == act.fields else {
                let what = act.verb == .create ? "it was made" : "it was changed"
                throw failure(act, "\(what) by somebody else since the plan was made", remedy: again)
            }
        } else if uid != act.uid {
            throw failure(act, "it was deleted and made anew since the plan was made", remedy: again)
        }
        return Confirmed(uid: uid, resourceVersion: version)
    }

    // MARK: Secrets

    /// Keeps what a Secret holds in another Secret beside it, which no istiod reads: it never leaves its cluster, and the journal has
    /// its hash alone.
    ///
    /// - Returns: the copy's name; empty where none is needed.
    private func keepCopy(_ act: Act, of live: JSONValue?) async throws(SetupFailure) -> String {
        guard act.object.kind == "Secret", act.verb == .change, let live else { return "" }
        var reference = act.object
        reference.name = Self.copyName(act.object.name, run: run.id)
        var desired: JSONValue = .kubernetes(
            "v1", "Secret", reference.name, namespace: reference.namespace,
            labels: [Ownership.managedBy.key: .string(Ownership.managedBy.value)], ["type": "Opaque"])
        desired = Ownership.stamped(desired, run: run.id)
        let path = reference.path
        do throws(KubernetesError) {
            // A run that goes on after a crash has it already.
            if try await target.client.findMetadata(path, as: JSONValue.self) != nil { return reference.name }
        } catch {
            throw SetupFailure(error, cluster: target.name, object: reference.words)
        }
        let copyAct = Act(step: act.step, object: reference, verb: .create, desired: desired)
        let line = try await run.journal.write(
            .intent(JournalIntent(act: copyAct.id, object: reference, verb: .create, before: nil, desired: desired)))
        var body = desired.object ?? [:]
        body["data"] = live["data"] ?? [:]
        try await write(copyAct, .object(body), line)
        return reference.name
    }

    /// Of at most 253 characters, as every name.
    static func copyName(_ secret: String, run: String) -> String { "isthmus-\(run)-\(secret)".prefix(253).description }
}

extension JSONValue {
    /// Nobody but isthmus has ever written the object.
    fileprivate var isOnlyOurs: Bool {
        let managers = self["metadata"]?["managedFields"]?.array ?? []
        return !managers.isEmpty && managers.allSatisfy { $0["manager"]?.string == Ownership.manager }
    }
}
