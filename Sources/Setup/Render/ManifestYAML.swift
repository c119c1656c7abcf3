internal import Kubernetes
internal import Yams

/// An object as YAML, as people write one: first what it is, then its own members by name.
enum ManifestYAML {
    private static let first = ["apiVersion", "kind", "metadata", "name", "namespace"]

    static func text(_ object: JSONValue) throws -> String {
        try Yams.serialize(node: node(object), width: -1, allowUnicode: true)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .bool(let bool): Node(bool ? "true" : "false", Tag(.bool))
        case .integer(let number): Node(String(number), Tag(.int))
        case .number(let number): Node("\(number)", Tag(.float))
        // Quoted where it would be read as something else than a text.
        case .string(let text): .scalar(text.represented())
        case .array(let elements): Node(elements.map(node))
        case .object(let members):
            Node(
                members.keys.sorted { rank($0) < rank($1) }.map {
                    (Node($0.represented().string, Tag(.str)), node(members[$0] ?? .null))
                })
        }
    }

    private static func rank(_ key: String) -> (Int, String) { (first.firstIndex(of: key) ?? first.count, key) }
}
