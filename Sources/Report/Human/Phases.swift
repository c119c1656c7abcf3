import Judge

/// Clusters that stand side by side at most; more are counted instead.
private let columnLimit = 8

/// The order of the counts in a phase's line: what is sound first, then what is not.
private let tallyOrder: [Status] = [.pass, .fail, .error, .warning, .unknown, .blocked, .notExamined, .notApplicable]

extension HumanReport {
    /// The result phase by phase: one line each with its counts, and below it a line for each check that did not simply pass, with a
    /// column per cluster. `verbose` shows every check with what was observed.
    func phases(on page: inout Page) {
        page.gap()
        let tallies = Tallies(reading, page)
        if verbose { return everything(tallies, on: &page) }
        let shown = reading.phases.map { lines(of: $0) }
        let layout = columns(for: shown.flatMap { $0 }, on: page)
        layout?.heading(on: &page)
        for (index, lines) in shown.enumerated() {
            tallies.write(index, to: &page)
            for line in lines { layout?.write(line.key, to: &page) }
        }
    }

    /// The lines below a phase's own: a check, or several that only wait for the same causes.
    private func lines(of chapter: Reading.Chapter) -> [PhaseLine] {
        // Ways from pods have a matrix of their own.
        let checks = chapter.checks.filter { isInteresting($0) && !($0.isLadder && hasMatrix) }
        let waiting = Dictionary(grouping: checks.filter { onlyWaits($0) }) { note(reading.verdicts(of: $0.id)) }
            .filter { $0.value.count > 2 }
        var lines: [PhaseLine] = []
        for check in checks {
            let verdicts = reading.verdicts(of: check.id)
            let note = note(verdicts)
            if onlyWaits(check), let together = waiting[note] {
                if together.first === check {
                    let all = together.flatMap { reading.verdicts(of: $0.id) }.filter { $0.status == .blocked }
                    lines.append(
                        PhaseLine(
                            title: "\(together.count) checks that wait", check: check, verdicts: all, note: note, isSum: true))
                }
            } else {
                lines.append(PhaseLine(title: check.title, check: check, verdicts: Array(verdicts), note: note, isSum: false))
            }
        }
        return lines
    }

    /// Nothing is to be said of the check but that it is blocked where it did not pass.
    private func onlyWaits(_ check: Check) -> Bool {
        let tally = reading.tally(of: check.id)
        return tally.accepted == 0 && !tally.has(.fail, .error, .warning, .unknown)
    }

    /// Whether a check needs a line of its own: what only passed is counted, and what was not judged has its section with the reason.
    private func isInteresting(_ check: Check) -> Bool {
        let tally = reading.tally(of: check.id)
        return tally.accepted > 0 || tally.has(.fail, .error, .warning, .unknown, .blocked)
    }

