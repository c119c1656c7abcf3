import Kubernetes

/// A step on the way to a field.
enum PathElement: Hashable, Sendable {
    case member(String)
    /// An element of a list; its position, and what it is known by where it has a name.
    case element(Int, JSONValue)
}

extension [PathElement] {
    /// `.spec.ports[name=tls].port`; a key that is no simple word stands in brackets.
    var words: String {
        map { element in
            switch element {
            case .member(let key):
                key.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" } ? ".\(key)" : "[\(key)]"
            case .element(let index, let value): value["name"]?.string.map { "[name=\($0)]" } ?? "[\(index)]"
            }
        }.joined()
    }
}

/// Which managers own which fields, as an object's `metadata.managedFields` says.
struct FieldOwners: Sendable {
    private let entries: [(manager: String, fields: JSONValue)]

    init(_ object: JSONValue) {
        entries = (object["metadata"]?["managedFields"]?.array ?? []).compactMap { entry in
            guard let manager = entry["manager"]?.string, let fields = entry["fieldsV1"] else { return nil }
            return (manager, fields)
        }
    }

    /// The managers that own the field or something in it, without isthmus itself.
    func others(_ path: [PathElement]) -> [String] {
        entries.filter { $0.manager != Ownership.manager && Self.owns($0.fields, path[...]) }.map(\.manager)
            .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// All managers of an object; not the name that the server gives to whoever wrote before it kept account.
    var managers: [String] {
        entries.filter { $0.manager != "before-first-apply" }.map(\.manager).reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
    }

    private static func owns(_ fields: JSONValue, _ path: ArraySlice<PathElement>) -> Bool {
        guard let first = path.first else { return true }
        guard let members = fields.object else { return false }
        // A list or map that is owned as a whole has nothing under it.
        if members.keys.allSatisfy({ $0 == "." }) { return true }
        switch first {
        case .member(let key):
            return members["f:\(key)"].map { owns($0, path.dropFirst()) } ?? false
        case .element(let index, let value):
            for (key, below) in members where matches(key, index, value) { return owns(below, path.dropFirst()) }
            return false
        }
    }

    /// `k:{"port":15443,"protocol":"TCP"}`, `v:"text"` or `i:0`.
    private static func matches(_ key: String, _ index: Int, _ value: JSONValue) -> Bool {
        if key == "i:\(index)" { return true }
        guard let wanted = JSONValue(text: key.dropFirst(2)) else { return false }
        if key.hasPrefix("k:"), let keys = wanted.object { return keys.allSatisfy { value[$0.key] == $0.value } }
        return key.hasPrefix("v:") && wanted == value
    }
}
