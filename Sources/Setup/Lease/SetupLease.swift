package import Kubernetes
internal import Secrecy

/// Why a cluster's Lease is not this run's.
package enum LeaseError: Error, Sendable, CustomStringConvertible {
    /// Another run renews it.
    case held(cluster: String, run: String, place: String)
    case failed(KubernetesError)

    package var description: String {
        switch self {
        case .held(let cluster, let run, let place):
            let whom = place.isEmpty ? "run \(printable(run))" : "run \(printable(run)) (\(printable(place)))"
            return "cluster \(printable(cluster)): \(whom) is changing the mesh there: the Lease "
                + "\(SetupLease.namespace)/\(SetupLease.name) is renewed; let it end, then start again"
        case .failed(let error):
            return "the Lease \(SetupLease.namespace)/\(SetupLease.name), which keeps two runs apart: \(error)"
        }
    }
}

/// One cluster's Lease `istio-system/isthmus-setup`: whoever holds it may change the mesh's objects there.
///
/// Its holder is a run. A run renews while it works and deletes the Lease at its end. A Lease that has not changed for its whole
/// duration, *as seen from here* (clocks of others are not trusted), belongs to a dead run and is taken over; so is one whose
/// holder the caller knows to be dead.
package actor SetupLease {
    package static let name = "isthmus-setup"
    package static let namespace = "istio-system"

    nonisolated package let cluster: String
    private let client: KubernetesClient
    private let run: String
    private let duration: Duration
    /// The Lease as it was written last, and until when nobody else takes it.
    private var held: (object: LeaseObject, until: ContinuousClock.Instant)?
    private var renewal: Task<Void, Never>?

    /// - Parameters:
    ///   - cluster: its name in messages.
    ///   - run: the holder's identity.
    ///   - duration: for how long a Lease counts without being renewed; whole seconds, at least 1. Renewed three times as often.
    package init(_ cluster: String, _ client: KubernetesClient, run: String, duration: Duration = .seconds(20)) {
        self.cluster = cluster
        self.client = client
        self.run = run
        self.duration = duration
    }

    private static let collection = Resource.leases.path(namespace: namespace)
    private static let path = Resource.leases.path(namespace: namespace, name: name)

    /// Whether the run may still write: the Lease was renewed so lately that nobody else has taken it.
    package var isHeld: Bool { held.map { ContinuousClock.now < $0.until } ?? false }

    /// Takes the Lease, and renews it from now on.
    ///
    /// - Parameters:
    ///   - isDead: whether a holder, a run's id, is known to be dead; then nobody waits to see.
    ///   - waiting: told the holder where it takes a while to see whether that run lives.
    package func acquire(
        isDead: @Sendable (String) -> Bool = { _ in false }, waiting: @Sendable (String) -> Void = { _ in }
    ) async throws(LeaseError) {
        while held == nil {
            let found = try await find()
            let holder = found?.spec.holderIdentity ?? ""
            if let found, !holder.isEmpty, holder != run, !isDead(holder) {
                waiting(holder)
                guard try await staysUnchanged(found) else {
                    throw .held(cluster: cluster, run: holder, place: found.place)
                }
            }
            try await take(from: found)
        }
        renewal = Task { [weak self, duration] in
            while !Task.isCancelled {
                try? await Task.sleep(for: duration / 3)
                guard !Task.isCancelled, await self?.renew() == true else { return }
            }
        }
    }

    /// Deletes the Lease, if it is still this run's.
    package func release() async throws(LeaseError) {
        renewal?.cancel()
        await renewal?.value
        guard let lease = held?.object.metadata else { return }
        held = nil
        do throws(KubernetesError) {
            try await client.delete(
                Self.path, preconditions: Preconditions(uid: lease.uid, resourceVersion: lease.resourceVersion))
        } catch {
            // Somebody has taken it over, or removed it: it is not this run's any more.
            guard error.isNotFound || error.isConflict else { throw .failed(error) }
        }
    }

    private func find() async throws(LeaseError) -> LeaseObject? {
        do throws(KubernetesError) { return try await client.find(Self.path, as: LeaseObject.self) } catch {
            throw .failed(error)
        }
    }

    /// Writes this run into the Lease; where somebody else was quicker nothing is held.
    private func take(from old: LeaseObject?) async throws(LeaseError) {
        // From before the request: when it arrives the server may have written the Lease long ago.
        let until = ContinuousClock.now + duration
        let object = LeaseObject.written(by: run, duration: duration, replacing: old)
        do throws(KubernetesError) {
            let written =
                old == nil
                ? try await client.create(Self.collection, object, manager: "isthmus", as: LeaseObject.self)
                : try await client.replace(Self.path, object, manager: "isthmus", as: LeaseObject.self)
            held = (written, until)
        } catch {
            guard error.isConflict || (error.isNotFound && old != nil) else { throw .failed(error) }
        }
    }

    /// - Returns: whether it is worth trying again: the Lease is, or may still be, this run's.
    private func renew() async -> Bool {
        guard let old = held?.object else { return false }
        do throws(LeaseError) {
            try await take(from: old)
            if held?.object.metadata.resourceVersion != old.metadata.resourceVersion { return true }
            // Changed by somebody since: an earlier answer was lost, or another run has taken it.
            if let found = try await find(), found.spec.holderIdentity == run {
                try await take(from: found)
                return true
            }
            held = nil
            return false
        } catch {
            // A server that does not answer for a moment; `isHeld` ends by itself.
            return true
        }
    }

    /// Watches the Lease for its duration: a living holder renews it meanwhile.
    private func staysUnchanged(_ seen: LeaseObject) async throws(LeaseError) -> Bool {
        let wait = Duration.seconds(max(1, min(seen.spec.leaseDurationSeconds ?? 20, 120)))
        let version = seen.metadata.resourceVersion
        do throws(KubernetesError) {
            let isChanged: Bool? = try await client.wait(
                Self.collection, Selection(fields: "metadata.name=\(Self.name)"), as: LeaseObject.self, deadline: wait,
                key: { $0.metadata.uid }, until: { $0.first?.metadata.resourceVersion == version ? nil : !$0.isEmpty })
            return isChanged != true
        } catch {
            throw .failed(error)
        }
    }
}
