/// The words of a query, as far as they are needed to see which functions it calls with what. SQLite itself decides what they mean.
struct SQLTokens {
    enum Token: Equatable {
        /// A bare or quoted name, or a keyword, in lower case.
        case name(String)
        /// A string literal's value.
        case string(String)
        /// Anything else, one character.
        case mark(Character)
    }

    /// Each token and the query's line (from 0) on which it begins.
    private(set) var tokens: [(token: Token, line: Int)] = []

    init(_ sql: String) {
        let text = Array(sql.utf8)
        var index = 0
        var line = 0
        while index < text.count {
            let (end, token) = Self.next(text, index)
            if let token { tokens.append((token, line)) }
            line += text[index..<end].count { $0 == UInt8(ascii: "\n") }
            index = end
        }
    }

    /// The token that begins at an index, if one does, and where the next begins.
    private static func next(_ text: [UInt8], _ start: Int) -> (end: Int, token: Token?) {
        func starts(_ mark: StaticString) -> Bool {
            mark.withUTF8Buffer { text[start...].starts(with: $0) }
        }
        func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        let first = text[start]
        switch first {
        case UInt8(ascii: "-") where starts("--"):
            return (text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count, nil)
        case UInt8(ascii: "/") where starts("/*"):
            var index = start + 2
            while index + 1 < text.count, text[index] != UInt8(ascii: "*") || text[index + 1] != UInt8(ascii: "/") { index += 1 }
            return (min(index + 2, text.count), nil)
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "["):
            let close = first == UInt8(ascii: "[") ? UInt8(ascii: "]") : first
            let end = endOfQuote(text, start, close)
            let quote = String(decoding: [close], as: UTF8.self)
            let value = string(start + 1..<max(start + 1, end - 1)).replacing(quote + quote, with: quote)
            return (end, first == UInt8(ascii: "'") ? .string(value) : .name(value.lowercased()))
        case _ where isWord(first):
            let end = text[start...].firstIndex { !isWord($0) } ?? text.count
            return (end, .name(string(start..<end).lowercased()))
        case 0...32: return (start + 1, nil)
        default: return (start + 1, .mark(Character(Unicode.Scalar(first))))
        }
    }

    /// Letters, digits, `_`, `$`, and whatever is not ASCII, as SQLite has it.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 95, 36, 128...: true
        default: false
        }
    }

    /// From the opening quote to behind the closing one; a doubled quote is a quote.
    private static func endOfQuote(_ text: [UInt8], _ start: Int, _ close: UInt8) -> Int {
        var index = start + 1
        while index < text.count {
            if text[index] == close {
                guard close != UInt8(ascii: "]"), index + 1 < text.count, text[index + 1] == close else { return index + 1 }
                index += 1
            }
            index += 1
        }
        return text.count
    }

    /// What no check may do, and on which line (from 0) it is done; nil where nothing is.
    ///
    /// Functions are refused here whose one call could take seconds: between two steps of a query nothing can stop it.
    var fault: (reason: String, line: Int)? {
        guard let first = tokens.first else { return ("there is no query after the front matter", 0) }
        if first.token != .name("select"), first.token != .name("with") {
            return ("a check is one SELECT, and this begins with \(first.token.text)", first.line)
        }
        var searches = 0
        for (index, entry) in tokens.enumerated() {
            if case .string(let text) = entry.token, text.lowercased() == "now" {
                return ("'now' asks this machine's clock; \(Self.time)", entry.line)
            }
            guard case .name(let name) = entry.token, index + 1 < tokens.count, tokens[index + 1].token == .mark("(") else {
                continue
            }
            if ["instr", "replace"].contains(name) { searches += 1 }
            if searches > 40 { return ("more than 40 calls of instr() and replace()", entry.line) }
            if let reason = Self.fault(name, arguments(from: index + 2)) { return (reason, entry.line) }
        }
        return nil
    }

    private static func fault(_ name: String, _ arguments: [[Token]]) -> String? {
        let asksClock = "\(name)() without a time asks this machine's clock; \(time)"
        switch name {
        case "date", "time", "datetime", "julianday", "unixepoch": return arguments.isEmpty ? asksClock : nil
        case "strftime": return arguments.count < 2 ? asksClock : nil
        case "printf", "format":
            let reason =
                "\(name)() must have a literal format of %d, %s, %f, %g and %x with a width and precision of two digits at most"
            return isModest(arguments.first ?? []) ? nil : reason
        case "trim", "ltrim", "rtrim":
            if arguments.count < 2 { return nil }
            if arguments.count == 2, arguments[1].count == 1, case .string(let set) = arguments[1][0], set.count <= 16 {
                return nil
            }
            return "the second argument of \(name)() must be a literal of 16 characters at most"
        default: return nil
        }
    }

    /// The arguments of a call, from the token after its opening bracket to its closing one.
    private func arguments(from start: Int) -> [[Token]] {
        var arguments: [[Token]] = []
        var depth = 0
        for (token, _) in tokens[start...] {
            if token == .mark(")"), depth == 0 { break }
            if token == .mark(","), depth == 0 {
                arguments.append([])
                continue
            }
            if token == .mark("(") { depth += 1 } else if token == .mark(")") { depth -= 1 }
            if arguments.isEmpty { arguments.append([]) }
            arguments[arguments.count - 1].append(token)
        }
        return arguments
    }

    private static let time = "the time of a run is a fact: (SELECT now FROM run)"

    /// A width of a thousand million would be one step.
    private static func isModest(_ argument: [Token]) -> Bool {
        guard argument.count == 1, case .string(let format) = argument[0] else { return false }
        return format.wholeMatch(of: /(?:[^%]|%%|%[-+ 0,]*[0-9]{0,2}(?:\.[0-9]{1,2})?[dsfgx])*/) != nil
    }
}

extension SQLTokens.Token {
    fileprivate var text: String {
        switch self {
        case .name(let name): name.uppercased()
        case .string(let text): "'\(text.prefix(20))'"
        case .mark(let mark): String(mark)
        }
    }
}