    /// The note at the end of a line: which cause it is, or which one it waits for.
    func note(_ verdicts: some Sequence<Verdict>) -> String {
        var causes: Set<Int> = []
        for verdict in verdicts where verdict.accepted == nil {
            let roots: [String] =
                switch verdict.status {
                case .blocked: verdict.blockedBy
                case .fail, .error, .unknown: [verdict.check]
                default: []
                }
            causes.formUnion(roots.compactMap { reading.causeNumbers[$0] })
        }
        let text = causes.isEmpty ? "" : "cause \(causes.sorted().map(String.init).joined(separator: ", "))"
        let accepted = verdicts.contains { $0.accepted != nil } ? "accepted" : ""
        return [text, accepted].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// The lines of all phases laid out together, so that columns stand under each other down the whole report.
    private func columns(for lines: [PhaseLine], on page: Page) -> PhaseLayout? {
        if lines.isEmpty { return nil }
        let clusters = reading.clusters
        if clusters.count <= columnLimit {
            var layout = PhaseLayout(clusters: clusters.map { page.span($0, .strong) })
            for line in lines {
                for row in matrixRows(line, clusters, page) { layout.add(row, of: line.key) }
            }
            if layout.settle(in: page.medium.width) { return layout }
        }
        var layout = PhaseLayout(clusters: [])
        for line in lines { layout.add(countRow(line, page), of: line.key) }
        return layout.settle(in: page.medium.width) ? layout : nil
    }

    private func label(_ title: String, _ verdicts: some Sequence<Verdict>, _ page: Page) -> [Piece] {
        let status = worst(verdicts)
        return [page.span(status.sign(medium), status.style), page.span(title)]
    }

    /// One line with a cell per cluster; for pairs that differ, a line per cluster that the traffic comes from.
    private func matrixRows(_ line: PhaseLine, _ clusters: [String], _ page: Page) -> [[Piece]] {
        let verdicts = line.verdicts
        let label = label(line.title, verdicts, page)
        let note = page.span(line.note, .faint)
        let isUniform = Set(verdicts.map(\.status)).count <= 1
        let arePairs = line.check.span == .pair && verdicts.allSatisfy { $0.clusters.count == 2 }
        if !arePairs || isUniform {
            // What is said of a pair stands in the column of the cluster where it starts; what is said of the whole mesh, in every one.
            let cells = clusters.map { name in
                cell(
                    verdicts.filter { $0.clusters.first == name || (line.check.span != .pair && $0.clusters.count != 1) },
                    isSum: line.isSum, page)
            }
            return [label + cells + [note]]
        }
        var rows = [label + clusters.map { _ in page.span("") } + [note]]
        for source in clusters {
            let from = verdicts.filter { $0.clusters.first == source }
            if from.isEmpty { continue }
            let cells = clusters.map { target in
                source == target
                    ? page.span(Status.notApplicable.sign(medium), .faint)
                    : cell(from.filter { $0.clusters.last == target }, isSum: false, page)
            }
            rows.append([page.span(""), page.span("  from \(source) to", .faint)] + cells + [page.span("")])
        }
        return rows
    }

    private func cell(_ verdicts: [Verdict], isSum: Bool, _ page: Page) -> Piece {
        if verdicts.isEmpty { return page.span("") }
        let status = worst(verdicts)
        let same = verdicts.count { $0.status == status }
        let isAccepted = verdicts.allSatisfy { $0.accepted != nil }
        return page.span(
            status.sign(medium) + (isSum ? " \(same)" : same == verdicts.count ? "" : " \(same)/\(verdicts.count)"),
            isAccepted ? .faint : status.style
        )
    }

    /// One line with counts and the names of what did not pass.
    private func countRow(_ line: PhaseLine, _ page: Page) -> [Piece] {
        let verdicts = line.verdicts
        let counts = tallyOrder.compactMap { status -> String? in
            let count = verdicts.count { $0.status == status }
            return count > 0 ? "\(status.sign(medium)) \(count)" : nil
        }
        let status = worst(verdicts)
        let names = verdicts.filter { $0.status == status && status != .pass }.map(\.subject)
        return label(line.title, verdicts, page)
            + [
                page.span(counts.joined(separator: "  ")), page.span(line.isSum ? "" : subjects(names), .faint),
                page.span(line.note, .faint),
            ]
    }

    private func worst(_ verdicts: some Sequence<Verdict>) -> Status {
        Set(verdicts.lazy.map(\.status)).max { $0.badness < $1.badness } ?? .notApplicable
    }

    private func everything(_ tallies: Tallies, on page: inout Page) {
        for (index, chapter) in reading.phases.enumerated() {
            page.gap()
            tallies.write(index, to: &page)
            for check in chapter.checks { detail(check, on: &page) }
        }
    }

    private func detail(_ check: Check, on page: inout Page) {
        let verdicts = reading.verdicts(of: check.id)
        let label = label(check.title, verdicts, page)
        page.heading(lead: [Page.space(2), label[0], Page.space(1)], check.title, .plain, id: check.id)
        var table = Table([.init(), .init(gap: 1), .init(), .init()])
        for verdict in verdicts {
            let isJudged = [.pass, .fail, .warning].contains(verdict.status)
            table.add([
                page.span(verdict.status.sign(medium), verdict.accepted == nil ? verdict.status.style : .faint),
                page.span(verdict.subject, .strong),
                page.span(isJudged && !verdict.observed.isEmpty ? verdict.observed : verdict.message),
                page.span(isJudged ? verdict.evidence : "", .faint),
            ])
        }
        if let widths = table.widths(in: page.medium.width - 4) { return table.write(to: &page, indent: 4, widths: widths) }
        // Where not everything fits side by side: one under the other, nothing cut.
        for row in table.rows {
            page.line([Page.space(4), row[0], Page.space(1), row[1]])
            for value in row[2...] where value.width > 0 { page.prose(lead: [Page.space(8)], value.text, value.style) }
        }
    }
}

/// What stands in one line below a phase, before it is laid out.
private struct PhaseLine {
    let title: String
    /// The check; of several, the first.
    let check: Check
    let verdicts: [Verdict]
    let note: String
    /// It stands for several checks, so that numbers say more than signs.
    let isSum: Bool

