import Facts
import GRDB
import Synchronization

/// What a check's query says of each subject. Only words of status are read first: what is sound is rarely asked for its text.
struct Rows {
    /// By subject: its status as the query gave it; nil where that is none.
    private(set) var statuses: [Status?]
    /// By subject.
    private var counts: [UInt8]
    /// What is wrong with a subject's row, where it is no row too few or too many.
    private var wrong: [Int: String] = [:]
    /// Subjects that are none; the first few.
    private(set) var foreign: [String] = []
    /// The texts of what was found.
    private(set) var texts: Texts
    /// Of subjects to which the check does not apply, the columns that ``Check/brief`` names.
    private(set) var brief: Texts

    /// - Parameter isMute: whether nothing will be said of a subject, whatever is found.
    /// - Throws: ``BudgetExceeded``, ``TooMuch``, or the database's error.
    init(_ check: Check, _ table: SubjectTable, _ db: Database, _ budget: Budget, isMute: (Subject) -> Bool) throws {
        statuses = [Status?](repeating: nil, count: table.subjects.count)
        counts = [UInt8](repeating: 0, count: table.subjects.count)
        texts = Texts(columns: check.columns.count)
        brief = Texts(columns: check.brief.count)
        var hasFindings = false
        try SQLiteGuard.within(budget, db) {
            let query = try StatusQuery(check, db)
            var excess = 0
            try table.forEachRow(query.statement, query.subject, db) { position, row in
                guard let position, counts[position] == 0 else {
                    excess += 1
                    if let position { counts[position] = 2 } else { remember(row.string(query.subject) ?? "") }
                    if excess > Self.maximumExcess { throw TooMuch.rows(table.subjects.count) }
                    return
                }
                counts[position] = 1
                let status = row.withText(query.status) { $0.flatMap(Status.init(fromQuery:)) }
                statuses[position] = status
                switch status {
                case .pass: break
                case .notApplicable:
                    if !query.brief.isEmpty { try brief.keep(row, from: query.brief, for: position, of: table.subjects.count) }
                case nil:
                    wrong[position] =
                        row.string(query.status).map { "gave the status \"\($0.prefix(60))\"" } ?? "gave the status NULL"
                default: hasFindings = hasFindings || !isMute(table.subjects[position])
                }
            }
            brief.close()
        }
        if hasFindings { try readFindings(check, table, db, budget, isMute) }
    }

    /// Without running the query: it counts as knowing nothing.
    init(unasked check: Check, _ table: SubjectTable) {
        statuses = [Status?](repeating: .unknown, count: table.subjects.count)
        counts = [UInt8](repeating: 1, count: table.subjects.count)
        texts = Texts(columns: check.columns.count)
        brief = Texts(columns: check.brief.count)
    }

    /// Rows beyond one per subject that are looked at before the query is stopped.
    static let maximumExcess = 1000

    private mutating func remember(_ name: String) {
        if foreign.count < 5, !foreign.contains(name) { foreign.append(name) }
    }

    private mutating func readFindings(
        _ check: Check, _ table: SubjectTable, _ db: Database, _ budget: Budget, _ isMute: (Subject) -> Bool
    ) throws {
        let statuses = statuses
        var wrong: [Int: String] = [:]
        texts = try SQLiteGuard.within(budget, db) {
            try Texts(check, table, db) { position, row in
                guard let status = statuses[position], status != .pass, status != .notApplicable,
                    !isMute(table.subjects[position])
                else { return nil }
                if row.equals(check.statusIndex, status.rawValue) { return status }
                // An order that is left open can come out in two ways.
                wrong[position] = "gave \(status.rawValue), and asked again \(row.string(check.statusIndex) ?? "NULL")"
                return nil
            }
        }
        self.wrong.merge(wrong) { $1 }
    }

    /// Why a subject has no valid verdict; nil where it has one.
    func fault(_ check: Check, _ subject: Subject, _ position: Int) -> String? {
        switch counts[position] {
        case 0: return "gave no row for \(subject.name)"
        case 1: break
        default: return "gave two rows or more for \(subject.name)"
        }
        if let reason = wrong[position] { return reason }
        guard let status = statuses[position] else { return "gave no status" }
        if !check.severity.admits(status) {
            return "gave \(status.rawValue), which a check of severity \(check.severity.rawValue) may not give"
        }
        if status == .fail || status == .warning, check.messages[status] == nil {
            return "gave \(status.rawValue), for which the front matter has no message"
        }
        return nil
    }

    /// Whether nothing can be wrong with a subject's row.
    func isSound(_ position: Int) -> Bool { counts[position] == 1 && statuses[position] == .pass }
}

