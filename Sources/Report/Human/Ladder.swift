import Judge

/// The verdicts of one check of ways from pods, found by the clusters at both ends.
struct Ladder {
    let check: Check
    let verdicts: ArraySlice<Verdict>
    private let count: Int
    /// Positions among the verdicts, source by source; -1 where there is none.
    private var positions: [Int32]
    private let cells: [Cell]

    init(_ check: Check, _ verdicts: ArraySlice<Verdict>, _ clusters: [String]) {
        self.check = check
        self.verdicts = verdicts
        count = clusters.count
        let numbers = Dictionary(clusters.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var positions = [Int32](repeating: -1, count: clusters.count * clusters.count)
        var cells = [Cell](repeating: .own, count: clusters.count * clusters.count)
        for position in verdicts.indices {
            let names = verdicts[position].clusters
            guard names.count == 2, let from = numbers[names[0]], let to = numbers[names[1]] else { continue }
            positions[from * clusters.count + to] = Int32(position)
            cells[from * clusters.count + to] = Cell(verdicts[position])
        }
        self.positions = positions
        self.cells = cells
    }

    func cell(_ from: Int, _ to: Int) -> Cell { cells[from * count + to] }

    func verdict(_ from: Int, _ to: Int) -> Verdict? {
        let position = Int(positions[from * count + to])
        return position < 0 ? nil : verdicts[position]
    }

    func from(_ cluster: Int) -> [Verdict] { (0..<count).compactMap { verdict(cluster, $0) } }
    func to(_ cluster: Int) -> [Verdict] { (0..<count).compactMap { verdict($0, cluster) } }

    /// What stands at the addresses, short enough for a column.
    var name: String {
        let kind = verdicts.lazy.compactMap { $0.datum("kind") }.first ?? check.id
        return ["control-plane": "api", "gateway-status": "status"][kind] ?? kind
    }

    /// Every way is open.
    var isSound: Bool { verdicts.allSatisfy { $0.status == .pass } }

    /// It only warns, and nothing is to be said of it that others do not say.
    var saysNothingNew: Bool { brokenStatus == .warning && verdicts.allSatisfy { $0.status == .pass || $0.status == .blocked } }

    /// What a broken way means for this check.
    var brokenStatus: Status { check.severity == .error ? .fail : .warning }

    /// What is to be said of the ways from some clusters to others: the worst cell, and how many are like it.
    func block(_ from: [Int], _ to: [Int]) -> Block {
        var counts: [Cell: Int] = [:]
        for source in from {
            for target in to where source != target { counts[cell(source, target), default: 0] += 1 }
        }
        // What is broken is what one looks for.
        let worst = counts.max { one, other in
            (one.key.isBroken ? 1 : 0, one.key) < (other.key.isBroken ? 1 : 0, other.key)
        }
        guard let worst else { return Block(cell: .own, count: 0, total: 0) }
        return Block(cell: worst.key, count: worst.value, total: counts.values.reduce(0, +))
    }

    struct Block {
        let cell: Cell
        let count: Int
        let total: Int

        func sign(_ medium: Medium) -> String { cell.sign(medium) + (count < total ? " \(count)/\(total)" : "") }
    }

    /// Clusters of equal rows and equal columns together, in the order of their first.
    /// - Parameter limit: gives up behind this many groups.
    func groups(limit: Int) -> [[Int]] {
        var groups: [[Int]] = []
        for cluster in 0..<count {
            if let group = groups.firstIndex(where: { isLike(cluster, $0[0], in: $0) }) {
                groups[group].append(cluster)
            } else {
                groups.append([cluster])
                if groups.count > limit { return groups }
            }
        }
        return groups
    }

    /// Whether a cluster reaches, and is reached by, all others as the first of a group is; and they each other as the group's do.
    private func isLike(_ cluster: Int, _ first: Int, in group: [Int]) -> Bool {
        let within = group.count > 1 ? cell(first, group[1]) : cell(first, cluster)
        guard cell(cluster, first) == within, cell(first, cluster) == within else { return false }
        return (0..<count).allSatisfy { other in
            other == cluster || other == first
                || (cell(cluster, other) == cell(first, other) && cell(other, cluster) == cell(other, first))
        }
    }
}

/// The matrix in words: a group of columns for each cluster, with one for each kind of address.
struct WideMatrix {
    /// From the most that can be said of a cell to the least.
    enum Detail: CaseIterable { case outcomesAndTimes, times, rungs }

