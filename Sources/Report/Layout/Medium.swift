#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a report is written on: how wide it is, whether it shows more than ASCII, and whether it shows colour.
package struct Medium: Sendable, Hashable {
    /// Columns. A line that must be cut is cut to this.
    package var width: Int
    /// Whether signs outside ASCII are shown as they are.
    package var unicode: Bool
    /// Whether colour is used. Colour only decorates: nothing is told by it alone.
    package var colour: Bool

    package init(width: Int, unicode: Bool, colour: Bool) {
        self.width = max(20, width)
        self.unicode = unicode
        self.colour = colour
    }

    /// Columns of a report that goes to a pipe or a file, where nobody says how wide it is. Logs are read in wide windows, and
    /// each cut loses something, so this is more than a terminal's customary 80.
    package static let unknownWidth = 120

    /// The medium that is an open file: asks the terminal, where it is one, then the environment.
    ///
    /// Honours `NO_COLOR` (any value but the empty one), `CLICOLOR_FORCE` (not empty, not 0), `TERM=dumb`, `COLUMNS`, and the locale's
    /// character set as setlocale(3) finds it: LC_ALL, then LC_CTYPE, then LANG.
    /// - Parameters:
    ///   - descriptor: The file descriptor that will be written to.
    ///   - ascii: The user asked for ASCII.
    package static func detect(descriptor: Int32, environment: [String: String], ascii: Bool = false) -> Medium {
        let terminal = isatty(descriptor) == 1
        return Medium(
            environment: environment, isTerminal: terminal, terminalWidth: terminal ? terminalSize(descriptor)?.columns : nil,
            ascii: ascii)
    }

    /// The medium that the environment describes; `detect` without the system calls.
    package init(environment: [String: String], isTerminal: Bool, terminalWidth: Int?, ascii: Bool) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let dumb = environment["TERM"] == "dumb"
        let columns = value("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let locale = (value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? "C").lowercased()
        let forced = value("CLICOLOR_FORCE").map { $0 != "0" } ?? false
        self.init(
            width: terminalWidth ?? columns ?? Medium.unknownWidth,
            unicode: !ascii && !dumb && (locale.hasSuffix("utf-8") || locale.hasSuffix("utf8") || locale.contains("utf-8@")),
            colour: value("NO_COLOR") == nil && (forced || (isTerminal && !dumb)))
    }

    /// A file: no colour, and the same characters as asked for on the terminal.
    package func asFile() -> Medium { Medium(width: Medium.unknownWidth, unicode: unicode, colour: false) }

    /// Three dots in the middle of what was cut.
    var ellipsis: String { unicode ? "…" : "..." }
    /// From one cluster to another, from then to now.
    var arrow: String { unicode ? "→" : "->" }
}

/// Columns and rows of the terminal behind a file descriptor, nil where it is none or does not tell.
package func terminalSize(_ descriptor: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
}
