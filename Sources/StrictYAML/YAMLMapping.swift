internal import Yams

/// A mapping whose keys are taken one by one; what nobody took is unknown, and ``finish()`` says so.
package struct YAMLMapping {
    private let owner: YAMLValue
    private var values: [(key: String, keyNode: Node, value: YAMLValue)] = []
    private var known: [String] = []

    init(_ mapping: Node.Mapping, of owner: YAMLValue) throws(YAMLError) {
        self.owner = owner
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else { throw owner.error("a key must be a text") }
            let path = owner.path.isEmpty ? scalar.string : "\(owner.path).\(scalar.string)"
            values.append((scalar.string, key, YAMLValue(node: value, file: owner.file, path: path)))
        }
    }

    /// Every key, in the document's order.
    package var keys: [String] { values.map(\.key) }

    /// The value of a key, or `nil` where the key is absent.
    package mutating func optional(_ key: String) -> YAMLValue? {
        known.append(key)
        return values.first { $0.key == key }?.value
    }

    /// The value of a key that must be there.
    package mutating func required(_ key: String) throws(YAMLError) -> YAMLValue {
        guard let value = optional(key) else {
            throw owner.error("\(owner.path.isEmpty ? "" : owner.path + ": ")the key \"\(key)\" is missing")
        }
        return value
    }

    /// Refuses every key that was not asked for, naming the nearest known one.
    package func finish() throws(YAMLError) {
        guard let stranger = values.first(where: { !known.contains($0.key) }) else { return }
        let place = owner.path.isEmpty ? "" : " in \(owner.path)"
        let hint =
            nearest(to: stranger.key, among: known).map { " (did you mean \"\($0)\"?)" }
            ?? ", known are: \(known.joined(separator: ", "))"
        throw YAMLError(
            file: owner.file, line: stranger.keyNode.mark?.line ?? 0, column: stranger.keyNode.mark?.column ?? 0,
            message: "unknown key \"\(stranger.key)\"\(place)\(hint)")
    }
}

/// The candidate that a slip of the fingers would turn into `word`: at most a third of its letters away.
package func nearest(to word: String, among candidates: [String]) -> String? {
    candidates.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }
        .filter { $0.1 <= max(2, word.count / 3) && $0.1 < word.count }
        .min { $0.1 < $1.1 }?.0
}

/// Optimal string alignment distance: insertions, deletions, replacements, and swaps of neighbours, one each.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a), b = Array(b)
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforeLast = [Int](), last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i] + Array(repeating: 0, count: b.count)
        for j in 1...b.count {
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], beforeLast[j - 2] + 1) }
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