    var key: String { check.id }
}

/// The phases' lines: name and counts, in columns.
private struct Tallies {
    private var table: Table
    private let widths: [Int]?

    init(_ reading: Reading, _ page: Page) {
        let tallies = reading.phases.map { chapter in
            chapter.checks.reduce(into: Tally()) { $0 += reading.tally(of: $1.id) }
        }
        let shown = tallyOrder.filter { status in tallies.contains { $0.has(status) } }
        table = Table([Table.Column()] + shown.map { _ in Table.Column(gap: 3) } + [Table.Column(gap: 3)])
        for (chapter, tally) in zip(reading.phases, tallies) {
            let cells = shown.map { status in
                page.span(tally.has(status) ? "\(status.sign(page.medium)) \(tally.count(status))" : "", status.style)
            }
            let accepted = page.span(tally.accepted > 0 ? "\(tally.accepted) accepted" : "", .faint)
            table.add([page.span(chapter.phase.title, .strong)] + cells + [accepted])
        }
        widths = table.widths(in: page.medium.width)
    }

    func write(_ index: Int, to page: inout Page) {
        if let widths {
            table.write(index..<index + 1, to: &page, indent: 0, widths: widths)
        } else {
            page.items(table.rows[index].filter { $0.width > 0 }, indent: 0)
        }
    }
}

/// The lines of the checks, measured together.
private struct PhaseLayout {
    private static let indent = 2

    private let clusters: [Piece]
    private var table: Table
    private var lines: [String: Range<Int>] = [:]
    private var widths: [Int] = []

    /// - Parameter clusters: The heads of the columns; none where clusters are counted instead.
    init(clusters: [Piece]) {
        self.clusters = clusters
        let middle = clusters.isEmpty ? [Table.Column(), .init(least: 0, rank: 1)] : clusters.map { _ in Table.Column() }
        table = Table([.init(), .init(least: clusters.isEmpty ? 12 : 26, gap: 1)] + middle + [.init(least: 7)])
        if !clusters.isEmpty { table.add([Page.space(0), Page.space(0)] + clusters + [Page.space(0)]) }
    }

    mutating func add(_ row: [Piece], of check: String) {
        let position = table.rows.count
        table.add(row)
        lines[check] = (lines[check]?.lowerBound ?? position)..<position + 1
    }

    /// Finds the columns' widths; false where even the narrowest do not fit.
    mutating func settle(in width: Int) -> Bool {
        guard let widths = table.widths(in: width - PhaseLayout.indent) else { return false }
        self.widths = widths
        return true
    }

    func heading(on page: inout Page) {
        if !clusters.isEmpty { table.write(0..<1, to: &page, indent: PhaseLayout.indent, widths: widths) }
    }

    func write(_ check: String, to page: inout Page) {
        table.write(lines[check] ?? 0..<0, to: &page, indent: PhaseLayout.indent, widths: widths)
    }
}
