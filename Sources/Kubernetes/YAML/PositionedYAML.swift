package import Foundation
import Yams
import Secrecy

/// A YAML or JSON value that knows where it stands in its file.
///
/// Aliases and merge keys (`<<`) are already resolved; scalars are typed by YAML 1.1's rules.
package struct PositionedYAML: Sendable {
    package indirect enum Value: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case float(Double)
        case text(String)
        case list([PositionedYAML])
        case map([Entry])
    }

    /// A key of a mapping, where the key stands, and its value.
    package struct Entry: Sendable {
        package let key: String
        package let position: SourcePosition
        package let value: PositionedYAML
    }

    package let value: Value
    package let position: SourcePosition
    /// A scalar as it is written in the file, for messages about its type.
    package let written: String?

    package subscript(_ key: String) -> PositionedYAML? {
        guard case .map(let entries) = value else { return nil }
        return entries.last { $0.key == key }?.value
    }
}

/// Why a text is not YAML that can be read, and where.
package struct YAMLProblem: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable { case notText, syntax, duplicateKey, tooManyAliases, tooDeep }
    package let kind: Kind
    package let position: SourcePosition
    package let text: String
}

extension PositionedYAML {
    /// Reads the first document of `data`. `nil` where there is none (an empty file, or comments alone).
    ///
    /// A text can be hostile: nesting is limited by the parser, and aliases by what they could expand to.
    package static func read(_ data: Data, file: String) throws(YAMLProblem) -> PositionedYAML? {
        let start = SourcePosition(file: file, line: 1, column: 1)
        guard let text = decodeText(data) else {
            throw YAMLProblem(kind: .notText, position: start, text: "it is not text (neither UTF-8 nor UTF-16)")
        }
        let guarded = AliasGuard(text)
        if let reason = guarded.reason { throw guarded.problem(reason, file: file) }
        let node: Node?
        do {
            node = try Parser(yaml: text, encoding: .utf8).nextRoot()
        } catch let error as YamlError {
            throw YAMLProblem(error, text: text, file: file)
        } catch {
            throw YAMLProblem(kind: .syntax, position: start, text: "\(error)")
        }
        guard let node else { return nil }
        guard guarded.staysSmall(node) else { throw guarded.problem("its aliases expand to too many values", file: file) }
        return PositionedYAML(node, file: file)
    }

    /// UTF-8, or UTF-16 with a byte order mark: what a redirect in Windows PowerShell writes.
    private static func decodeText(_ data: Data) -> String? {
        if data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]) {
            return String(data: data, encoding: .utf16)
        }
        return String(data: data, encoding: .utf8)
    }

    private init(_ node: Node, file: String) {
        let mark = node.mark
        position = SourcePosition(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
        switch node {
        case .scalar(let scalar):
            written = scalar.string
            value = Self.scalar(scalar)
        case .sequence(let sequence):
            written = nil
            value = .list(sequence.map { PositionedYAML($0, file: file) })
        case .mapping(let mapping):
            written = nil
            value = .map(Self.entries(mapping, file: file))
        case .alias:
            // The composer resolves aliases; this case only exists for documents that are built to be written.
            written = nil
            value = .null
        }
    }

    private static func scalar(_ scalar: Node.Scalar) -> Value {
        guard scalar.style == .plain || scalar.style == .any else { return .text(scalar.string) }
        let tag = scalar.tag.description
        guard tag.isEmpty || tag == "?" || standardScalarTags.contains(tag) else { return .text(scalar.string) }
        return switch YAMLScalar(plain: scalar.string) {
        case .null: .null
        case .bool(let bool): .bool(bool)
        case .integer(let integer): .integer(integer)
        case .float(let float): .float(float)
        case .text: .text(scalar.string)
        }
    }

    private static let standardScalarTags: Set<String> = [
        "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
    ]

    /// The pairs of a mapping; those that `<<` brings in come first, so that the mapping's own keys win.
    private static func entries(_ mapping: Node.Mapping, file: String) -> [Entry] {
        var merged: [Entry] = []
        var own: [Entry] = []
        for (key, value) in mapping {
            let value = PositionedYAML(value, file: file)
            let position = SourcePosition(file: file, line: key.mark?.line ?? 1, column: key.mark?.column ?? 1)
            if case .scalar(let scalar) = key, scalar.string == "<<", scalar.style == .plain {
                merged += mergedEntries(value)
            } else {
                own.append(Entry(key: keyText(key), position: position, value: value))
            }
        }
        let names = Set(own.map(\.key))
        return merged.filter { !names.contains($0.key) } + own
    }

    private static func mergedEntries(_ value: PositionedYAML) -> [Entry] {
        switch value.value {
        case .map(let entries): entries
        // Of several mappings the first one wins, and the last entry with a name is the one that is read.
        case .list(let list): list.reversed().flatMap(mergedEntries)
        default: []
        }
    }

    /// A key as text. JSON has no other keys, so a plain `on` is the key "true", as kubectl makes it.
    private static func keyText(_ key: Node) -> String {
        guard case .scalar(let node) = key else { return "?" }
        return switch scalar(node) {
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        default: node.string
        }
    }
}

extension YAMLProblem {
    fileprivate init(_ error: YamlError, text: String, file: String) {
        func at(_ mark: Mark) -> SourcePosition { SourcePosition(file: file, line: mark.line, column: mark.column) }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let deep = problem.contains("nesting level")
            self.init(
                kind: deep ? .tooDeep : .syntax, position: at(mark),
                text: deep ? "it is nested too deeply" : Self.sentence(problem, context))
        case .composer(_, let problem, let mark, _):
            let cyclic = problem.contains("undefined alias")
            self.init(
                kind: .syntax, position: at(mark),
                text: cyclic ? "the alias names no anchor before it (a cycle, or a misspelt name)" : problem)
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            let line = before.reduce(1) { $0 + ($1.isNewline ? 1 : 0) }
            let column = before.reversed().prefix { !$0.isNewline }.count + 1
            self.init(kind: .notText, position: SourcePosition(file: file, line: line, column: column), text: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "\"\(printable($0))\"" }.joined(separator: ", ")
            self.init(kind: .duplicateKey, position: at(context.mark), text: "the key \(names) is given twice in one mapping")
        default:
            self.init(kind: .syntax, position: SourcePosition(file: file, line: 1, column: 1), text: "it cannot be read as YAML")
        }
    }

    private static func sentence(_ problem: String, _ context: YamlError.Context?) -> String {
        guard let context else { return problem }
        return "\(problem) (\(context.text) that begins in line \(context.mark.line))"
    }
}
