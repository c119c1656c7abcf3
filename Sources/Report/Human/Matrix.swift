import Judge

/// Clusters that stand in the matrix one by one at most; more are grouped.
private let singleLimit = 30
/// Groups that stand in the matrix at most; more are counted.
private let groupLimit = 30

extension HumanReport {
    /// Whether pods have looked from cluster to cluster.
    var hasMatrix: Bool { !ladders.isEmpty }

    /// The checks that pods have looked for.
    private var ladders: [Check] {
        reading.judgement.checks.filter { check in
            check.isLadder
                && Status.allCases.contains {
                    ![.notExamined, .notApplicable].contains($0) && reading.tally(of: check.id).has($0)
                }
        }
    }

    /// Who reaches whom, seen from pods: a row for each cluster they are in, a column for each that they look at, and in the cell the
    /// first rung that breaks. In words with times where there is room, else a sign for each cell, else clusters of equal rows
    /// together.
    func matrix(on page: inout Page) {
        let ladders = ladders.map { Ladder($0, reading.verdicts(of: $0.id), reading.clusters) }
        if ladders.isEmpty { return }
        page.gap()
        page.prose(lead: [page.span("Seen from pods  ", .strong)], legendOfRungs(ladders), .faint)
        for detail in WideMatrix.Detail.allCases {
            guard let wide = WideMatrix(ladders, reading.clusters, detail, self, page) else { continue }
            wide.write(to: &page)
            return
        }
        for ladder in ladders {
            page.gap()
            heading(ladder, on: &page)
            if ladder.isSound { continue }
            let singles = reading.clusters.indices.map { [$0] }
            if reading.clusters.count <= singleLimit, write(ladder, singles, on: &page) { continue }
            let groups = ladder.groups(limit: groupLimit)
            if groups.count > groupLimit || !write(ladder, groups, on: &page) { counts(ladder, on: &page) }
        }
    }

    private func legendOfRungs(_ ladders: [Ladder]) -> String {
        ladders.allSatisfy(\.isSound)
            ? "every way is open" : "a cell names the first rung that breaks, of \(Cell.rungs.joined(separator: ", "))"
    }

    private func heading(_ ladder: Ladder, on page: inout Page) {
        let count = ladder.verdicts.count
        let broken = ladder.verdicts.count { Cell($0).isBroken }
        let unseen = ladder.verdicts.count { !Cell($0).isBroken && $0.status != .pass }
        let said = [broken > 0 ? "broken for \(broken)" : "", unseen > 0 ? "not seen for \(unseen)" : ""].filter { !$0.isEmpty }
        let words = said.isEmpty ? ": all \(count) pairs" : ": \(said.joined(separator: ", ")) of \(count) pairs"
        let status = broken > 0 ? ladder.brokenStatus : unseen > 0 ? .unknown : .pass
        page.heading(
            lead: [page.span(status.sign(medium) + " ", status.style)], ladder.check.title + words, .strong, id: ladder.check.id)
    }

    /// Which causes break these ways. What is only not known has its reason elsewhere.
    func causes(of verdicts: [Verdict]) -> String {
        note(verdicts.filter { [.fail, .warning, .error, .blocked].contains($0.status) })
    }

    /// One sign for each cell. A row and a column stand for one cluster, or for several of which the same is to be said.
    /// - Returns: false where it does not fit.
    private func write(_ ladder: Ladder, _ groups: [[Int]], on page: inout Page) -> Bool {
        let areSingle = groups.count == reading.clusters.count
        let cells = groups.map { from in groups.map { to in ladder.block(from, to) } }
        let signs = cells.map { $0.map { areSingle ? $0.cell.sign(medium) : $0.sign(medium) } }
        let cellWidth = signs.joined().map(displayWidth).max() ?? 1
        let numberWidth = String(groups.count).count
        let gap = areSingle ? 0 : 1
        let width = max(cellWidth, areSingle ? 1 : numberWidth)
        let fives = areSingle ? (groups.count - 1) / 5 : 0
        let matrixWidth = groups.count * (width + gap) - gap + fives
        let notes = groups.map { from in causes(of: from.flatMap { ladder.from($0) }) }
        let noteWidth = notes.map(displayWidth).max() ?? 0
        let room = medium.width - 2 - numberWidth - 2 - 2 - matrixWidth - (noteWidth > 0 ? 2 + noteWidth : 0)
        guard room >= 12 else { return false }
        let names = groups.map { page.span(self.name($0)) }
        let corner = page.span("from \(medium.unicode ? "↓" : "v") to \(medium.arrow)", .faint)
        let nameWidth = min(room, max(names.map(\.width).max() ?? 0, corner.width - numberWidth - 1))

        func line(_ lead: [Piece], _ cells: [Piece], _ note: String) {
            var pieces = [Page.space(2)] + lead
            pieces.append(Page.space(2 + numberWidth + 1 + nameWidth + 2 - pieces.width))
            for (index, cell) in cells.enumerated() {
                if index > 0 { pieces.append(Page.space(gap + (areSingle && index % 5 == 0 ? 1 : 0))) }
                pieces += [Page.space(width - cell.width), cell]
            }
            if !note.isEmpty { pieces += [Page.space(2), page.span(note, .faint)] }
            page.whole(pieces)
        }
        if areSingle {
            let tens = groups.indices.map { page.span(($0 + 1) % 10 == 0 ? "\(($0 + 1) / 10 % 10)" : " ", .faint) }
            if groups.count >= 10 { line([], tens, "") }
            line(
                [corner.cut(to: nameWidth + numberWidth + 1, medium)],
                groups.indices.map { page.span("\(($0 + 1) % 10)", .faint) }, "")
        } else {
            line([corner.cut(to: nameWidth + numberWidth + 1, medium)], groups.indices.map { page.span("\($0 + 1)", .faint) }, "")
        }
        for (row, name) in names.enumerated() {
            let number = page.span("\(row + 1)", .faint)
            let lead = [Page.space(numberWidth - number.width), number, Page.space(1), name.cut(to: nameWidth, medium)]
            line(lead, cells[row].indices.map { page.span(signs[row][$0], cells[row][$0].cell.style(ladder)) }, notes[row])
        }
        legend(ladder, cells.joined().map(\.cell), on: &page)
        return true
    }

