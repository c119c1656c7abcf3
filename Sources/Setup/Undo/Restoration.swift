internal import Kubernetes

/// Takes back what was changed between two states of an object, and keeps what others have changed since.
struct Restoration {
    /// Fields that somebody has changed since: they cannot be put back without losing that.
    private(set) var conflicts: [String] = []

    /// The fields as they should be now.
    ///
    /// - Parameters:
    ///   - before: as they were before the run.
    ///   - after: as the run left them.
    ///   - live: as they are.
    mutating func fields(before: JSONValue, after: JSONValue, live: JSONValue) -> JSONValue {
        merge(before, after, live, []) ?? .object([:])
    }

    private mutating func merge(
        _ before: JSONValue?, _ after: JSONValue?, _ live: JSONValue?, _ path: [PathElement]
    ) -> JSONValue? {
        // What the run did not touch stays as it is; what is as the run left it, or as it was, becomes as it was.
        if before == after { return live }
        if live == after || live == before { return before }
        // A map that was not there is one without members, where the other one is a map.
        let isMap = before?.object != nil || after?.object != nil
        if isMap, let live = live?.object, let before = (before ?? [:]).object, let after = (after ?? [:]).object {
            var merged: [String: JSONValue] = [:]
            for key in Set(live.keys).union(before.keys).union(after.keys) {
                merged[key] = merge(before[key], after[key], live[key], path + [.member(key)])
            }
            return .object(merged)
        }
        if let live = FieldDifference.named(live), let before = FieldDifference.named(before),
            let after = FieldDifference.named(after)
        {
            let names = before.order + live.order.filter { !before.order.contains($0) }
            return .array(
                names.compactMap { name in
                    let element = live.byName[name] ?? before.byName[name] ?? .null
                    return merge(before.byName[name], after.byName[name], live.byName[name], path + [.element(0, element)])
                })
        }
        conflicts.append(path.words)
        return live
    }
}
