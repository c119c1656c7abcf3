package import Judge

/// The report for CI systems: JUnit's XML as Jenkins (xunit plugin, `junit-10.xsd`), GitLab and their like read it.
///
/// One `testsuite` per phase, one `testcase` per check and subject: `classname` is the phase and the check's id with a dot between,
/// `name` the subject. JUnit knows four results, isthmus more, so:
///
/// | status | becomes | why |
/// |---|---|---|
/// | `pass` | a test case without a child | |
/// | `warning` | passed, with the warning in `system-out`; `failure` with `--fail-on warning` | as the exit code has it |
/// | `fail` | `failure` | |
/// | `error` | `error` of type `error` | the check itself is broken |
/// | `unknown` | `error` of type `unknown` | the test was tried and could not be completed; a CI system must not show it green |
/// | `blocked`, `not_examined`, `not_applicable` | `skipped` with the reason | |
/// | an accepted finding | `skipped` with reason and last day | |
/// | a check left out by the operator | `skipped`, as a test case of that check without a subject | |
///
/// A run that was broken off has one more suite, `run`, with an `error`. Nothing but `pass` and `warning` is ever shown as passed.
/// Characters that XML 1.0 forbids, and those that a reader would not see, are written as visible escapes.
package struct JUnitReport: Sendable {
    private let judgement: Judgement
    private let context: ReportContext

    package init(_ judgement: Judgement, _ context: ReportContext = ReportContext()) {
        self.judgement = judgement
        self.context = context
    }

    /// Writes the report, piece by piece.
    package func write(to drain: @escaping ([UInt8]) throws -> Void) throws {
        let reading = Reading(judgement)
        var sink = Sink(drain: drain)
        var suites = reading.phases.map { chapter in
            Suite(
                name: chapter.phase.rawValue, verdicts: chapter.checks.flatMap { reading.verdicts(of: $0.id) }, skipped: [],
                failOnWarning: context.failOnWarning)
        }
        if !judgement.skipped.isEmpty {
            suites.append(Suite(name: "skipped", verdicts: [], skipped: judgement.skipped, failOnWarning: context.failOnWarning))
        }
        var total = suites.reduce(Tally()) { $0 + $1.tally }
        if context.brokenOff != nil { total.add(.error(type: "broken_off")) }
        try sink.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        let time = context.duration.map { " time=\"\(seconds($0))\"" } ?? ""
        try sink.write(
            "<testsuites name=\"isthmus\" tests=\"\(total.tests)\" failures=\"\(total.failures)\" errors=\"\(total.errors)\"\(time)>\n"
        )
        if let reason = context.brokenOff { try brokenOff(reason, to: &sink) }
        for suite in suites { try write(suite, to: &sink) }
        try sink.write("</testsuites>\n")
        try sink.flush()
    }

    private func write(_ suite: Suite, to sink: inout Sink) throws {
        let tally = suite.tally
        try sink.write(
            "  <testsuite name=\"\(attribute(suite.name))\" tests=\"\(tally.tests)\" failures=\"\(tally.failures)\""
                + " errors=\"\(tally.errors)\" skipped=\"\(tally.skipped)\" timestamp=\"\(timestamp(judgement.run.now).dropLast())\">\n"
        )
        try properties(to: &sink)
        for verdict in suite.verdicts { try write(verdict, suite, to: &sink) }
        for left in suite.skipped {
            try sink.write(
                "    <testcase classname=\"\(attribute("\(suite.name).\(left.check)"))\" name=\"\(attribute(left.check))\">"
                    + "<skipped type=\"skipped\" message=\"\(attribute(left.reason))\"/></testcase>\n")
        }
        try sink.write("  </testsuite>\n")
    }

    private func properties(to sink: inout Sink) throws {
        let run = judgement.run
        let values = [
            ("isthmus.version", run.toolVersion), ("isthmus.level", run.level.rawValue), ("isthmus.mesh", run.meshID ?? ""),
            ("isthmus.fleet", run.fleetProject), ("isthmus.revision", run.revision),
            ("isthmus.clusters", run.clusters.map(\.name).joined(separator: ",")), ("isthmus.snapshot", context.snapshot ?? ""),
        ]
        try sink.write("    <properties>\n")
        for (name, value) in values where !value.isEmpty {
            try sink.write("      <property name=\"\(name)\" value=\"\(attribute(value))\"/>\n")
        }
        try sink.write("    </properties>\n")
    }

    private func write(_ verdict: Verdict, _ suite: Suite, to sink: inout Sink) throws {
        try sink.write(
            "    <testcase classname=\"\(attribute("\(suite.name).\(verdict.check)"))\" name=\"\(attribute(verdict.subject.isEmpty ? verdict.check : verdict.subject))\""
        )
        let way = Way(verdict)
        if let time = way?.time { try sink.write(" time=\"\(seconds(time / 1000))\"") }
        let message = attribute(verdict.message)
        switch suite.result(verdict) {
        case .pass where verdict.status == .pass:
            let said = way?.words.map { "><system-out>\(escaped(visible($0)))</system-out></testcase>\n" }
            try sink.write(said ?? "/>\n")
        case .pass:
            try sink.write("><system-out>\(verdict.status.rawValue): \(content(verdict))</system-out></testcase>\n")
        case .failure(let type):
            try sink.write("><failure type=\"\(type)\" message=\"\(message)\">\(content(verdict))</failure></testcase>\n")
        case .error(let type):
            try sink.write("><error type=\"\(type)\" message=\"\(message)\">\(content(verdict))</error></testcase>\n")
        case .skipped(let type, let reason):
            let seen = way?.words.map { "; seen from the pod: " + attribute($0) } ?? ""
            try sink.write("><skipped type=\"\(type)\" message=\"\(reason.map(attribute) ?? message)\(seen)\"/></testcase>\n")
        }
    }

    /// What a person needs who sees only the CI system's page: title, message, observed against expected, evidence, remedy.
    private func content(_ verdict: Verdict) -> String {
        var lines = [verdict.definition.title, verdict.message]
        if !verdict.observed.isEmpty { lines.append("observed: \(verdict.observed)") }
        if !verdict.expected.isEmpty { lines.append("expected: \(verdict.expected)") }
        if !verdict.evidence.isEmpty { lines.append("evidence: \(verdict.evidence)") }
        let remedy = verdict.remedy.split(separator: "\n").map { "  " + $0 }
        if !remedy.isEmpty { lines += ["remedy:"] + remedy }
        lines.append("why: isthmus explain \(verdict.check)")
        return lines.filter { !$0.isEmpty }.map { escaped(visible($0)) }.joined(separator: "\n")
    }

    private func brokenOff(_ reason: String, to sink: inout Sink) throws {
        try sink.write(
            "  <testsuite name=\"run\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n"
                + "    <testcase classname=\"run\" name=\"run to the end\">"
                + "<error type=\"broken_off\" message=\"\(attribute("The run was broken off: \(reason)"))\"/></testcase>\n  </testsuite>\n"
        )
    }
}

