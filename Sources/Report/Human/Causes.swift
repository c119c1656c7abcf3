import Judge

extension HumanReport {
    /// Subjects of one cause that are shown one by one before the rest is summed up.
    private var shownSubjects: Int { verbose ? .max : 3 }

    /// What failed by itself, in the order in which to mend it; then what is not known and blocks others.
    func causes(on page: inout Page) {
        var findings = true
        for (index, cause) in reading.judgement.causes.enumerated() {
            page.gap()
            if !cause.isFinding, findings {
                findings = false
                page.line([page.span("Not known, and other checks wait for it", .strong)])
                page.gap()
            }
            write(cause, number: index + 1, on: &page)
        }
    }

    private func write(_ cause: Cause, number: Int, on page: inout Page) {
        let subjects = Set(cause.subjects)
        let all = reading.verdicts(of: cause.check.id)
        let statuses: Set<Status> = cause.isFinding ? [.fail, .error] : [.unknown, .notExamined]
        let verdicts = all.filter { statuses.contains($0.status) && $0.accepted == nil && subjects.contains($0.subject) }
        let lead = [page.span("\(cause.status.sign(medium)) \(number)  ", cause.status.style)]
        page.heading(lead: lead, cause.check.title, .strong, id: cause.check.id)
        let indent = lead.width
        messages(verdicts, indent: indent, on: &page)
        evidence(verdicts, among: all, of: cause.check, indent: indent, on: &page)
        explains(cause, indent: indent, on: &page)
        remedies(verdicts, indent: indent, on: &page)
        page.whole([Page.space(indent), page.span("Why  ", .strong), page.span("isthmus explain \(cause.check.id)")])
    }

    private func messages(_ verdicts: [Verdict], indent: Int, on page: inout Page) {
        let messages = sentences(verdicts)
        for message in messages.prefix(shownSubjects) {
            page.prose(lead: [Page.space(indent)], message, limit: verbose ? .max : 6)
        }
        more(messages.count - shownSubjects, "like it", indent: indent, on: &page)
    }

    func more(_ count: Int, _ what: String, indent: Int, on page: inout Page) {
        if count > 0 { page.line([Page.space(indent), page.span("and \(count) more \(what) (--verbose shows all)", .faint)]) }
    }

    /// Observed against expected, with where it was seen: a table where it fits, else one under the other. Where the check compares
    /// clusters, what the others have stands below.
    func evidence(
        _ verdicts: [Verdict], among all: ArraySlice<Verdict>, of check: Check, indent: Int, on page: inout Page
    ) {
        var rows = sameEvidence(verdicts)
        rows = rows.filter { !$0.observed.isEmpty || !$0.expected.isEmpty || !$0.evidence.isEmpty }
        let hidden = rows.count - shownSubjects
        rows = Array(rows.prefix(shownSubjects))
        if check.span == .mesh {
            let others = sameEvidence(all.filter { $0.status == .pass && !$0.observed.isEmpty }, observedOnly: true)
            rows += others.prefix(shownSubjects)
        }
        if rows.isEmpty { return }
        if !table(rows, indent: indent, on: &page) { stacks(rows, indent: indent, on: &page) }
        more(hidden, "with other evidence", indent: indent, on: &page)
    }

    private func table(_ rows: [Evidence], indent: Int, on page: inout Page) -> Bool {
        var table = Table([.init(), .init(gap: 1), .init(), .init(), .init(least: 24)])
        func head(_ text: String, _ value: KeyPath<Evidence, String>) -> Piece {
            page.span(rows.contains { !$0[keyPath: value].isEmpty } ? text : "", .faint)
        }
        table.add([
            page.span(""), page.span(""), head("observed", \.observed), head("expected", \.expected),
            head("evidence", \.evidence),
        ])
        for row in rows {
            table.add([
                page.span(row.status.sign(medium), row.status.style), page.span(subjects(row.subjects), .strong),
                page.span(short(row.observed)),
                page.span(short(row.expected)), page.span(short(row.evidence), .faint),
            ])
        }
        // What is compared is never cut in a table: then the values stand one under the other.
        guard let widths = table.widths(in: page.medium.width - indent) else { return false }
        table.write(to: &page, indent: indent, widths: widths)
        return true
    }

    private func stacks(_ rows: [Evidence], indent: Int, on page: inout Page) {
        let names = rows.map { page.span(subjects($0.subjects), .strong) }
        let signs = rows.map { page.span($0.status.sign(medium), $0.status.style) }
        let signWidth = signs.map(\.width).max() ?? 0
        let widest = names.map(\.width).max() ?? 0
        let room = page.measure - indent - signWidth - 1 - widest - 2 - 10
        for (index, row) in rows.enumerated() {
            let name = names[index]
            let sign = [Page.space(indent), signs[index], Page.space(signWidth - signs[index].width + 1)]
            var lead = sign + [name, Page.space(widest - name.width + 2)]
            if room < 32 {
                page.line(sign + [name])
                lead = [Page.space(sign.width)]
            }
            for (label, value) in [("observed", row.observed), ("expected", row.expected), ("evidence", row.evidence)]
            where !value.isEmpty {
                let lineLead = lead + [page.span("\(label)  ", .faint)]
                page.prose(lead: lineLead, short(value), limit: verbose ? .max : 2)
                lead = [Page.space(lead.width)]
            }
        }
    }

