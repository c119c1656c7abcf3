internal import AtOnce
package import Foundation
internal import Kubernetes

/// One run: its id, its journal, and the Leases that it holds. Apply and undo work in one.
package final class SetupRun: Sendable {
    package let id: String
    package let journal: Journal
    /// What the journal held when it was opened; `nil` for a new one.
    package let resumed: JournalContents?

    private init(_ journal: Journal, id: String, resumed: JournalContents?) {
        self.journal = journal
        self.id = id
        self.resumed = resumed
    }

    // MARK: Journal

    /// Opens a run: the one whose journal is given, or a new one.
    ///
    /// - Parameters:
    ///   - file: a journal to go on with where it exists, to begin where not.
    ///   - clusters: those that the run is to work on.
    package static func open(
        _ file: URL?, place: JournalPlace, mesh: String, clusters: [JournalBeginning.Cluster], version: String
    ) async throws(JournalError) -> SetupRun {
        if let file, FileManager.default.fileExists(atPath: file.path) {
            let (journal, contents) = try Journal.resume(file)
            try contents.check(mesh: mesh, clusters)
            try await journal.append(.resume(place: here, clusters: clusters))
            return SetupRun(journal, id: contents.beginning.run, resumed: contents)
        }
        let id = JournalPlace.newRun()
        let beginning = JournalBeginning(run: id, isthmus: version, mesh: mesh, place: here, clusters: clusters)
        return SetupRun(try await Journal.create(file ?? place.journal(of: id), beginning), id: id, resumed: nil)
    }

    /// Machine and process.
    private static let here = "\(ProcessInfo.processInfo.hostName) \(ProcessInfo.processInfo.processIdentifier)"

    // MARK: Leases

    /// Takes the Leases of all clusters, or none.
    package func acquire(
        _ targets: [SetupTarget], place: JournalPlace, _ report: @escaping @Sendable (SetupEvent) -> Void
    ) async throws(SetupFailure) -> [String: SetupLease] {
        let results = await targets.atOnce(limit: 32) { [id] target -> Result<SetupLease, SetupFailure> in
            let lease = SetupLease(target.name, target.client, run: id)
            do throws(LeaseError) {
                try await lease.acquire(
                    isDead: { run in Self.isDead(run, place) },
                    waiting: { run in report(.waitingForRun(cluster: target.name, run: run)) })
                return .success(lease)
            } catch {
                return .failure(Self.failure(error, target.name))
            }
        }
        let held = results.compactMap { try? $0.get() }
        for case .failure(let failure) in results {
            await Self.release(held)
            throw failure
        }
        return Dictionary(uniqueKeysWithValues: held.map { ($0.cluster, $0) })
    }

    private static func failure(_ error: LeaseError, _ cluster: String) -> SetupFailure {
        switch error {
        case .held: SetupFailure(cluster: "", "\(error)", remedy: "wait until that run has ended, then start again")
        case .failed(let error): SetupFailure(error, cluster: cluster, object: "Lease \(SetupLease.namespace)/\(SetupLease.name)")
        }
    }

    /// Gives the Leases back. One that cannot be given back ends by itself.
    package static func release(_ leases: some Collection<SetupLease>) async {
        let leases = Array(leases)
        _ = await uninterrupted { await leases.atOnce { lease in try? await lease.release() } }
    }

    /// Whether a run of this machine is known to be dead: its journal is here, and nobody has it open.
    private static func isDead(_ run: String, _ place: JournalPlace) -> Bool {
        guard !run.contains("/"), let (journal, _) = try? Journal.resume(place.journal(of: run)) else { return false }
        journal.close()
        return true
    }

    // MARK: What a crash left open

    /// Finds out, for each act that a crash left open, whether it was done, and writes that down.
    package func settle(_ targets: [SetupTarget]) async throws(SetupFailure) {
        for entry in resumed?.entries ?? [] {
            guard case .unknown = entry.outcome else { continue }
            let reference = entry.intent.object
            guard let target = targets.first(where: { $0.name == reference.cluster }) else {
                throw SetupFailure(
                    cluster: reference.cluster, object: reference.words,
                    "a run was broken off while it worked on it, and the cluster is not declared any more",
                    remedy: "declare the cluster again, or undo that run: isthmus setup undo --journal \(journal.url.path)")
            }
            let record: JournalRecord
            do throws(KubernetesError) {
                let live = try await target.client.find(reference.path, as: JSONValue.self)
                record = Self.settled(entry, live, run: id)
            } catch {
                throw SetupFailure(error, cluster: target.name, object: reference.words)
            }
            try await journal.write(record)
        }
    }

    /// Whether an act that was announced was done, by what stands there now.
    static func settled(_ entry: JournalContents.Entry, _ live: JSONValue?, run: String) -> JournalRecord {
        func notDone(_ reason: String) -> JournalRecord { .notDone(line: entry.line, reason: reason) }
        guard let live else { return notDone("it is not there") }
        let state = ObjectState(live)
        guard let before = entry.intent.before else {
            let isOurs =
                switch entry.intent.by {
                case Ownership.manager: state.annotations[Ownership.runAnnotation] == run
                // A cluster is registered by one at a time, and before it was not.
                case FleetRegistrar.program: true
                default: state.managedFields.contains { $0["manager"]?.string?.hasPrefix("istio") == true }
                }
            return isOurs ? .done(line: entry.line, after: state) : notDone("what stands there is somebody else's")
        }
        guard state.uid == before.uid else { return notDone("it was deleted and made anew") }
        if state.fields == before.fields { return notDone("it is as it was") }
        let isDone = entry.intent.by != Ownership.manager || FieldDifference.missing(entry.intent.desired, in: live).isEmpty
        return isDone ? .done(line: entry.line, after: state) : notDone("somebody else has changed it")
    }
}

extension Journal {
    /// Writes a line; where that fails, the failure says so for people.
    @discardableResult
    func write(_ record: JournalRecord) async throws(SetupFailure) -> Int {
        do throws(JournalError) {
            return try await append(record)
        } catch {
            throw SetupFailure(
                cluster: "", "\(error)", remedy: "make room, or mend the file's permissions, and start again: nothing is lost")
        }
    }
}
