internal import Yams

/// A place in a YAML text and what is wrong there, in the form `file:line:column: message`.
package struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// 1-based; 0 where the fault is the file as a whole.
    package var line: Int
    /// 1-based; 0 where the fault is the file as a whole.
    package var column: Int
    package var message: String

    package init(file: String, line: Int = 0, column: Int = 0, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    package var description: String {
        line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"
    }
}

/// A node of a YAML document that knows where it stands, read strictly: wrong types and unknown keys are errors.
///
/// Only what is asked for is visited, so that a document whose aliases would unfold to gigabytes costs nothing.
package struct YAMLValue {
    let node: Node
    let file: String
    /// The way to this node, as `clusters[1].network`; empty at the root.
    package let path: String

    /// Reads the first document of a text.
    ///
    /// - Parameter text: at most ``maximumBytes`` of YAML.
    /// - Throws: ``YAMLError`` where the text is too large, empty, or no YAML.
    package init(parsing text: String, file: String) throws(YAMLError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw YAMLError(file: file, message: "\(text.utf8.count) bytes; at most \(Self.maximumBytes) are read")
        }
        do {
            // What a scalar means is for its reader to say: without Yams' own rules, which are regular expressions.
            guard let node = try Yams.compose(yaml: text, .basic) else { throw YAMLError(file: file, message: "is empty") }
            self.init(node: node, file: file, path: "")
        } catch let error as Yams.YamlError {
            throw YAMLError(file: file, yams: error)
        } catch let error as YAMLError {
            throw error
        } catch {
            throw YAMLError(file: file, message: "cannot be read as YAML: \(error)")
        }
    }

    init(node: Node, file: String, path: String) {
        self.node = node
        self.file = file
        self.path = path
    }

    /// What isthmus reads as YAML is written by people; a larger file is a mistake or an attack.
    package static let maximumBytes = 1 << 20

    /// An error at this node.
    package func error(_ message: String) -> YAMLError {
        YAMLError(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, message: message)
    }

    /// This node as a mapping; see ``YAMLMapping``.
    package func mapping() throws(YAMLError) -> YAMLMapping {
        guard case .mapping(let mapping) = node else { throw mismatch("a mapping") }
        return try YAMLMapping(mapping, of: self)
    }

    /// The elements of this node, which must be a sequence.
    package func list() throws(YAMLError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw mismatch("a list") }
        return sequence.enumerated().map { YAMLValue(node: $1, file: file, path: "\(path)[\($0)]") }
    }

    /// This node as text. A bare `no` or `3` is text here, as the one who wrote it meant.
    package func string() throws(YAMLError) -> String {
        guard case .scalar(let scalar) = node, !isNull else { throw mismatch("a text") }
        return scalar.string
    }

    /// This node as a whole number in decimal digits.
    package func int() throws(YAMLError) -> Int {
        guard case .scalar(let scalar) = node, scalar.style == .any || scalar.style == .plain, let value = Int(scalar.string)
        else { throw mismatch("a whole number") }
        return value
    }

    /// This node as `true` or `false`; YAML 1.1's other words are refused as ambiguous.
    package func bool() throws(YAMLError) -> Bool {
        switch node.scalar?.string {
        case "true"?: true
        case "false"?: false
        default: throw mismatch("true or false")
        }
    }

    /// Whether this node is YAML's null (`~`, `null` or nothing).
    package var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .any || scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The scalar's own text and whether it was quoted; `nil` for a mapping or a list.
    package var scalar: (text: String, quoted: Bool)? {
        guard case .scalar(let scalar) = node else { return nil }
        return (scalar.string, scalar.style != .any && scalar.style != .plain)
    }

    private func mismatch(_ wanted: String) -> YAMLError {
        let found =
            switch node {
            case .mapping: "a mapping"
            case .sequence: "a list"
            case .alias: "an alias"
            case .scalar(let scalar): isNull ? "nothing" : "\"\(scalar.string.prefix(40))\""
            }
        return error("\(path.isEmpty ? "the document" : path) must be \(wanted), and is \(found)")
    }
}

extension YAMLError {
    init(file: String, yams error: Yams.YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            self.init(file: file, line: mark.line, column: mark.column, message: "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "\"\($0)\"" }.sorted().joined(separator: ", ")
            self.init(file: file, line: context.mark.line, column: context.mark.column, message: "the key \(keys) stands twice")
        default:
            self.init(file: file, message: "is not YAML: \(error)")
        }
    }
}
