internal import Yams

/// The mesh configuration as it stands in a ConfigMap: text that people and installers wrote, with their comments and their order.
enum MeshConfigText {
    /// The text with more `trustDomainAliases`; every other line stays as it is.
    ///
    /// - Returns: `nil` where that cannot be done by adding lines: the text is no YAML, or its list is not one that lines can be
    ///   added to. Never a text that says anything else than before beside the aliases.
    static func adding(aliases: [String], to text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let key = "trustDomainAliases:"
        if let index = lines.firstIndex(where: { $0.hasPrefix(key) }) {
            let value = lines[index].dropFirst(key.count).prefix { $0 != "#" }.trimmingWhitespace
            if value == "[]" || value == "null" || value == "~" {
                lines[index] = key
            } else if !value.isEmpty {
                return nil
            }
            // With the indent that the list has already.
            let first =
                lines[(index + 1)...].first { !$0.trimmingWhitespace.isEmpty && !$0.trimmingWhitespace.hasPrefix("#") } ?? ""
            let isItem = value.isEmpty && first.trimmingWhitespace.hasPrefix("- ")
            let indent = isItem ? String(first.prefix { $0 == " " }) : ""
            lines.insert(contentsOf: aliases.map { "\(indent)- \($0)" }, at: index + 1)
        } else {
            while lines.last?.trimmingWhitespace.isEmpty == true { lines.removeLast() }
            lines += [key] + aliases.map { "- \($0)" } + [""]
        }
        let made = lines.joined(separator: "\n")
        return says(made, whatSaid: text, and: aliases) ? made : nil
    }

    /// Whether a text says what another one did, and has all of the aliases.
    private static func says(_ made: String, whatSaid text: String, and aliases: [String]) -> Bool {
        guard let old = members(text), let new = members(made) else { return false }
        func list(_ node: Node?) -> [String] { (node?.sequence ?? []).compactMap(\.string) }
        let key = "trustDomainAliases"
        let isKept =
            Set(list(old[key])).union(aliases) == Set(list(new[key]))
            && list(new[key]).count == list(old[key]).count + aliases.count
        return isKept && old.filter { $0.key != key } == new.filter { $0.key != key }
    }

    /// The document's members; those of an empty document are none.
    private static func members(_ text: String) -> [String: Node]? {
        guard text.contains(where: { !$0.isWhitespace }) else { return [:] }
        guard let node = try? Yams.compose(yaml: text, .basic) else { return nil }
        guard let mapping = node.mapping else { return node.scalar?.string.isEmpty == true || node.null != nil ? [:] : nil }
        let pairs = mapping.map { ($0.key.string ?? "", $0.value) }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first }).count == pairs.count
            ? Dictionary(uniqueKeysWithValues: pairs) : nil
    }
}

extension StringProtocol {
    fileprivate var trimmingWhitespace: String {
        let start = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\r" }.reversed())
    }
}
