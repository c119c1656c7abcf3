internal import Foundation
package import Kubernetes
internal import TLS

/// An object as a journal keeps it: whatever somebody may have set, and no secret.
///
/// Status and what the server manages are left out; a Secret's data is there as SHA-256 of each key's value.
package struct ObjectState: Sendable, Hashable, Codable {
    package var uid: String
    package var resourceVersion: String
    package var labels: [String: String]
    package var annotations: [String: String]
    /// Everything beside `apiVersion`, `kind`, `metadata` and `status`: `spec`, `rules`, `subjects`, `data` …
    package var content: [String: JSONValue]
    /// Who owns which field, as the server keeps it: names of fields, no values. Not compared; put back by undo.
    package var managedFields: [JSONValue]

    /// - Parameter object: as the server gives it.
    package init(_ object: JSONValue) {
        let metadata = object["metadata"]
        uid = metadata?["uid"]?.string ?? ""
        resourceVersion = metadata?["resourceVersion"]?.string ?? ""
        labels = (metadata?["labels"]?.object ?? [:]).compactMapValues(\.string)
        annotations = (metadata?["annotations"]?.object ?? [:]).compactMapValues(\.string)
        managedFields = metadata?["managedFields"]?.array ?? []
        content = (object.object ?? [:]).filter { !["apiVersion", "kind", "metadata", "status"].contains($0.key) }
        guard object["kind"]?.string == "Secret" else { return }
        // What kubectl keeps in this annotation is the whole object once more, its data included.
        let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
        if let applied = annotations[lastApplied] { annotations[lastApplied] = Self.hash(applied) }
        for key in ["data", "stringData"] {
            guard let data = content[key]?.object else { continue }
            content[key] = .object(data.mapValues { .string(Self.hash($0.string ?? "")) })
        }
    }

    /// - Returns: `sha256:` and 64 digits.
    static func hash(_ text: String) -> String { "sha256:\(sha256Hex(Data(text.utf8)))" }

    /// What is compared and put back, as one value with the object's own paths.
    package var fields: JSONValue {
        var members = content
        members["metadata"] = [
            "labels": .object(labels.mapValues { .string($0) }), "annotations": .object(annotations.mapValues { .string($0) }),
        ]
        return .object(members)
    }
}
