/// How many columns of a terminal a text takes.
///
/// A terminal gives two columns to East Asian wide and fullwidth characters and to emoji, none to what combines with the
/// character before it, and one to everything else (Unicode Standard Annex #11, ambiguous width counted as narrow). Counted by
/// grapheme cluster, so that a base with its accents is one thing. The text must have passed `visible(_:unicode:)`: what has
/// no width of its own to show (controls, format characters) is no longer in it.
package func displayWidth(_ text: some StringProtocol) -> Int {
    let utf8 = text.utf8
    if utf8.allSatisfy({ $0 < 0x80 }) { return utf8.count }
    return text.reduce(0) { $0 + displayWidth($1) }
}

/// The columns of one grapheme cluster: 0, 1 or 2.
package func displayWidth(_ character: Character) -> Int {
    var width = 0
    for scalar in character.unicodeScalars {
        // An emoji variation selector turns a narrow symbol into its wide picture.
        if scalar == "\u{FE0F}" { return 2 }
        width = max(width, scalarWidth(scalar))
        if width == 2 { return 2 }
    }
    return width
}

private func scalarWidth(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    // Vowels and final consonants of a Hangul syllable written in parts: drawn inside the first one.
    if (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value) { return 0 }
    if scalar.properties.isEmojiPresentation { return 2 }
    return wideRanges.contains { $0.contains(scalar.value) } ? 2 : 1
}

/// Wide and fullwidth characters that are not emoji, from EastAsianWidth.txt with the unassigned gaps between them closed.
private let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0xA4CF, 0xA960...0xA97F,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
    0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
]

/// The text in at most `width` columns: whole where it fits, else cut in the middle, because names and paths of one kind
/// differ at their ends. Never splits a grapheme cluster.
package func cut(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    if displayWidth(text) <= width { return text }
    let room = width - displayWidth(ellipsis)
    if room < 2 { return width <= 0 ? "" : prefix(of: text, width: width) }
    let tail = suffix(of: text, width: room / 2)
    let head = prefix(of: text, width: room - displayWidth(tail))
    return head + ellipsis + tail
}

private func prefix(of text: String, width: Int) -> String {
    var left = width
    return String(
        text.prefix {
            left -= displayWidth($0)
            return left >= 0
        })
}

private func suffix(of text: String, width: Int) -> String {
    var left = width
    var start = text.endIndex
    while start > text.startIndex {
        let before = text.index(before: start)
        left -= displayWidth(text[before])
        if left < 0 { break }
        start = before
    }
    return String(text[start...])
}

/// The text filled up with spaces to `width` columns.
package func pad(_ text: String, to width: Int, right: Bool = false) -> String {
    let missing = width - displayWidth(text)
    if missing <= 0 { return text }
    let spaces = String(repeating: " ", count: missing)
    return right ? spaces + text : text + spaces
}
