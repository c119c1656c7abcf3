import Judge

/// The sign, the word and the colour of each status. The sign and the word say it; the colour only repeats it.
extension Status {
    /// One character on a terminal that shows Unicode; a short word or an ASCII sign elsewhere.
    func sign(_ medium: Medium) -> String {
        switch self {
        case .pass: medium.unicode ? "✔" : "ok"
        case .fail: medium.unicode ? "✘" : "FAIL"
        case .warning: "!"
        case .unknown: "?"
        case .blocked: medium.unicode ? "▢" : "[]"
        case .notExamined: medium.unicode ? "–" : "-"
        case .notApplicable: medium.unicode ? "·" : "."
        case .error: "ERR"
        }
    }

    var style: Style {
        switch self {
        case .pass: .good
        case .fail, .error: .bad
        case .warning: .caution
        case .unknown: .unsure
        case .blocked, .notExamined, .notApplicable: .faint
        }
    }

    /// `2 failed`, `1 warning`.
    func counted(_ count: Int) -> String {
        switch self {
        case .pass: "\(count) passed"
        case .fail: "\(count) failed"
        case .warning: Report.counted(count, "warning")
        case .unknown: "\(count) unknown"
        case .blocked: "\(count) blocked"
        case .notExamined: "\(count) not examined"
        case .notApplicable: "\(count) not applicable"
        case .error: "\(count) could not be judged"
        }
    }

    /// The order in which statuses are shown, and which of several stands for all: the worst first.
    static let worstFirst: [Status] = [.fail, .error, .unknown, .blocked, .warning, .notExamined, .pass, .notApplicable]

    var badness: Int { Status.worstFirst.count - (Status.worstFirst.firstIndex(of: self) ?? Status.worstFirst.count) }
}