    private let clusters: [Piece]
    private let kinds: [Piece]
    private var rows: [(name: Piece, cells: [[Piece]], note: Piece)] = []
    private let corner: Piece
    private var widths: [[Int]] = []

    /// nil where it does not fit, or would be one of signs only.
    init?(_ all: [Ladder], _ names: [String], _ detail: Detail, _ report: HumanReport, _ page: Page) {
        guard names.count <= 8 else { return nil }
        // The status port is there to explain: where it is open, it says nothing new.
        let shown = all.filter { !$0.saysNothingNew }
        let ladders = shown.isEmpty ? all : shown
        clusters = names.map { page.span($0, .strong) }
        kinds = ladders.map { page.span($0.name, .faint) }
        corner = page.span("from \(page.medium.unicode ? "↓" : "v") to \(page.medium.arrow)", .faint)
        for (from, name) in clusters.enumerated() {
            let cells = names.indices.map { to in ladders.map { WideMatrix.cell($0, from, to, detail, page) } }
            rows.append((name, cells, page.span(report.causes(of: ladders.flatMap { $0.from(from) }), .faint)))
        }
        for to in clusters.indices {
            var columns = kinds.indices.map { kind in max(kinds[kind].width, rows.map { $0.cells[to][kind].width }.max() ?? 0) }
            let missing = min(16, clusters[to].width) - columns.reduce(0, +) - 2 * (columns.count - 1)
            if missing > 0 { columns[columns.count - 1] += missing }
            widths.append(columns)
        }
        if width > page.medium.width { return nil }
    }

    private var nameWidth: Int { max(corner.width, clusters.map(\.width).max() ?? 0) }
    private func groupWidth(_ to: Int) -> Int { widths[to].reduce(0, +) + 2 * (widths[to].count - 1) }

    private var width: Int {
        let note = rows.map(\.note.width).max() ?? 0
        return nameWidth + clusters.indices.reduce(0) { $0 + 3 + groupWidth($1) } + (note > 0 ? 3 + note : 0)
    }

    func write(to page: inout Page) {
        func fill(_ piece: Piece, _ width: Int) -> [Piece] { [piece, Page.space(width - piece.width)] }
        var heads = fill(corner, nameWidth)
        for to in clusters.indices {
            heads += [Page.space(3)] + fill(clusters[to].cut(to: groupWidth(to), page.medium), groupWidth(to))
        }
        page.whole(heads)
        func line(_ name: Piece, _ cells: [[Piece]], _ note: Piece?) {
            var pieces = fill(name, nameWidth)
            for (to, group) in cells.enumerated() {
                for (kind, cell) in group.enumerated() {
                    pieces += [Page.space(kind == 0 ? 3 : 2)] + fill(cell, widths[to][kind])
                }
            }
            if let note, note.width > 0 { pieces += [Page.space(3), note] }
            page.whole(pieces)
        }
        line(Page.space(0), clusters.map { _ in kinds }, nil)
        for row in rows { line(row.name, row.cells, row.note) }
    }

    private static func cell(_ ladder: Ladder, _ from: Int, _ to: Int, _ detail: Detail, _ page: Page) -> Piece {
        let cell = ladder.cell(from, to)
        guard let verdict = ladder.verdict(from, to) else { return page.span(cell.sign(page.medium), .faint) }
        let style = verdict.isAccepted ? Style.faint : cell.style(ladder)
        let way = Way(verdict)
        switch cell {
        case .reached:
            let time = detail == .rungs ? nil : way?.time
            return page.span(Status.pass.sign(page.medium) + (time.map { " \(milliseconds($0))" } ?? ""), style)
        case .broken(let place):
            let rung = detail == .rungs ? String(Cell.rungs[place].prefix(4)) : Cell.rungs[place]
            let outcome = detail == .outcomesAndTimes ? (way?.outcome.map { " \($0)" } ?? "") : ""
            return page.span("\(ladder.brokenStatus.sign(page.medium)) \(rung)\(outcome)", style)
        default: return page.span(verdict.status.sign(page.medium), style)
        }
    }

    /// Short enough for a column.
    private static func milliseconds(_ value: Double) -> String {
        value < 0.95 ? "<1 ms" : "\(Int(value.rounded())) ms"
    }
}
