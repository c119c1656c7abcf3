/// A message with places for the query's columns: `{subject} trusts {fingerprint}`.
///
/// Only a name in braces is a place, so that `{.data.token}` of a kubectl command stays as it is.
package struct Template: Sendable, Equatable {
    package let text: String
    private let parts: [Part]

    private enum Part: Sendable, Equatable {
        case literal(String)
        case column(String)
    }

    package init(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            let after = rest[rest.index(after: open)...]
            let name = after.prefix { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }
            guard !name.isEmpty, name.endIndex < after.endIndex, after[name.endIndex] == "}" else {
                parts.append(.literal(String(rest[...open])))
                rest = after
                continue
            }
            parts.append(.literal(String(rest[..<open])))
            parts.append(.column(String(name)))
            rest = after[after.index(after: name.endIndex)...]
        }
        parts.append(.literal(String(rest)))
        self.parts = parts
    }

    /// The columns that it needs.
    package var columns: [String] {
        parts.compactMap { if case .column(let name) = $0 { name } else { nil } }
    }

    /// A column whose place stands in quotes, so that what is quoted for it there would not be; nil where none does.
    var columnInQuotes: String? {
        var quote: Character?
        var isComment = false
        var last: Character = " "
        for part in parts {
            switch part {
            case .column(let name):
                if quote != nil { return name }
                last = "x"
            case .literal(let text):
                for character in text {
                    if character == "\n" { isComment = false }
                    if !isComment, last != "\\" || quote == "'" {
                        switch character {
                        case "'", "\"": quote = quote == nil ? character : quote == character ? nil : quote
                        case "#": isComment = quote == nil && last.isWhitespace
                        default: break
                        }
                    }
                    last = last == "\\" && character == "\\" ? " " : character
                }
            }
        }
        return nil
    }

    /// The text with every place filled; nil where one has no value.
    func rendered(_ value: (String) -> String?) -> String? {
        var result = ""
        for part in parts {
            switch part {
            case .literal(let text): result += text
            case .column(let name):
                guard let value = value(name) else { return nil }
                result += value
            }
        }
        return result
    }
}

extension String {
    /// One word of a POSIX shell: as it is where that is safe, else quoted. Control characters are lost: a line's end would end
    /// the comment that the word may stand in.
    package var shellWord: String {
        let isSafe = utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122: true
            default: "-._/:@%+=,".utf8.contains(byte)
            }
        }
        if isSafe, !isEmpty { return self }
        let visible = String(map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "\u{FFFD}" : $0 })
        return "'" + visible.replacing("'", with: #"'\''"#) + "'"
    }
}
