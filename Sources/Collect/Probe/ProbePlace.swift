internal import Kubernetes

/// A namespace in which pods of one level run: what it is called and labelled, what may stand in it, and what that takes.
struct ProbePlace: Sendable {
    var name: String
    var level: Level
    /// Beside the mark of who made it.
    var labels: [String: String]
    /// What runs make there, Jobs first: with a Job go the objects that it owns.
    var kinds: [(kind: String, resource: Resource)]
    /// To work in it, once it is there.
    var permissions: [Permission]

    /// Where pods of level probe look from. They meet Pod Security `restricted`, and no sidecar gets in.
    static let probe = ProbePlace(
        name: ProbeObjects.namespace, level: .probe,
        labels: ["pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "disabled"],
        kinds: [("Job", ProbeObjects.jobs), ("ConfigMap", .configMaps)], permissions: Permission.probing)

    /// How the caller gets what is missing.
    var remedy: String {
        "to grant it: isthmus rbac --level \(level.rawValue) | kubectl apply -f - (as somebody who may, with --user or --group of the caller)"
    }

    /// The namespace, with runs' claims to it.
    func manifest(isTemporary: Bool, leases: [String: String] = [:]) -> JSONValue {
        var annotations = leases
        if isTemporary { annotations[ProbeObjects.temporary] = "true" }
        let owner = [ProbeObjects.managedBy.key: ProbeObjects.managedBy.value]
        return [
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": [
                "name": .string(name),
                "labels": .object(labels.merging(owner) { $1 }.mapValues { .string($0) }),
                "annotations": .object(annotations.mapValues { .string($0) }),
            ],
        ]
    }
}
