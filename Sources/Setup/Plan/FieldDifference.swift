import Foundation
import Kubernetes

/// What makes one object of another, field by field.
enum FieldDifference {
    /// - Parameters:
    ///   - before: as the server has it; `nil` where there is none.
    ///   - after: as the server would have it.
    ///   - owners: of the object as it is; only others than isthmus are named.
    /// - Returns: the fields in the order of their paths, without what the server keeps for itself, and without a Secret's data.
    static func between(_ before: JSONValue, _ after: JSONValue, owners: FieldOwners? = nil) -> [FieldChange] {
        var changes: [FieldChange] = []
        let isSecret = after["kind"] == "Secret"
        walk(strip(before, isSecret), strip(after, isSecret), [], owners, &changes)
        return changes
    }

    /// The fields of `wanted` that `live` has otherwise; what `live` has beside them does not count.
    static func missing(_ wanted: JSONValue, in live: JSONValue) -> [FieldChange] {
        var changes: [FieldChange] = []
        subset(wanted, live, [], &changes)
        return changes
    }

    private static func strip(_ object: JSONValue, _ isSecret: Bool) -> JSONValue {
        guard var members = object.object else { return object }
        members["status"] = nil
        if isSecret {
            members["data"] = nil
            members["stringData"] = nil
        }
        if var metadata = members["metadata"]?.object {
            for key in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"] {
                metadata[key] = nil
            }
            for key in ["labels", "annotations"] where metadata[key]?.object?.isEmpty == true { metadata[key] = nil }
            members["metadata"] = .object(metadata)
        }
        return .object(members)
    }

    private static func walk(
        _ before: JSONValue?, _ after: JSONValue?, _ path: [PathElement], _ owners: FieldOwners?, _ changes: inout [FieldChange]
    ) {
        if before == after { return }
        if let old = members(before), let new = members(after), !(old.isEmpty && new.isEmpty) {
            for key in Set(old.keys).union(new.keys).sorted() {
                walk(old[key], new[key], path + [.member(key)], owners, &changes)
            }
        } else if let old = named(before)?.byName, let new = named(after)?.byName {
            let order = (after?.array ?? []) + (before?.array ?? [])
            var seen: Set<String> = []
            for (index, element) in order.enumerated() {
                guard let name = element["name"]?.string, seen.insert(name).inserted else { continue }
                walk(old[name], new[name], path + [.element(index, element)], owners, &changes)
            }
        } else {
            let others = owners?.others(path) ?? []
            changes.append(FieldChange(path: path.words, before: before, after: after, owner: others.joined(separator: ", ")))
        }
    }

    /// Of what is not there, none: so that fields are named, and not the object that they come with.
    private static func members(_ value: JSONValue?) -> [String: JSONValue]? { value == nil ? [:] : value?.object }

    /// The elements of a list by their names, and their order; `nil` where not all have one of their own.
    static func named(_ list: JSONValue?) -> (byName: [String: JSONValue], order: [String])? {
        guard let elements = list?.array else { return nil }
        var byName: [String: JSONValue] = [:]
        for element in elements {
            guard let name = element["name"]?.string, byName.updateValue(element, forKey: name) == nil else { return nil }
        }
        return (byName, elements.compactMap { $0["name"]?.string })
    }

    private static func subset(_ wanted: JSONValue, _ live: JSONValue?, _ path: [PathElement], _ changes: inout [FieldChange]) {
        if let members = wanted.object {
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                subset(value, live?[key], path + [.member(key)], &changes)
            }
        } else if let elements = wanted.array, elements.allSatisfy({ $0["name"] != nil }) {
            for (index, element) in elements.enumerated() {
                let same = live?.array?.first { $0["name"] == element["name"] }
                subset(element, same, path + [.element(index, element)], &changes)
            }
        } else if wanted != live {
            changes.append(FieldChange(path: path.words, before: live, after: wanted))
        }
    }
}

extension JSONValue {
    /// Reads a JSON text; `nil` where it is none.
    init?(text: some StringProtocol) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else { return nil }
        self = value
    }
}
