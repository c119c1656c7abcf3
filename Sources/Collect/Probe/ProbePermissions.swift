internal import Kubernetes

/// Asks whether the caller may do what probing takes, before anything is done.
struct ProbePermissions: Sendable {
    let client: KubernetesClient
    var place = ProbePlace.probe

    /// Every review, and where probing cannot go on, what the probe ends with.
    func review() async -> ([PermissionReview], (ProbeOutcome, String)?) {
        let exists: Bool, isTemporary: Bool
        do throws(KubernetesError) {
            let found = try await ProbeNamespace(client: client, place: place).find().object
            (exists, isTemporary) = (found != nil, found?.isTemporary ?? true)
        } catch {
            // Whoever may not see the namespace may still be allowed to work in it; what follows tells.
            guard error.isForbidden else { return ([], (.lost, "\(error.method) \(error.url): \(error.cause)")) }
            (exists, isTemporary) = (true, false)
        }
        let needed =
            place.permissions + (exists ? [] : Permission.makingNamespace) + (isTemporary ? Permission.sharing(place.name) : [])
        let (reviews, failures) = await client.review(needed)
        if let error = failures.first(where: { $0.httpStatus == nil }) {
            return (reviews, (.lost, "\(error.method) \(error.url): \(error.cause)"))
        }
        let denied = reviews.filter { $0.isAllowed == false && !$0.permission.isOptional }.map(\.permission)
        guard !denied.isEmpty else { return (reviews, nil) }
        return (reviews, (.denied, "the caller may not \(Permission.words(denied)); \(place.remedy)"))
    }
}

extension Permission {
    /// What probing takes in its namespace.
    static let probing: [Permission] = {
        let space = ProbeObjects.namespace
        func entry(_ verb: String, _ group: String, _ resource: String, _ neededFor: String) -> Permission {
            Permission(verb: verb, group: group, resource: resource, namespace: space, neededFor: neededFor)
        }
        return [
            entry("create", "batch", "jobs", "one short-lived pod that looks at the other clusters from inside"),
            entry("list", "batch", "jobs", "removing what runs that were killed left"),
            entry("watch", "batch", "jobs", "whether the Job is given up, and why"),
            entry("delete", "batch", "jobs", "leaving nothing behind"),
            entry("create", "", "configmaps", "the pod's targets and script"),
            entry("list", "", "configmaps", "removing what runs that were killed left"),
            entry("patch", "", "configmaps", "letting the ConfigMap go with its Job"),
            entry("delete", "", "configmaps", "leaving nothing behind"),
            entry("list", "", "pods", "whether the pod runs"),
            entry("watch", "", "pods", "whether the pod runs"),
            entry("get", "", "pods/log", "the pod's results"),
            entry("list", "", "events", optional),
            entry("watch", "", "events", optional),
        ]
    }()

    /// Where the namespace is not there.
    static let makingNamespace = [
        Permission(verb: "create", group: "", resource: "namespaces", neededFor: "a namespace for the pods, while they run")
    ]

    /// Where runs make the namespace and remove it.
    static func sharing(_ space: String) -> [Permission] {
        ["get", "patch", "delete"].map { verb in
            Permission(
                verb: verb, group: "", resource: "namespaces", name: space, namespace: space,
                neededFor: "sharing the pods' namespace with other runs, and removing it")
        }
    }

    static let optional = "why a pod is not made, put on a node or started"

    /// Without it less can be said, but no less be done.
    var isOptional: Bool { neededFor == Self.optional }

    /// `create, list jobs.batch (namespace isthmus-probe), create namespaces`
    static func words(_ permissions: [Permission]) -> String {
        var verbs: [String: [String]] = [:]
        var order: [String] = []
        for permission in permissions {
            let kind = permission.group.isEmpty ? permission.resource : "\(permission.resource).\(permission.group)"
            let object = permission.name.isEmpty ? kind : "\(kind) \(permission.name)"
            let place = permission.namespace.isEmpty || !permission.name.isEmpty ? "" : " (namespace \(permission.namespace))"
            if verbs[object + place] == nil { order.append(object + place) }
            verbs[object + place, default: []].append(permission.verb)
        }
        return order.map { "\(verbs[$0, default: []].joined(separator: ", ")) \($0)" }.joined(separator: "; ")
    }
}
