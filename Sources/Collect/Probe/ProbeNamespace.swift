internal import Foundation
internal import Kubernetes

/// A namespace in which a level's pods run, and what stands in it: made where it is missing, shared by runs at the same time, emptied
/// of what dead runs left, and removed by the last run where a run made it.
struct ProbeNamespace: Sendable {
    let client: KubernetesClient
    var place = ProbePlace.probe

    private var path: String { Resource.namespaces.path(name: place.name) }

    /// A namespace, with what tells whether it may go.
    struct Object: ListedObject {
        var metadata: ObjectMeta
        /// `metadata.resourceVersion`
        var version: String

        private enum Keys: String, CodingKey { case metadata }
        private struct Version: Decodable { var resourceVersion: String }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
            version = try container.decode(Version.self, forKey: .metadata).resourceVersion
        }

        /// A run made it, and the last one is to remove it.
        var isTemporary: Bool { metadata.annotation(ProbeObjects.temporary) == "true" }

        /// The runs that need it, by their ids.
        var leases: [String: ProbeClaim] {
            let all = (metadata.annotations ?? [:]).filter { $0.key.hasPrefix(ProbeObjects.lease) }
            return Dictionary(
                uniqueKeysWithValues: all.map { (String($0.key.dropFirst(ProbeObjects.lease.count)), ProbeClaim($0.value)) })
        }
    }

    /// The namespace, or `nil` where there is none, and the server's time.
    func find() async throws(KubernetesError) -> (object: Object?, now: Date) {
        do throws(KubernetesError) {
            let (object, answer) = try await client.getAndAnswer(path, as: Object.self)
            return (object, answer.serverDate.map { Date(timeIntervalSince1970: Double($0)) } ?? Date())
        } catch {
            if error.isNotFound { return (nil, Date()) }
            throw error
        }
    }

    // MARK: Coming

    /// Makes the namespace, or puts this run's lease on it, so that no other run removes it meanwhile. One that is being removed is
    /// waited for.
    ///
    /// - Parameter lifetime: how long this run needs it at most.
    /// - Returns: the server's time.
    func enter(_ run: ProbeRun, lifetime: Duration) async throws(KubernetesError) -> Date {
        while true {
            let (found, now) = try await find()
            let claim = ProbeClaim(expires: now.addingTimeInterval(lifetime / .seconds(1)), holder: run.holder)
            let leases = [ProbeObjects.lease + run.id: claim.text]
            guard let found else {
                do throws(KubernetesError) {
                    let made = place.manifest(isTemporary: true, leases: leases)
                    _ = try await client.create(
                        Resource.namespaces.path(), made, manager: ProbeObjects.manager, as: Object.self)
                    return now
                } catch {
                    // Another run was quicker.
                    guard error.isConflict else { throw error }
                    continue
                }
            }
            if found.metadata.deletionTimestamp != nil {
                try await waitUntilGone()
                continue
            }
            guard found.isTemporary else { return now }
            do throws(KubernetesError) {
                let change: JSONValue = ["metadata": ["annotations": .object(leases.mapValues { .string($0) })]]
                let now = try await client.merge(path, change, manager: ProbeObjects.manager, as: Object.self)
                guard now.metadata.deletionTimestamp != nil else { break }
            } catch {
                guard error.isNotFound else { throw error }
            }
        }
        return try await find().now
    }

    /// Waits until the server has removed the namespace, the request's own time at most.
    private func waitUntilGone() async throws(KubernetesError) {
        let selection = Selection(fields: "metadata.name=\(place.name)")
        _ = try await client.wait(
            Resource.namespaces.path(), selection, as: MetadataObject.self, deadline: .seconds(60), key: { $0.metadata.name },
            until: { $0.allSatisfy { $0.metadata.deletionTimestamp == nil } ? true : nil })
    }

    // MARK: Objects of runs

    func create(_ configMap: JSONValue) async throws(KubernetesError) {
        _ = try await create(.configMaps, configMap)
    }

    /// - Returns: the Job's UID.
    func create(job: JSONValue) async throws(KubernetesError) -> String { try await create(ProbeObjects.jobs, job) }

    /// - Returns: the object's UID.
    func create(_ resource: Resource, _ object: JSONValue) async throws(KubernetesError) -> String {
        let path = resource.path(namespace: place.name)
        return try await client.create(path, object, manager: ProbeObjects.manager, as: MetadataObject.self).metadata.uid ?? ""
    }

    /// Makes the run's ConfigMap go with its Job, also where nobody is left to remove it.
    func bind(_ run: ProbeRun, to uid: String) async throws(KubernetesError) {
        let change: JSONValue = [
            "metadata": [
                "ownerReferences": [
                    ["apiVersion": "batch/v1", "kind": "Job", "name": .string(run.name), "uid": .string(uid)]
                ]
            ]
        ]
        let path = Resource.configMaps.path(namespace: place.name, name: run.name)
        _ = try await client.merge(path, change, manager: ProbeObjects.manager, as: MetadataObject.self)
    }

    /// What stands in the namespace for runs of isthmus.
    struct Leftover: Sendable, Hashable {
        var kind: String
        var name: String
        var uid: String
        var run: String
        var claim: ProbeClaim
        var path: String
    }

    /// Every run's objects, Jobs first.
    func objects() async throws(KubernetesError) -> [Leftover] {
        var found: [Leftover] = []
        for (kind, resource) in place.kinds {
            let path = resource.path(namespace: place.name)
            let list = try await client.listMetadata(path, Selection(labels: ProbeObjects.selector), as: MetadataObject.self)
            found += list.items.map(\.metadata).filter { $0.deletionTimestamp == nil }.map { object in
                Leftover(
                    kind: kind, name: object.name, uid: object.uid ?? "", run: object.label(ProbeObjects.runLabel),
                    claim: ProbeClaim(
                        expires: Timestamp(object.annotation(ProbeObjects.expires)).map {
                            Date(timeIntervalSince1970: Double($0.seconds))
                        }, holder: object.annotation(ProbeObjects.holder)), path: "\(path)/\(object.name)")
            }
        }
        return found
    }

    /// Removes an object, with the pods of a Job. One that is not there any more is as good.
    func remove(_ object: Leftover) async throws(KubernetesError) {
        do throws(KubernetesError) {
            try await client.delete(object.path, preconditions: Preconditions(uid: object.uid))
        } catch {
            guard error.isNotFound || error.isConflict else { throw error }
        }
    }

    /// Removes what dead runs left.
    func reap(now: Date) async throws(KubernetesError) -> [Leftover] {
        let dead = try await objects().filter { $0.claim.isDead(at: now) }
        for object in dead { try await remove(object) }
        return dead
    }

    // MARK: Leaving

    /// Removes one run's objects and its lease, then the namespace, if a run made it and nobody needs it.
    func leave(_ run: ProbeRun) async throws(KubernetesError) {
        for (resource, name) in [(ProbeObjects.jobs, run.name), (Resource.configMaps, run.name)] {
            do throws(KubernetesError) {
                try await client.delete(resource.path(namespace: place.name, name: name))
            } catch {
                guard error.isNotFound else { throw error }
            }
        }
        try await dissolve(without: run.id)
    }

    /// The same of a run that made more: everything that bears its label.
    func leaveAll(_ run: ProbeRun) async throws(KubernetesError) {
        for object in try await objects() where object.run == run.id { try await remove(object) }
        try await dissolve(without: run.id)
    }

    /// Removes the namespace, if a run made it and neither another run nor anybody else has something in it.
    ///
    /// - Parameters:
    ///   - id: the run that gives up its lease; empty where there is none.
    ///   - force: no lease counts.
    /// - Returns: whether it is, or was, gone.
    @discardableResult
    func dissolve(without id: String, force: Bool = false) async throws(KubernetesError) -> Bool {
        let (found, now) = try await find()
        guard var object = found else { return true }
        guard object.isTemporary, object.metadata.deletionTimestamp == nil else { return false }
        let finished = object.leases.filter { force || $0.key == id || $0.value.isDead(at: now) }.map(\.key)
        if !finished.isEmpty {
            let nothing = finished.map { (ProbeObjects.lease + $0, JSONValue.null) }
            let change: JSONValue = ["metadata": ["annotations": .object(Dictionary(uniqueKeysWithValues: nothing))]]
            do throws(KubernetesError) {
                object = try await client.merge(path, change, manager: ProbeObjects.manager, as: Object.self)
            } catch {
                if error.isNotFound { return true }
                throw error
            }
        }
        guard object.leases.isEmpty, try await isEmpty() else { return false }
        do throws(KubernetesError) {
            // A lease that was put on it since makes another version of it.
            try await client.delete(
                path, preconditions: Preconditions(uid: object.metadata.uid, resourceVersion: object.version))
        } catch {
            if error.isConflict { return false }
            guard error.isNotFound else { throw error }
        }
        return true
    }

    /// Nothing stands in the namespace that is neither Kubernetes' own nor about to go.
    private func isEmpty() async throws(KubernetesError) -> Bool {
        guard try await objects().isEmpty else { return false }
        let kinds = [
            Resource.pods, .configMaps, .secrets, .services, Resource("serviceaccounts"), ProbeObjects.jobs, .deployments,
        ]
        for kind in kinds {
            let path = kind.path(namespace: place.name)
            let items = try await client.listMetadata(path, as: MetadataObject.self).items.map(\.metadata)
            let foreign = items.filter { object in
                let isKubernetes =
                    kind == .configMaps && ["kube-root-ca.crt", "istio-ca-root-cert"].contains(object.name)
                    || kind.name == "serviceaccounts" && object.name == "default"
                    || kind == .secrets && object.annotation("kubernetes.io/service-account.name") == "default"
                let isOwn = object.label(ProbeObjects.managedBy.key) == ProbeObjects.managedBy.value
                return !isKubernetes && !isOwn
            }
            if !foreign.isEmpty { return false }
        }
        return true
    }
}

/// Until when, and by whom, something is needed.
struct ProbeClaim: Sendable, Hashable {
    /// `nil` where it cannot be read: then it is never over by time.
    var expires: Date?
    var holder: String

    init(expires: Date?, holder: String) {
        self.expires = expires
        self.holder = holder
    }

    /// `2026-11-22T21:05:03Z HOLDER`
    init(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 1)
        expires = parts.first.flatMap { Timestamp(String($0)) }.map { Date(timeIntervalSince1970: Double($0.seconds)) }
        holder = parts.count > 1 ? String(parts[1]) : ""
    }

    var text: String { "\(expires.map(ProbeObjects.stamp) ?? "") \(holder)" }

    /// Its time is over, or its process is known to be gone.
    func isDead(at now: Date) -> Bool { ProbeHolder.isGone(holder) || expires.map { $0 < now } ?? false }
}
