import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How far the work on one cluster has come.
package struct ProgressLine: Sendable, Hashable {
    package var cluster: String
    /// Steps that are done, of `total`; a total of 0 means that nobody knows yet how many there are.
    package var done: Int
    package var total: Int
    /// What is being done, or what is being waited for, in a few words.
    package var note: String

    package init(cluster: String, done: Int, total: Int, note: String = "") {
        self.cluster = cluster
        self.done = done
        self.total = total
        self.note = note
    }
}

/// Shows on standard error how the work goes on, while it goes on.
///
/// On a terminal: one line per cluster, redrawn in place at most ten times a second, and gone when the work is done. A run that
/// takes less than a tenth of a second shows nothing. Anywhere else: one plain line per phase. The terminal's modes are never
/// changed (no hidden cursor, no other screen), so that after ^C only the lines are left to be erased: `erase()`.
package final class LiveProgress: Sendable {
    private struct State {
        var lines: [String: ProgressLine] = [:]
        var order: [String] = []
        var drawn = 0
        var changed = false
        var over = false
    }

    /// The time between two redraws.
    package static let interval: Duration = .milliseconds(100)

    private let state = Mutex(State())
    private let size: @Sendable () -> (columns: Int, rows: Int)?
    private let write: @Sendable ([UInt8]) -> Void
    private let medium: Medium

    /// - Parameters:
    ///   - medium: Characters and colours; its width is not used, the terminal may be resized.
    ///   - size: The terminal's columns and rows now, nil where there is no terminal.
    ///   - write: Takes the bytes for standard error.
    package init(
        medium: Medium, size: @escaping @Sendable () -> (columns: Int, rows: Int)?, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.medium = medium
        self.size = size
        self.write = write
    }

    /// Progress on standard error as it is. A dumb terminal, which cannot move its cursor, gets the plain lines.
    package convenience init(environment: [String: String], ascii: Bool = false) {
        let live = isatty(2) == 1 && (environment["TERM"] ?? "dumb") != "dumb"
        self.init(
            medium: Medium.detect(descriptor: 2, environment: environment, ascii: ascii),
            size: { live ? terminalSize(2) : nil },
            // Progress that cannot be shown is no reason to stop: the report is what counts.
            write: { try? writeAll($0, to: 2, path: "standard error") })
    }

    /// Runs the work with its progress shown, and erases it however the work ends.
    package func during<Result>(
        isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if size() != nil {
                group.addTask { [self] in
                    while !Task.isCancelled {
                        try await Task.sleep(for: Self.interval)
                        redraw()
                    }
                }
            }
            defer {
                group.cancelAll()
                erase()
            }
            return try await work()
        }
    }

    /// Takes the newest about a cluster. Cheap: the drawing is done by the clock, not here.
    package func update(_ line: ProgressLine) {
        state.withLock { state in
            if state.lines.updateValue(line, forKey: line.cluster) == nil { state.order.append(line.cluster) }
            state.changed = true
        }
    }

    /// A phase begins. Shown only where there is no terminal to draw on.
    package func phase(_ text: String) {
        if size() == nil { write(Array((visible(text, unicode: medium.unicode) + "\n").utf8)) }
    }

    /// Removes the lines and shows nothing more; for the end of the work, and for a signal's handler that is about to leave.
    package func erase() {
        state.withLock { state in
            state.over = true
            if state.drawn > 0 {
                // Line by line: erasing all at once at the top of the screen, some terminals keep the old lines in their history.
                let up = "\r\u{1B}[\(state.drawn)A"
                write(Array((up + String(repeating: "\u{1B}[2K\n", count: state.drawn) + up).utf8))
            }
            state.drawn = 0
        }
    }

    func redraw() {
        guard let size = size() else { return }
        state.withLock { state in
            if !state.changed || state.over { return }
            state.changed = false
            let lines = render(state.order.compactMap { state.lines[$0] }, columns: size.columns, rows: size.rows)
            let back = state.drawn > 0 ? "\r\u{1B}[\(state.drawn)A" : "\r"
            write(Array((back + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J").utf8))
            state.drawn = lines.count
        }
    }

    /// The lines for a terminal of this size. What does not fit its height is summed up in the last line; the last column stays free,
    /// because writing there moves the cursor on some terminals.
    func render(_ lines: [ProgressLine], columns: Int, rows: Int) -> [String] {
        var medium = medium
        medium.width = max(8, columns - 1)
        let room = max(1, rows - 2)
        let shown = lines.count <= room ? lines[...] : lines.sorted { !$0.isDone && $1.isDone }.prefix(room - 1)
        let name = min(shown.map { displayWidth(visible($0.cluster, unicode: medium.unicode)) }.max() ?? 0, medium.width / 3)
        var page = Page(medium)
        let count = shown.map { $0.count.utf8.count }.max() ?? 0
        for line in shown { page.line(spans(line, name: name, count: count, page)) }
        if shown.count < lines.count {
            let done = lines.count(where: \.isDone)
            page.line([page.span("\(done) of \(lines.count) clusters done", .faint)])
        }
        return page.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private func spans(_ line: ProgressLine, name: Int, count: Int, _ page: Page) -> [Piece] {
        let cluster = page.span(line.cluster, .strong).cut(to: name, page.medium)
        var spans = [cluster, Page.space(name - cluster.width + 2)]
        if line.total > 0 {
            let cells = 10
            let full = min(cells, max(0, line.done * cells / line.total))
            spans += [
                page.span(String(repeating: page.medium.unicode ? "▰" : "#", count: full), .good),
                page.span(String(repeating: page.medium.unicode ? "▱" : "-", count: cells - full), .faint),
                Page.space(2 + count - line.count.utf8.count), page.span(line.count), Page.space(2),
            ]
        }
        return spans + [page.span(line.note, .faint)]
    }
}

extension ProgressLine {
    fileprivate var count: String { total > 0 ? "\(done)/\(total)" : "" }
    fileprivate var isDone: Bool { total > 0 && done >= total }
}
