import Facts

/// One check: its front matter, its query, and what the query was found to read.
///
/// A class, because every verdict points to its check.
package final class Check: Sendable {
    /// File name without `.sql`.
    package let id: String
    package let phase: Phase
    /// The file as the user knows it.
    package let file: String
    /// Comes with isthmus, rather than from `--checks DIR`.
    package let isBuiltIn: Bool
    package let title: String
    package let severity: Severity
    /// The table whose every row gets one verdict.
    package let subject: String
    package let span: Span
    package let level: Level
    package let requires: [Requirement]
    /// Tables that help where they are there; where they are not, the query decides without them, or says `unknown`.
    package let optional: Set<String>
    /// By status, for those that the front matter gives.
    package let messages: [Status: Wording]
    /// What to type; nil where the check has none.
    package let remedy: Wording?
    /// Columns that go into the remedy as they are, because they are shell text already. All others are quoted there.
    package let shell: Set<String>
    /// Columns that programs get with every verdict, also where it passes.
    package let data: [String]
    /// Where to read on; nil where nowhere.
    package let docs: String?
    /// Ids of the prerequisites of the documented set-up that the check answers (``Prerequisite``).
    package let guide: [String]
    /// What it looks at, why it matters, how it fails.
    package let why: String
    package let sql: String
    /// The query's columns in order; empty where the check is broken.
    package let columns: [String]
    /// Columns read, by table; a table whose rows are only counted has none.
    package let reads: [String: Set<String>]
    /// Why the check cannot be run; nil where it can.
    package let fault: FileFault?

    /// Position of `subject` and `status` among the columns.
    let subjectIndex: Int
    let statusIndex: Int
    /// The query without the columns that are words only: subject, status, and ``brief``. Not every query can be cut down so.
    let statusSQL: String
    /// The columns that are needed to say why the check does not apply: nothing else is said of such a subject.
    let brief: [Int]
    private let wantedColumns: [Status: [Int?]]
    private let noColumn: [Int?]

    /// Columns that are not message parameters.
    package static let reserved = ["subject", "status", "observed", "expected", "evidence"]

    /// - Parameter length: bytes of the query up to its end, without a semicolon.
    init(
        _ matter: FrontMatter, _ source: CheckSource, columns: [String], reads: [String: Set<String>], length: Int = 0,
        fault: FileFault?
    ) {
        id = source.id
        phase = source.phase
        file = source.file
        isBuiltIn = source.isBuiltIn
        title = matter.title
        severity = matter.severity
        subject = matter.subject
        span = matter.span
        level = matter.level
        requires = matter.requires
        optional = Set(matter.optional)
        messages = matter.messages
        remedy = matter.remedy
        shell = Set(matter.shell)
        data = matter.data
        docs = matter.docs
        guide = matter.guide
        why = matter.why
        sql = matter.sql
        self.columns = columns
        self.reads = reads
        self.fault = fault
        subjectIndex = columns.firstIndex(of: "subject") ?? 0
        statusIndex = columns.firstIndex(of: "status") ?? 0
        let reason = matter.messages[.notApplicable]?.columns ?? []
        brief = columns.indices.filter { reason.contains(columns[$0]) && !["subject", "status"].contains(columns[$0]) }
        let names = ["subject", "status"] + brief.map { quoted(columns[$0]) }
        let query = String(decoding: matter.sql.utf8.prefix(length), as: UTF8.self)
        statusSQL = "SELECT \(names.joined(separator: ", ")) FROM (\n\(query)\n)"
        noColumn = columns.map { _ in nil }
        var wanted: [Status: [Int?]] = [:]
        for status in Status.fromQuery {
            var names: Set<String> = ["observed", "expected", "evidence"]
            names.formUnion(matter.data)
            names.formUnion(matter.messages[status]?.columns ?? [])
            if [.fail, .warning, .unknown].contains(status) { names.formUnion(columns) }
            names.subtract(["subject", "status"])
            wanted[status] = columns.indices.map { names.contains(columns[$0]) ? $0 : nil }
        }
        wantedColumns = wanted
    }

    /// By column, its place in the query where anything can be said with its cell, else nil: what is sound needs no remedy, and most
    /// of what is judged is sound.
    func wanted(_ status: Status?) -> [Int?] { status.flatMap { wantedColumns[$0] } ?? noColumn }

    /// Whether the query has a word for subjects to which the check does not apply.
    var mayNotApply: Bool {
        messages[.notApplicable] != nil
            || SQLTokens(sql).tokens.contains { $0.token == .string(Status.notApplicable.rawValue) }
    }

    /// A check as it is, but not fit to run.
    func broken(_ fault: FileFault) -> Check {
        let matter = FrontMatter(
            title: title, severity: severity, subject: subject, span: span, level: level, requires: [], optional: [],
            messages: messages, remedy: remedy, shell: Array(shell), data: data, docs: docs, guide: guide, why: why, sql: sql,
            sqlLine: 1)
        let source = CheckSource(id: id, phase: phase, file: file, isBuiltIn: isBuiltIn, text: "")
        return Check(matter, source, columns: [], reads: [:], fault: fault)
    }
}

/// A check that must be sound first.
package struct Requirement: Sendable, Equatable {
    package let check: String
    /// Which cluster of a pair it must be sound for.
    package let of: Side
    /// What of it blocks.
    package let when: Condition
    /// What is blocked.
    package let blocks: Reach

    package enum Side: String, Sendable, CaseIterable {
        case source, target, both
    }

    package enum Condition: String, Sendable, CaseIterable {
        /// Anything but being sound: it failed, or it is not known.
        case unsound
        /// That it itself failed. What is merely not known, or waits for something else, leaves the evidence of others as it is.
        case failed
    }

    package enum Reach: String, Sendable, CaseIterable {
        case all
        /// What passes stays: it was found out all the same.
        case unsound
        /// Only what is not known: then that is why.
        case unknown

        func includes(_ status: Status) -> Bool {
            switch self {
            case .all: true
            case .unsound: status != .pass && status != .notApplicable
            case .unknown: status == .unknown
            }
        }
    }

    package init(check: String, of side: Side = .both, when condition: Condition = .unsound, blocks: Reach = .all) {
        self.check = check
        of = side
        when = condition
        self.blocks = blocks
    }
}

/// One `.sql` file before it is read.
struct CheckSource: Sendable {
    let id: String
    let phase: Phase
    let file: String
    let isBuiltIn: Bool
    let text: String
}
