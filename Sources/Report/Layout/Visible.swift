/// The text made safe and honest for a terminal: everything that a reader would not see, or that would move the cursor, colour
/// the screen or turn the direction of writing, is written out as an escape.
///
/// Names, messages and evidence come from clusters, and a cluster may be hostile: a carriage return with `READY` behind it must
/// not paint over a verdict. Escaped are control characters (also ESC and the C1 set), all format characters (bidirectional
/// marks and overrides, zero-width characters, tags), line and paragraph separators, spaces other than the plain one, private
/// and unassigned code points, combining marks without a base, and more than four marks on one base.
/// - Parameter unicode: false for a terminal that shows ASCII only: signs with an ASCII twin get it, the rest is escaped.
package func visible(_ text: String, unicode: Bool = true) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = ""
    for character in text {
        if !unicode, !character.isASCII {
            result += asciiTwins[character] ?? escape(character)
        } else if isPlain(character) {
            result.append(character)
        } else {
            appendByScalar(character, to: &result)
        }
    }
    return result
}

private let asciiTwins: [Character: String] = [
    "→": "->", "←": "<-", "…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": "\"", "”": "\"", "·": ".", "×": "x", "≥": ">=",
    "≤": "<=", "≠": "!=", "✔": "ok", "✘": "FAIL",
]

private func isPlain(_ character: Character) -> Bool {
    let scalars = character.unicodeScalars
    if scalars.count > 5 { return false }
    for (position, scalar) in scalars.enumerated() {
        if scalar.value >= 0x20 && scalar.value < 0x7F { continue }
        if scalar == "\u{FE0F}", position == 1, scalars.first?.properties.isEmoji == true { continue }
        if isMark(scalar) {
            if position == 0 { return false }
        } else if isHidden(scalar) {
            return false
        }
    }
    return true
}

/// A cluster with one bad scalar: what can be shown of it is shown, the rest is named.
private func appendByScalar(_ character: Character, to result: inout String) {
    var marks = 0
    for (position, scalar) in character.unicodeScalars.enumerated() {
        marks += isMark(scalar) ? 1 : 0
        if isHidden(scalar) || (isMark(scalar) && (position == 0 || marks > 4)) {
            result += escape(scalar)
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
}

private func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: !scalar.properties.isDefaultIgnorableCodePoint
    default: false
    }
}

private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    case .spaceSeparator: scalar != " "
    default: scalar.properties.isDefaultIgnorableCodePoint
    }
}

private func escape(_ character: Character) -> String {
    character.unicodeScalars.map(escape).joined()
}

private func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: scalar.value >= 0x20 && scalar.value < 0x7F ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
    }
}

/// The text with long runs of hexadecimal digits, as fingerprints are, cut to their first and last eight: enough to tell two apart
/// by eye. For what is read, never for what is pasted; the JSON report has them whole.
package func shortened(_ text: String, ellipsis: String = "…") -> String {
    if text.utf8.count < 40 { return text }
    var result = ""
    var run = ""
    func close() {
        result += run.utf8.count >= 40 ? run.prefix(8) + ellipsis + run.suffix(8) : run
        run = ""
    }
    for character in text {
        if character.isASCII, character.isHexDigit {
            run.append(character)
        } else {
            close()
            result.append(character)
        }
    }
    close()
    return result
}
