import Foundation
import Yams

/// Keeps aliases from blowing a document up: looks at the text before it is parsed, and at the nodes before they are copied.
///
/// The parser shares the nodes of an alias, so that parsing itself is cheap. Two things are not: comparing mapping keys, which
/// visits every node below an alias that is (in) a key, and turning the result into values.
struct AliasGuard {
    private let size: Int
    private let firstAlias: (line: Int, column: Int)?
    /// Why the text is not even parsed; `nil` where it may be.
    let reason: String?

    /// Counts every `&name` and `*name`, quoted or not: that can only overestimate.
    init(_ text: String) {
        var anchors = 0.0
        var aliases = 0.0
        var first: (line: Int, column: Int)?
        var hasKey = false
        var line = Line()
        for byte in text.utf8 {
            hasKey = line.isComplexKey(before: byte) || hasKey
            line.add(byte)
            anchors += line.isAnchor ? 1 : 0
            if line.isAlias {
                aliases += 1
                first = first ?? (line.number, line.column - 1)
            }
        }
        size = text.utf8.count
        firstAlias = first
        guard first != nil, anchors > 0 else {
            reason = nil
            return
        }
        // With n anchors and A aliases, nesting gives at most (A/k)^k copies for the best k ≤ n.
        let copies = (1...Int(min(anchors, 64))).map { pow(max(aliases / Double($0), 1), Double($0)) }.max() ?? 1
        if copies > 1e6 {
            reason = "its \(Int(aliases)) aliases of \(Int(anchors)) anchors could expand to millions of values"
        } else if hasKey {
            reason = "an alias stands in a mapping's key"
        } else {
            reason = nil
        }
    }

    func problem(_ reason: String, file: String) -> YAMLProblem {
        let position = SourcePosition(file: file, line: firstAlias?.line ?? 1, column: firstAlias?.column ?? 1)
        return YAMLProblem(kind: .tooManyAliases, position: position, text: reason)
    }

    /// Whether a document has, with its aliases expanded, no more nodes than a text of its size might have without any.
    func staysSmall(_ root: Node) -> Bool {
        var budget = 100_000 + size
        return firstAlias == nil || Self.spend(root, &budget)
    }

    private static func spend(_ node: Node, _ budget: inout Int) -> Bool {
        budget -= 1
        guard budget > 0 else { return false }
        switch node {
        case .sequence(let sequence): return sequence.allSatisfy { spend($0, &budget) }
        case .mapping(let mapping): return mapping.allSatisfy { spend($0.key, &budget) && spend($0.value, &budget) }
        case .scalar, .alias: return true
        }
    }
}

/// What a scan for aliases has to remember of the line that it is in.
private struct Line {
    var number = 1
    var column = 0
    private var previous: UInt8 = 0x0A
    private var beforePrevious: UInt8 = 0x0A
    private var hasAlias = false
    /// The last byte that is no blank closes a flow collection, or belongs to an alias.
    private var endsKey = false
    private var isInAlias = false

    var isAnchor: Bool { beforePrevious == UInt8(ascii: "&") && previous.isName }
    var isAlias: Bool { beforePrevious == UInt8(ascii: "*") && previous.isName }

    /// Whether the byte after what was added makes a key of an alias, of a flow collection with one, or of anything (`? `).
    func isComplexKey(before byte: UInt8) -> Bool {
        if byte == UInt8(ascii: ":"), hasAlias, endsKey { return true }
        return previous == UInt8(ascii: "?") && byte.isBlank && (beforePrevious.isBlank || beforePrevious.opens)
    }

    mutating func add(_ byte: UInt8) {
        if byte == 0x0A {
            number += 1
            column = 0
            hasAlias = false
            endsKey = false
            isInAlias = false
        } else {
            column += 1
            let begins = previous == UInt8(ascii: "*") && byte.isName
            isInAlias = begins || (isInAlias && byte.isName)
            hasAlias = hasAlias || begins
            if !byte.isBlank { endsKey = isInAlias || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") }
        }
        beforePrevious = previous
        previous = byte
    }
}

extension UInt8 {
    fileprivate var isName: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }

    fileprivate var opens: Bool { [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ",")].contains(self) }
}
