/// What a piece of text is, from which its colour follows where there is colour.
package enum Style: Sendable, Hashable {
    case plain, strong, faint, good, bad, caution, unsure

    var sgr: String {
        switch self {
        case .plain: ""
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .bad: "1;31"
        case .caution: "33"
        case .unsure: "35"
        }
    }
}

/// A piece of text of one style. Its text is visible: made by a `Page`, which lets nothing else through.
struct Piece: Sendable, Hashable {
    let text: String
    let style: Style
    let width: Int

    fileprivate init(visible text: String, _ style: Style) {
        self.text = text
        self.style = style
        self.width = displayWidth(text)
    }

    func cut(to width: Int, _ medium: Medium) -> Piece {
        self.width <= width ? self : Piece(visible: Report.cut(text, to: width, ellipsis: medium.ellipsis), style)
    }

    func restyled(_ style: Style) -> Piece { Piece(visible: text, style) }
}

extension [Piece] {
    var width: Int { reduce(0) { $0 + $1.width } }
}

/// A report for people while it is being written: lines of styled text for one medium.
///
/// The one door through which text comes onto a page is `span`, and it makes the text visible; there is no other way for a
/// cluster's text to reach the terminal.
struct Page {
    let medium: Medium
    /// Columns of running text and of what stands at the right: lines longer than this are hard to read, however wide the window.
    let measure: Int
    private(set) var text = ""
    private var endsBlank = true

    init(_ medium: Medium) {
        self.medium = medium
        measure = Swift.min(medium.width, 100)
    }

    func span(_ text: String, _ style: Style = .plain) -> Piece {
        Piece(visible: visible(text, unicode: medium.unicode), style)
    }

    static func space(_ count: Int) -> Piece { Piece(visible: String(repeating: " ", count: Swift.max(0, count)), .plain) }

    /// A line as it is, however wide; spaces at its end are dropped.
    mutating func whole(_ spans: [Piece]) {
        var spans = spans
        while let last = spans.last, last.text.allSatisfy({ $0 == " " }) { spans.removeLast() }
        for (position, span) in spans.enumerated() {
            let isLast = position == spans.count - 1
            append(isLast ? span.text.trimmingSpaces() : span.text, span.style)
        }
        text += "\n"
        endsBlank = spans.isEmpty
    }

    /// A line that is cut in the middle of its widest piece where it does not fit.
    mutating func line(_ spans: [Piece]) {
        var spans = spans
        var excess = spans.width - medium.width
        while excess > 0, let widest = spans.indices.max(by: { spans[$0].width < spans[$1].width }), spans[widest].width > 4 {
            spans[widest] = spans[widest].cut(to: Swift.max(4, spans[widest].width - excess), medium)
            let now = spans.width - medium.width
            if now == excess { break }
            excess = now
        }
        whole(spans)
    }

    /// A line with something at its right edge, as far apart as there is room.
    mutating func line(_ left: [Piece], right: [Piece]) {
        line(left + [Page.space(Swift.max(2, measure - left.width - right.width))] + right)
    }

    /// An empty line, never two together and none at the top.
    mutating func gap() {
        if endsBlank { return }
        text += "\n"
        endsBlank = true
    }

    /// Running text, broken between words; its first line begins with `lead`, the others under the end of it.
    /// - Parameter limit: At most so many lines; what does not fit is replaced by an ellipsis in the last one's middle.
    mutating func prose(
        lead: [Piece] = [], _ words: String, _ style: Style = .plain, limit: Int = .max, continuation: String = ""
    ) {
        let indent = lead.width
        let room = Swift.max(12, measure - indent)
        var text = visible(words, unicode: medium.unicode)
        if limit < .max { text = Report.cut(text, to: room * limit, ellipsis: medium.ellipsis) }
        let lines = fill(text, width: room, continuation: continuation)
        for (number, line) in lines.prefix(limit).enumerated() {
            let isLast = number == limit - 1 && lines.count > limit
            let rest = isLast ? lines[number...].map { $0.text + ($0.breaksWord ? "" : " ") }.joined() : line.text
            let shown = Report.cut(rest.trimmingSpaces(), to: room, ellipsis: medium.ellipsis)
            whole((number == 0 ? lead : [Page.space(indent)]) + [Piece(visible: shown, style)])
        }
    }

    private mutating func append(_ text: String, _ style: Style) {
        if medium.colour, !style.sgr.isEmpty, !text.isEmpty {
            self.text += "\u{1B}[\(style.sgr)m\(text)\u{1B}[0m"
        } else {
            self.text += text
        }
    }
}

/// The words in lines of at most `width` columns; a word that is wider than a line is broken where the line ends.
func fill(_ text: String, width: Int, continuation: String = "") -> [FilledLine] {
    var lines: [FilledLine] = []
    var line = ""
    var used = 0
    for word in text.split(separator: " ") {
        let needed = displayWidth(word)
        if !line.isEmpty, used + 1 + needed <= width {
            line += " " + word
            used += 1 + needed
            continue
        }
        if !line.isEmpty { lines.append(FilledLine(text: line, breaksWord: false)) }
        line = lines.isEmpty ? "" : continuation
        used = displayWidth(line)
        if used + needed <= width {
            line += word
            used += needed
            continue
        }
        for character in word {
            let columns = displayWidth(character)
            if used + columns > width, line.count > continuation.count {
                lines.append(FilledLine(text: line, breaksWord: true))
                line = continuation
                used = displayWidth(line)
            }
            line.append(character)
            used += columns
        }
    }
    if !line.isEmpty || lines.isEmpty { lines.append(FilledLine(text: line, breaksWord: false)) }
    return lines
}

/// A line of running text.
struct FilledLine: Sendable, Hashable {
    let text: String
    /// It ends inside a word, so that no space follows.
    let breaksWord: Bool
}

extension String {
    func trimmingSpaces() -> String {
        var end = endIndex
        while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
        return String(self[..<end])
    }
}
