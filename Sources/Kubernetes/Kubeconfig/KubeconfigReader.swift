import Foundation

/// Reads one mapping of a kubeconfig: each key once, with its expected type, and remembers what it did not know.
///
/// As in client-go an unknown key is ignored and `null` is the same as absent. It becomes a note, because a misspelt
/// `certificate-authority-data` otherwise only shows as a failed handshake.
struct MappingReader {
    let path: String
    let position: SourcePosition
    private(set) var keys: [String: SourcePosition] = [:]
    private(set) var notes: [KubeconfigNote] = []
    private var values: [String: PositionedYAML] = [:]
    private var seen: Set<String> = []

    /// - Throws: where `yaml` is neither a mapping nor absent.
    init(_ yaml: PositionedYAML, path: String) throws(KubeconfigError) {
        self.path = path
        position = yaml.position
        switch yaml.value {
        case .null: break
        case .map(let entries):
            for entry in entries {
                keys[entry.key] = entry.position
                values[entry.key] = entry.value
            }
        default:
            throw Self.wrongType(yaml, path: path, expected: "a mapping")
        }
    }

    private func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value of a key, `nil` where it is absent or null; the key counts as known from now on.
    mutating func take(_ key: String) -> PositionedYAML? {
        seen.insert(key)
        guard let value = values[key] else { return nil }
        if case .null = value.value { return nil }
        return value
    }

    mutating func text(_ key: String) throws(KubeconfigError) -> String {
        guard let yaml = take(key) else { return "" }
        return try Self.text(yaml, path: path(key))
    }

    mutating func bool(_ key: String) throws(KubeconfigError) -> Bool {
        guard let yaml = take(key) else { return false }
        guard case .bool(let value) = yaml.value else { throw Self.wrongType(yaml, path: path(key), expected: "true or false") }
        return value
    }

    /// Standard base64, as Go reads it: line breaks are skipped, anything else that is foreign is an error.
    mutating func data(_ key: String) throws(KubeconfigError) -> Data {
        let encoded = try text(key)
        guard !encoded.isEmpty else { return Data() }
        guard let data = Data(base64Encoded: encoded.filter { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }) else {
            let hint =
                encoded.contains("-----BEGIN")
                ? "it is PEM text; encode it with `base64 -w0`, or name the file in \(key.replacing("-data", with: ""))"
                : "it is cut off, or holds a character that base64 does not have"
            throw KubeconfigError(
                .badValue, at: values[key]?.position ?? position, key: path(key), "the value is not base64: \(hint)")
        }
        return data
    }

    mutating func list(_ key: String) throws(KubeconfigError) -> [(path: String, yaml: PositionedYAML)] {
        guard let yaml = take(key) else { return [] }
        guard case .list(let list) = yaml.value else { throw Self.wrongType(yaml, path: path(key), expected: "a list") }
        return list.enumerated().map { ("\(path(key))[\($0)]", $1) }
    }

    mutating func texts(_ key: String) throws(KubeconfigError) -> [String] {
        var texts: [String] = []
        for (path, yaml) in try list(key) { texts.append(try Self.text(yaml, path: path)) }
        return texts
    }

    mutating func map(_ key: String) throws(KubeconfigError) -> [PositionedYAML.Entry] {
        guard let yaml = take(key) else { return [] }
        guard case .map(let entries) = yaml.value else { throw Self.wrongType(yaml, path: path(key), expected: "a mapping") }
        return entries
    }

    mutating func child(_ key: String) throws(KubeconfigError) -> MappingReader? {
        guard let yaml = take(key) else { return nil }
        return try MappingReader(yaml, path: path(key))
    }

    /// The notes about keys that nobody took. To be called last.
    mutating func finish() -> [KubeconfigNote] {
        for (key, position) in keys where !seen.contains(key) {
            let guess = nearest(to: key, in: seen).map { "; did you mean \"\($0)\"?" } ?? ""
            notes.append(
                KubeconfigNote(
                    position: position, key: path(key), text: "this key is unknown, and ignored as kubectl does\(guess)"))
        }
        return notes.sorted { ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column) }
    }

    /// Takes over the notes about a mapping inside this one.
    mutating func absorb(_ child: inout MappingReader) { notes += child.finish() }

    static func text(_ yaml: PositionedYAML, path: String) throws(KubeconfigError) -> String {
        switch yaml.value {
        case .text(let text): return text
        case .null: return ""
        default: throw wrongType(yaml, path: path, expected: "text")
        }
    }

    static func wrongType(_ yaml: PositionedYAML, path: String, expected: String) -> KubeconfigError {
        let seen =
            switch yaml.value {
            case .null: "nothing"
            case .bool: "a Boolean"
            case .integer, .float: "a number"
            case .text: "text"
            case .list: "a list"
            case .map: "a mapping"
            }
        // An unquoted `y` or `0123` surprises; what is written under a key that may be secret is not repeated.
        var remedy: String?
        if expected == "text", yaml.written != nil {
            remedy =
                "Without quotes YAML 1.1 reads y, no, on and the like as Booleans and digits as numbers; put the value in quotes"
        }
        if expected == "true or false", case .text = yaml.value { remedy = "Write true or false without quotes" }
        return KubeconfigError(.wrongType, at: yaml.position, key: path, "expected \(expected), found \(seen)", remedy: remedy)
    }
}
