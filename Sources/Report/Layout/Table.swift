/// Cells in columns. A cell that does not fit its column is cut in the middle and never reaches into the next one.
struct Table {
    struct Column {
        /// Whether cells stand at the right edge of the column.
        var right = false
        /// The least that the column may be shrunk to; nil where it must not be cut at all.
        var least: Int?
        /// Spaces before the column, unless it is the first.
        var gap = 2
        /// Columns of a higher rank give way before those of a lower one.
        var rank = 0
    }

    var columns: [Column]
    private(set) var rows: [[Piece]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [Piece]) { rows.append(cells) }

    /// The columns' widths where the table fits into `available`: natural ones if possible, else columns give way, the highest rank
    /// first and within it the widest, down to their least. Nil where even that is too wide.
    func widths(in available: Int) -> [Int]? {
        var widths = columns.indices.map { column in rows.map { $0[column].width }.max() ?? 0 }
        let gutters = columns.indices.filter { widths[$0] > 0 }.dropFirst().reduce(0) { $0 + columns[$1].gap }
        var excess = widths.reduce(0, +) + gutters - available
        while excess > 0 {
            let all = widths.indices.filter { widths[$0] > columns[$0].least ?? .max }
            let rank = all.map { columns[$0].rank }.max()
            let shrinkable = all.filter { columns[$0].rank == rank }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { return nil }
            let next = shrinkable.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let floor = Swift.max(columns[widest].least ?? 0, Swift.min(next, widths[widest] - 1))
            let step = Swift.min(excess, widths[widest] - floor)
            widths[widest] -= step
            excess -= step
        }
        return widths
    }

    /// Writes rows, each behind `indent` spaces, with columns of these widths. An empty column takes no room.
    func write(_ range: Range<Int>? = nil, to page: inout Page, indent: Int, widths: [Int]) {
        for row in rows[range ?? rows.indices] {
            var spans = [Page.space(indent)]
            var first = true
            for (column, cell) in row.enumerated() where widths[column] > 0 {
                if !first { spans.append(Page.space(columns[column].gap)) }
                first = false
                let shown = cell.cut(to: widths[column], page.medium)
                let fill = Page.space(widths[column] - shown.width)
                spans += columns[column].right ? [fill, shown] : [shown, fill]
            }
            page.whole(spans)
        }
    }
}