    private func explains(_ cause: Cause, indent: Int, on page: inout Page) {
        if cause.explains.isEmpty { return }
        let list = list(byCheck(cause.explains))
        page.prose(lead: [Page.space(indent)], "Explains \(cause.explains.count) more, blocked: \(list)", .faint)
    }

    /// The commands that mend it. Different subjects may need different ones; each is printed once.
    func remedies(_ verdicts: [Verdict], indent: Int, on page: inout Page) {
        let remedies = distinct(verdicts.map(\.remedy).filter { !$0.isEmpty })
        let shown = remedies.prefix(shownSubjects)
        for (index, remedy) in shown.enumerated() {
            let lead = [Page.space(indent), page.span(index == 0 ? "Fix  " : "     ", .strong)]
            page.remedy(remedy, lead: lead)
        }
        more(remedies.count - shown.count, "of this kind", indent: indent + 5, on: &page)
    }

    /// What is said of these subjects, each sentence once. One that does not name what it is about gets the names in front.
    func sentences(_ verdicts: [Verdict]) -> [String] {
        var order: [String] = []
        var about: [String: [Verdict]] = [:]
        for verdict in verdicts {
            let message = verdict.message
            if message.isEmpty { continue }
            if about[message] == nil { order.append(message) }
            about[message, default: []].append(verdict)
        }
        return order.map { message in
            let verdicts = about[message] ?? []
            let isNamed = verdicts.allSatisfy {
                $0.subject.isEmpty || message.contains($0.subject) || namesAll($0.clusters, in: message)
            }
            let message = short(message)
            return isNamed || verdicts.isEmpty ? message : "\(subjects(verdicts.map(\.subject))): \(message)"
        }
    }

    private func namesAll(_ clusters: [String], in message: String) -> Bool {
        clusters.count > 1 && clusters.allSatisfy { message.contains($0) }
    }

    /// `east, west and 28 more`.
    func subjects(_ names: some Collection<String>) -> String {
        let limit = verbose ? Int.max : 4
        if names.count <= limit { return names.joined(separator: ", ") }
        return names.prefix(limit - 1).joined(separator: ", ") + " and \(names.count - limit + 1) more"
    }

    /// Checks with their subjects: `gateway-ready (east, west), services-exposed (east) and 4 more`.
    ///
    /// - Parameter checks: each check once; a check as a whole has the one subject `""`.
    func list(_ checks: [(check: String, subjects: some Collection<String>)]) -> String {
        let limit = verbose ? Int.max : 6
        let shown = checks.prefix(checks.count <= limit ? limit : limit - 1)
        let text = shown.map { check, names in
            if names.first?.isEmpty ?? true { return check }
            let isAll = names.count > 4 && !verbose && names.count == reading.verdicts(of: check).count
            return "\(check) (\(isAll ? "all \(names.count)" : subjects(names)))"
        }
        let rest = checks.dropFirst(shown.count).reduce(0) { $0 + $1.subjects.count }
        return text.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}

/// What a cause explains, each check once.
func byCheck(_ explained: [Cause.Explained]) -> [(check: String, subjects: [String])] {
    var positions: [String: Int] = [:]
    var checks: [(check: String, subjects: [String])] = []
    for entry in explained {
        if let position = positions[entry.check] {
            checks[position].subjects.append(entry.subject)
        } else {
            positions[entry.check] = checks.count
            checks.append((entry.check, [entry.subject]))
        }
    }
    return checks
}

/// Subjects of which the same was seen.
private struct Evidence {
    let status: Status
    var subjects: [String]
    let observed: String
    let expected: String
    let evidence: String
}

private func sameEvidence(_ verdicts: [Verdict], observedOnly: Bool = false) -> [Evidence] {
    var rows: [Evidence] = []
    var known: [[String]: Int] = [:]
    for verdict in verdicts {
        let expected = observedOnly ? "" : verdict.expected
        let evidence = observedOnly ? "" : verdict.evidence
        let key = [verdict.status.rawValue, verdict.observed, expected, evidence]
        if let row = known[key] {
            rows[row].subjects.append(verdict.subject)
        } else {
            known[key] = rows.count
            rows.append(
                Evidence(
                    status: verdict.status, subjects: [verdict.subject], observed: verdict.observed, expected: expected,
                    evidence: evidence))
        }
    }
    return rows
}

/// The values in their order, each once.
func distinct<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
}

extension Page {
    /// A check's title with its id at the right, or below where there is no room for both.
    mutating func heading(lead: [Piece], _ title: String, _ style: Style, id: String) {
        let id = span(id, .faint)
        let whole = lead + [span(title, style)]
        if whole.width + 2 + id.width <= measure {
            line(whole, right: [id])
        } else {
            prose(lead: lead, title, style)
            line([Page.space(lead.width), id])
        }
    }

    /// A remedy, line by line. What is to be pasted is never cut and never broken, however wide it is; words around it (a line that
    /// begins with a capital letter, or a comment) are running text.
    mutating func remedy(_ text: String, lead: [Piece]) {
        let indent = lead.width
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).trimmingSpaces() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        for (number, line) in lines.enumerated() {
            let before = number == 0 ? lead : [Page.space(indent)]
            if line.hasPrefix("# ") {
                prose(lead: before, line, .faint, continuation: "# ")
            } else if line.first?.isUppercase == true, line.contains(" ") {
                prose(lead: before, line)
            } else {
                whole(before + [span(line)])
            }
        }
    }
}
