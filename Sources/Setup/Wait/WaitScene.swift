internal import Foundation
internal import Kubernetes
internal import Synchronization

/// What is watched while a gateway comes up: the object itself, the pods, the events of its namespace.
struct WaitScene: Sendable {
    let wait: Wait
    let client: KubernetesClient

    private struct Watched {
        var objects: [String: JSONValue] = [:]
        var pods: [String: JSONValue] = [:]
        var events: [String: ClusterEvent] = [:]
        /// Those that were there at first, as they were then.
        var earlier: [String: ClusterEvent]?
    }

    /// The evidence, anew each time something changes, until the deadline. The object's own watch failing ends it; without pods and
    /// events there is less to tell, and no reason to end.
    func follow(deadline: Duration) -> AsyncStream<Result<WaitEvidence, KubernetesError>> {
        AsyncStream(bufferingPolicy: .bufferingNewest(8)) { continuation in
            let state = Mutex(Watched())
            let tell = { @Sendable (change: (inout Watched) -> Void) in
                let seen = state.withLock { watched in
                    change(&watched)
                    return evidence(watched)
                }
                continuation.yield(.success(seen))
            }
            let task = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        do throws(KubernetesError) {
                            try await collect(
                                wait.object.resource, Selection(fields: "metadata.name=\(wait.object.name)"), deadline
                            ) { objects in tell { $0.objects = objects } }
                        } catch {
                            continuation.yield(.failure(error))
                        }
                        continuation.finish()
                    }
                    group.addTask {
                        try? await collect(.pods, Selection(labels: "istio=eastwestgateway"), deadline) { pods in
                            tell { $0.pods = pods }
                        }
                    }
                    group.addTask {
                        try? await collect(.events, .all, deadline) { events in
                            let events = events.mapValues(ClusterEvent.init)
                            tell { watched in
                                let earlier = watched.earlier ?? events
                                watched.earlier = earlier
                                watched.events = Dictionary(
                                    uniqueKeysWithValues: events.map { ($0, $1.marked(asIn: earlier[$0])) })
                            }
                        }
                    }
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func collect(
        _ resource: Resource, _ selection: Selection, _ deadline: Duration,
        _ tell: @escaping @Sendable ([String: JSONValue]) -> Void
    ) async throws(KubernetesError) {
        let key = { @Sendable (object: JSONValue) in object["metadata"]?["name"]?.string ?? "" }
        let nothing: Bool? = try await client.wait(
            resource.path(namespace: wait.object.namespace), selection, as: JSONValue.self, deadline: deadline, key: key
        ) { objects in
            tell(Dictionary(objects.map { (key($0), $0) }, uniquingKeysWith: { $1 }))
            return nil
        }
        _ = nothing
    }

    private func evidence(_ watched: Watched) -> WaitEvidence {
        let object = watched.objects.values.first
        let isService = wait.object.kind == "Service"
        // Of this object, its ReplicaSets and their pods. What was said of an object of this name that has gone does not count.
        let uid = object?["metadata"]?["uid"]?.string ?? ""
        let events = watched.events.values.filter { event in
            if event.kind == wait.object.kind {
                return event.name == wait.object.name && (event.object.isEmpty || event.object == uid)
            }
            return !isService && event.name.hasPrefix(wait.object.name + "-")
        }
        return WaitEvidence(
            deployment: isService ? nil : object, service: isService ? object : nil,
            pods: isService ? [] : Array(watched.pods.values), events: events)
    }
}

extension ClusterEvent {
    /// Says whether it is still what it was at first.
    fileprivate func marked(asIn earlier: ClusterEvent?) -> ClusterEvent {
        var event = self
        event.isEarlier = self == earlier
        return event
    }
}