/// What a verdict becomes in JUnit.
private enum Result {
    case pass
    case failure(type: String)
    case error(type: String)
    case skipped(type: String, reason: String?)
}

private struct Tally {
    var tests = 0
    var failures = 0
    var errors = 0
    var skipped = 0

    mutating func add(_ result: Result) {
        tests += 1
        switch result {
        case .pass: break
        case .failure: failures += 1
        case .error: errors += 1
        case .skipped: skipped += 1
        }
    }

    static func + (one: Tally, other: Tally) -> Tally {
        Tally(
            tests: one.tests + other.tests, failures: one.failures + other.failures, errors: one.errors + other.errors,
            skipped: one.skipped + other.skipped)
    }
}

private struct Suite {
    let name: String
    let verdicts: [Verdict]
    let skipped: [Skipped]
    let failOnWarning: Bool

    var tally: Tally {
        var tally = Tally()
        for verdict in verdicts { tally.add(result(verdict)) }
        for skip in skipped { tally.add(.skipped(type: "skipped", reason: skip.reason)) }
        return tally
    }

    func result(_ verdict: Verdict) -> Result {
        if let accepted = verdict.accepted {
            return .skipped(type: "accepted", reason: "accepted until \(accepted.expires): \(accepted.reason)")
        }
        switch verdict.status {
        case .pass: return .pass
        case .warning: return failOnWarning ? .failure(type: "warning") : .pass
        case .fail: return .failure(type: "fail")
        case .error, .unknown: return .error(type: verdict.status.rawValue)
        case .blocked, .notExamined, .notApplicable: return .skipped(type: verdict.status.rawValue, reason: nil)
        }
    }
}

private func attribute(_ text: String) -> String { escaped(visible(text)) }

private func seconds(_ duration: Double) -> String {
    let thousandths = Int((duration * 1000).rounded())
    return "\(thousandths / 1000).\(String(thousandths % 1000 + 1000).dropFirst())"
}

/// Escapes what XML gives a meaning, in content and in attributes with double quotes.
private func escaped(_ text: String) -> String {
    if !text.utf8.contains(where: {
        $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "\"")
    }) {
        return text
    }
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "&": result += "&amp;"
        case "\"": result += "&quot;"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
