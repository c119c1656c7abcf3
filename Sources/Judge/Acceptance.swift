import StrictYAML

/// A finding that the operator has accepted for a while.
package struct Acceptance: Sendable, Equatable {
    package let check: String
    /// Glob over subjects (`*`, `?`); nil covers every subject.
    package let subject: String?
    package let reason: String
    /// The last day on which it counts, `YYYY-MM-DD`, UTC.
    package let expires: String
    /// First second after the last day.
    package let expiresAt: Int
    /// Where it was written, for notes.
    package let place: String

    /// Reads a file of accepted findings.
    ///
    /// - Throws: ``YAMLError`` with line and column.
    package static func read(_ text: String, file: String) throws -> [Acceptance] {
        try YAMLValue(parsing: text, file: file).list().map { entry in
            var keys = try entry.mapping()
            let check = try keys.required("check").string()
            let subject = try keys.optional("subject")?.string()
            let reasonNode = try keys.required("reason")
            let reason = try reasonNode.string()
            guard !reason.allSatisfy(\.isWhitespace) else { throw reasonNode.error("\(reasonNode.path) must say why") }
            let dayNode = try keys.required("expires")
            let day = try dayNode.string()
            guard let start = startOfDay(day) else {
                throw dayNode.error("\(dayNode.path) must be a day YYYY-MM-DD, and is \"\(day.prefix(40))\"")
            }
            try keys.finish()
            return Acceptance(
                check: check, subject: subject, reason: reason, expires: day, expiresAt: start + 86400,
                place: "\(file):\(entry.error("").line)")
        }
    }

    /// Whether it speaks of this verdict, expired or not.
    func covers(_ verdict: Verdict) -> Bool {
        guard verdict.check == check, [.fail, .warning, .unknown].contains(verdict.status) else { return false }
        return subject.map { globMatches($0, verdict.subject) } ?? true
    }
}

/// Seconds since 1970 at the start of a day in UTC; nil where there is no such day.
func startOfDay(_ day: String) -> Int? {
    guard let match = day.wholeMatch(of: /([0-9]{4})-([0-9]{2})-([0-9]{2})/),
        let year = Int(match.1), let month = Int(match.2), let date = Int(match.3), (1...12).contains(month)
    else { return nil }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...lengths[month - 1]).contains(date) else { return nil }
    // Days of the civil calendar: years counted from March, in eras of 400 years.
    let y = month <= 2 ? year - 1 : year
    let yearOfEra = y % 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + date - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return (y / 400 * 146_097 + dayOfEra - 719_468) * 86400
}

/// Whether a text matches a pattern with `*` (any run of characters) and `?` (any one character). Takes linear space and never backtracks twice.
package func globMatches(_ pattern: String, _ text: String) -> Bool {
    let pattern = Array(pattern), text = Array(text)
    var p = 0, t = 0
    var star: Int?
    var mark = 0
    while t < text.count {
        if p < pattern.count, pattern[p] == "*" {
            star = p
            mark = t
            p += 1
        } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
            p += 1
            t += 1
        } else if let star {
            p = star + 1
            mark += 1
            t = mark
        } else {
            return false
        }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
}
