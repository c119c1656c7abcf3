internal import Kubernetes
internal import Mesh

/// How objects that isthmus made are known.
package enum Ownership {
    /// The field manager of every write.
    package static let manager = "isthmus"
    package static let managedBy = (key: "app.kubernetes.io/managed-by", value: "isthmus")
    package static let meshLabel = "isthmus.dev/mesh"
    /// The run that wrote the object last; set while applying, so that a plan does not change from run to run.
    package static let runAnnotation = "isthmus.dev/run"

    /// The labels of what isthmus makes for a mesh. A mesh id that is no label value is left out: the objects are still known by
    /// their manager.
    static func labels(_ meshID: String) -> [String: JSONValue] {
        var labels: [String: JSONValue] = [managedBy.key: .string(managedBy.value)]
        if !meshID.isEmpty, LabelValue.fault(meshID) == nil { labels[meshLabel] = .string(meshID) }
        return labels
    }

    /// The object as a run applies it: where isthmus makes it as its own, with the run's mark.
    static func stamped(_ desired: JSONValue, run: String) -> JSONValue {
        guard desired["metadata"]?["labels"]?[managedBy.key]?.string == managedBy.value else { return desired }
        return desired.setting(runAnnotation, to: run)
    }

    /// The object with the mark of the run that wrote it, so that a plan does not see it go.
    static func carrying(_ desired: JSONValue, from live: JSONValue?) -> JSONValue {
        guard let run = live?["metadata"]?["annotations"]?[runAnnotation]?.string else { return desired }
        return stamped(desired, run: run)
    }
}

extension JSONValue {
    /// The object with one more annotation.
    fileprivate func setting(_ annotation: String, to value: String) -> JSONValue {
        guard var object = object, var metadata = object["metadata"]?.object else { return self }
        var annotations = metadata["annotations"]?.object ?? [:]
        annotations[annotation] = .string(value)
        metadata["annotations"] = .object(annotations)
        object["metadata"] = .object(metadata)
        return .object(object)
    }
}

/// What Kubernetes takes as the value of a label.
package enum LabelValue {
    /// Why a text cannot be a label's value; `nil` where it can. The empty text is not taken for one here.
    package static func fault(_ text: String) -> String? {
        guard let first = text.utf8.first, let last = text.utf8.last else { return "it is empty" }
        if text.utf8.count > 63 { return "it has \(text.utf8.count) bytes, and a label's value at most 63" }
        if let odd = text.unicodeScalars.first(where: { !isAllowed($0) }) {
            return "it has the character \"\(odd.escaped(asASCII: true))\", and a label's value only letters, digits, - _ and ."
        }
        guard isAlphanumeric(first), isAlphanumeric(last) else { return "it must begin and end with a letter or a digit" }
        return nil
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (isAlphanumeric(UInt8(ascii: scalar)) || "-_.".unicodeScalars.contains(scalar))
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}

extension JSONValue {
    /// An object of Kubernetes: what every one has, and then its own members.
    static func kubernetes(
        _ apiVersion: String, _ kind: String, _ name: String, namespace: String? = MeshConstants.systemNamespace,
        labels: [String: JSONValue] = [:], annotations: [String: JSONValue] = [:], _ members: [String: JSONValue] = [:]
    ) -> JSONValue {
        var metadata: [String: JSONValue] = ["name": .string(name)]
        if let namespace { metadata["namespace"] = .string(namespace) }
        if !labels.isEmpty { metadata["labels"] = .object(labels) }
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        var object = members
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        object["metadata"] = .object(metadata)
        return .object(object)
    }
}