/// Too many answers.
enum TooMuch: Error, CustomStringConvertible {
    case bytes
    case rows(Int)

    var description: String {
        switch self {
        case .bytes: "gave more than \(Texts.maximumBytes >> 20) MB of text and was stopped"
        case .rows(let subjects):
            "gave far more rows than there are subjects (\(subjects)) and was stopped: one row per subject is wanted"
        }
    }
}

/// What is asked of a check first: of each subject its status, and why the check does not apply where it does not.
struct StatusQuery {
    let statement: Statement
    let subject: Int
    let status: Int
    /// Where the columns of ``Check/brief`` are.
    let brief: [Int]

    init(_ check: Check, _ db: Database) throws {
        // SQLite leaves out what the outer query does not ask for. It may not take the query in this form: where that comes near
        // to a limit, or ends in a comment that has no end.
        if let short = try? db.makeStatement(sql: check.statusSQL) {
            statement = short
            (subject, status) = (0, 1)
            brief = check.brief.indices.map { 2 + $0 }
        } else {
            statement = try db.makeStatement(sql: check.sql)
            (subject, status) = (check.subjectIndex, check.statusIndex)
            brief = check.brief
        }
    }
}

/// The texts that a query gave for some of its subjects.
struct Texts: Sendable {
    private var cells: CellStore
    /// By subject, its row among the cells; less than 0 where it has none. Empty where none has.
    private var rows: [Int32] = []

    /// More than this is not one check's answer.
    static let maximumBytes = 64 << 20

    /// No texts.
    init(columns: Int) { cells = CellStore(columns: columns) }

    /// The texts of one subject.
    init(_ check: Check, values: [String?]) {
        self.init(columns: check.columns.count)
        cells.append(values)
        rows = [0]
    }

    /// Runs the query and keeps of each row that is wanted what can be said with its status.
    ///
    /// - Parameter wanted: gives the status by which a subject's row is kept.
    init(_ check: Check, _ table: SubjectTable, _ db: Database, wanted: (Int, RawRow) -> Status?) throws {
        self.init(columns: check.columns.count)
        try table.forEachRow(db.makeStatement(sql: check.sql), check.subjectIndex, db) { position, row in
            guard let position, !has(position), let status = wanted(position, row) else { return }
            try keep(row, from: check.wanted(status), for: position, of: table.subjects.count)
        }
        close()
    }

    /// Keeps a subject's row; see ``CellStore/append(_:from:)``.
    ///
    /// - Throws: ``TooMuch``.
    mutating func keep(_ row: RawRow, from places: [Int?], for position: Int, of subjects: Int) throws {
        if rows.isEmpty { rows = [Int32](repeating: -1, count: subjects) }
        rows[position] = Int32(cells.rowCount)
        cells.append(row, from: places)
        if cells.bytes > Self.maximumBytes { throw TooMuch.bytes }
    }

    /// Frees what only keeping needs.
    mutating func close() { cells.close() }

    func has(_ position: Int) -> Bool { position < rows.count && rows[position] >= 0 }

    /// nil where the cell is NULL or was not kept.
    func text(_ position: Int, column: Int) -> String? {
        has(position) ? cells.text(row: Int(rows[position]), column: column) : nil
    }
}

/// Asks a check's query again for the texts of what is sound, when a report wants them.
///
/// Holds those of one check at a time: reports go from check to check.
final class TextLoader: Sendable {
    private let snapshot: Snapshot
    private let frame: Frame
    private let budget: Budget
    private let latest = Mutex<(check: ObjectIdentifier, texts: Texts)?>(nil)

    init(_ snapshot: Snapshot, _ frame: Frame, _ budget: Budget) {
        self.snapshot = snapshot
        self.frame = frame
        self.budget = budget
    }

    /// Whether it has the texts of what the query finds so.
    static func knows(_ found: Status) -> Bool { sound.contains(found) }

    private static let sound: [Status] = [.pass, .notApplicable]

    func texts(of check: Check) -> Texts {
        latest.withLock { latest in
            if let latest, latest.check == ObjectIdentifier(check) { return latest.texts }
            let table = frame.subjects(of: check.subject)
            // The query has run before. Should it not now, its columns count as not observed.
            let texts =
                try? snapshot.reader().unsafeRead { db in
                    try SQLiteGuard.within(budget, db) {
                        try Texts(check, table, db) { _, row in
                            Self.sound.first { row.equals(check.statusIndex, $0.rawValue) }
                        }
                    }
                }
            latest = (ObjectIdentifier(check), texts ?? Texts(columns: check.columns.count))
            return latest?.texts ?? Texts(columns: check.columns.count)
        }
    }
}