    /// `58: cluster-01, cluster-02 and 56 more`, or the cluster's name.
    private func name(_ group: [Int]) -> String {
        group.count == 1
            ? reading.clusters[group[0]] : "\(group.count): " + subjects(group.map { reading.clusters[$0] })
    }

    /// Where no two clusters have the same rows: for each cluster how many ways break, from it and to it, the worst first.
    private func counts(_ ladder: Ladder, on page: inout Page) {
        let clusters = reading.clusters.indices.map { cluster in
            (
                cluster, from: ladder.from(cluster).filter { Cell($0) != .reached },
                to: ladder.to(cluster).filter { Cell($0) != .reached }
            )
        }
        let worst = clusters.filter { !$0.from.isEmpty || !$0.to.isEmpty }.sorted {
            ($0.from.count + $0.to.count, $1.0) > ($1.from.count + $1.to.count, $0.0)
        }
        var table = Table([.init(least: 12), .init(), .init(), .init()])
        table.add(["", "from its pods", "to it", ""].map { page.span($0, .faint) })
        let limit = verbose ? Int.max : 20
        for (cluster, from, to) in worst.prefix(limit) {
            table.add([
                page.span(reading.clusters[cluster]), page.span(tally(from)), page.span(tally(to)),
                page.span(causes(of: from + to), .faint),
            ])
        }
        if let widths = table.widths(in: medium.width - 2) { table.write(to: &page, indent: 2, widths: widths) }
        if worst.count > limit {
            page.line([Page.space(2), page.span("and \(worst.count - limit) more clusters (--verbose shows all)", .faint)])
        }
        legend(ladder, worst.flatMap { $0.from.map { Cell($0) } }, on: &page)
    }

    private func tally(_ verdicts: [Verdict]) -> String {
        let cells = Dictionary(grouping: verdicts.map { Cell($0) }, by: { $0 }).sorted { $0.key < $1.key }
        return cells.map { "\($0.key.sign(medium)) \($0.value.count)" }.joined(separator: "  ")
    }

    /// The signs that stand above; for a rung also how it broke, and how often.
    private func legend(_ ladder: Ladder, _ cells: some Sequence<Cell>, on page: inout Page) {
        var outcomes: [Cell: [String: Int]] = [:]
        for verdict in ladder.verdicts where Cell(verdict).isBroken {
            outcomes[Cell(verdict), default: [:]][verdict.datum("outcome") ?? "", default: 0] += 1
        }
        let items = Set(cells).sorted().map { cell in
            let how = outcomes[cell]?.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" } ?? []
            let words = how.isEmpty ? cell.words : "breaks at \(cell.words): \(how.joined(separator: ", "))"
            return page.span("\(cell.sign(medium)) \(words)", .faint)
        }
        page.items(items, indent: 2)
    }
}

/// What stands in a cell of the matrix.
enum Cell: Hashable, Comparable {
    case reached
    /// Broken at a rung: its place in ``rungs``.
    case broken(Int)
    /// Nothing was found out.
    case status(Status)
    /// A cluster does not look at itself.
    case own

    static let rungs = ["dns", "tcp", "tls", "certificate", "answer"]

    init(_ verdict: Verdict) {
        switch (verdict.status, verdict.found) {
        case (.pass, _): self = .reached
        // What another fault explains is broken all the same.
        case (.fail, _), (.warning, _), (.blocked, .fail), (.blocked, .warning):
            self = verdict.datum("rung").flatMap { Cell.rungs.firstIndex(of: $0) }.map { .broken($0) } ?? .status(verdict.status)
        default: self = .status(verdict.status)
        }
    }

    var isBroken: Bool { if case .broken = self { true } else { false } }

    /// One column, also where a status has a longer sign elsewhere.
    func sign(_ medium: Medium) -> String {
        switch self {
        case .reached: medium.unicode ? "✔" : "+"
        case .broken(let rung): ["D", "T", "S", "C", "A"][rung]
        case .status(.unknown): "?"
        case .status(.blocked): medium.unicode ? "▢" : "b"
        case .status(.error): "E"
        case .status(.fail): medium.unicode ? "✘" : "X"
        case .status(.warning): "!"
        case .status: medium.unicode ? "–" : "-"
        case .own: medium.unicode ? "·" : "."
        }
    }

    var words: String {
        switch self {
        case .reached: "reached"
        case .broken(let rung): Cell.rungs[rung]
        case .status(.unknown): "unknown"
        case .status(.blocked): "waits for its cause"
        case .status(.notExamined): "not examined"
        case .status(let status): status.rawValue
        case .own: "itself"
        }
    }

    func style(_ ladder: Ladder) -> Style {
        switch self {
        case .reached: .good
        case .broken: ladder.brokenStatus.style
        case .status(let status): status.style
        case .own: .faint
        }
    }

    static func < (one: Cell, other: Cell) -> Bool { one.rank < other.rank }

    /// What is sound first, then by rung, then what is not known.
    private var rank: Int {
        switch self {
        case .reached: 0
        case .broken(let rung): 1 + rung
        case .status(let status): 20 - status.badness
        case .own: 30
        }
    }
}
