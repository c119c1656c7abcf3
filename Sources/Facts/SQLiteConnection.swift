import CSQLite
import Foundation
package import GRDB

/// The only file that knows SQLite's C functions: limits, authorisation and interruption, for which GRDB has no interface.
package enum SQLiteGuard {
    /// The longest text, blob or row that any connection makes or reads, in bytes.
    ///
    /// Bounds what one step of a query can cost: between two steps nothing can stop it.
    package static let maximumValueBytes = 128 * 1024

    /// Done once, before the first connection.
    package static let isPrepared: Bool = csqlite_do_not_count_memory() == SQLITE_OK

    /// Sets what no statement of this connection may exceed, and distrusts functions that a schema calls.
    package static func limit(_ db: Database) throws {
        let limits: [(Int32, Int)] = [
            (SQLITE_LIMIT_LENGTH, maximumValueBytes), (SQLITE_LIMIT_SQL_LENGTH, 64 * 1024), (SQLITE_LIMIT_COLUMN, 200),
            (SQLITE_LIMIT_EXPR_DEPTH, 100), (SQLITE_LIMIT_COMPOUND_SELECT, 50), (SQLITE_LIMIT_VDBE_OP, 25_000),
            (SQLITE_LIMIT_FUNCTION_ARG, 100), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200), (SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (SQLITE_LIMIT_WORKER_THREADS, 0),
        ]
        for (limit, value) in limits { sqlite3_limit(db.sqliteConnection, limit, Int32(value)) }
        dropModules(db)
        try db.execute(sql: "PRAGMA trusted_schema = OFF")
    }

    /// Leaves of the virtual tables only those that unfold JSON.
    private static func dropModules(_ db: Database) {
        "json_each".withCString { each in
            "json_tree".withCString { tree in
                var kept: [UnsafePointer<CChar>?] = [each, tree, nil]
                _ = sqlite3_drop_modules(db.sqliteConnection, &kept)
            }
        }
    }

    /// Forbids this connection to attach another database.
    package static func forbidAttach(_ db: Database) { sqlite3_limit(db.sqliteConnection, SQLITE_LIMIT_ATTACHED, 0) }

    /// Runs a closure whose statements are stopped when they take too long or too much memory.
    ///
    /// - Throws: ``BudgetExceeded`` instead of SQLite's interruption; else what the closure throws.
    package static func within<Result>(_ budget: Budget, _ db: Database, _ body: () throws -> Result) throws -> Result {
        let meter = Meter(budget)
        return try withExtendedLifetime(meter) {
            sqlite3_progress_handler(
                db.sqliteConnection, Meter.stepsBetweenLooks,
                { context in context.map { Unmanaged<Meter>.fromOpaque($0).takeUnretainedValue().look() } ?? 0 },
                Unmanaged.passUnretained(meter).toOpaque())
            defer { sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil) }
            do {
                return try body()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
                throw meter.exceeded ?? BudgetExceeded.time(budget.seconds)
            }
        }
    }
}

/// Whether two texts are the same, byte for byte.
package func sameBytes(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count, let start = one.baseAddress, let otherStart = other.baseAddress else {
        return one.count == other.count
    }
    return memcmp(start, otherStart, one.count) == 0
}

/// A row of a running query, valid until the next.
package struct RawRow {
    private let statement: OpaquePointer

    fileprivate init(_ statement: OpaquePointer) { self.statement = statement }

    /// Gives a cell as UTF-8, whatever number it is; nil where it is NULL or a blob.
    package func withText<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        let type = sqlite3_column_type(statement, Int32(column))
        guard type != SQLITE_NULL, type != SQLITE_BLOB, let start = sqlite3_column_text(statement, Int32(column)) else {
            return body(nil)
        }
        return body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, Int32(column)))))
    }

    /// A cell as text; nil where it is NULL or a blob.
    package func string(_ column: Int) -> String? {
        withText(column) { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    /// Whether a cell is this text.
    package func equals(_ column: Int, _ text: String) -> Bool {
        withText(column) { cell in
            guard let cell else { return false }
            return text.utf8.withContiguousStorageIfAvailable { sameBytes(UnsafeRawBufferPointer($0), cell) }
                ?? text.utf8.elementsEqual(cell)
        }
    }
}

extension SQLiteGuard {
    /// Steps through a statement's rows without making a Swift value of every cell.
    ///
    /// - Throws: `DatabaseError`, or what the closure throws.
    package static func forEachRow(_ statement: Statement, of db: Database, _ body: (RawRow) throws -> Void) throws {
        let raw = statement.sqliteStatement
        defer { sqlite3_reset(raw) }
        while true {
            switch sqlite3_step(raw) {
            case SQLITE_ROW: try body(RawRow(raw))
            case SQLITE_DONE: return
            case let code:
                throw DatabaseError(
                    resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(db.sqliteConnection)))
            }
        }
    }
}

/// What one query may cost.
package struct Budget: Sendable {
    /// Of the processor, so that a busy machine gives the same verdicts; ten times as long by the clock.
    package var seconds: Double
    /// Beyond what the process held when the query began.
    package var megabytes: Int

    package init(seconds: Double = 2, megabytes: Int = 128) {
        self.seconds = seconds
        self.megabytes = megabytes
    }
}

/// A query was stopped.
package enum BudgetExceeded: Error, CustomStringConvertible, Equatable {
    case time(Double)
    case memory(Int)

    package var description: String {
        switch self {
        case .time(let seconds): "took longer than \(seconds) s and was stopped"
        case .memory(let megabytes): "took more than \(megabytes) MB of memory and was stopped"
        }
    }
}

/// Looks at clock and memory every few steps of a query. Used by the thread that runs the query only.
private final class Meter {
    static let stepsBetweenLooks: Int32 = 500

    private let budget: Budget
    private let pagesAtStart: Int
    private let processorAtStart = Meter.processorSeconds()
    private let deadline: ContinuousClock.Instant
    private var nextLook: ContinuousClock.Instant
    private(set) var exceeded: BudgetExceeded?

    init(_ budget: Budget) {
        self.budget = budget
        pagesAtStart = Self.residentPages()
        nextLook = .now + Self.interval
        deadline = .now + .seconds(budget.seconds * 10)
    }

    /// Asking the kernel is dear, and in this time no query does much harm.
    private static let interval = Duration.milliseconds(5)

    /// - Returns: 1 to stop the query.
    func look() -> Int32 {
        let now = ContinuousClock.now
        guard now > nextLook else { return 0 }
        nextLook = now + Self.interval
        if (Self.residentPages() - pagesAtStart) * Int(getpagesize()) > budget.megabytes << 20 {
            exceeded = .memory(budget.megabytes)
        } else if Self.processorSeconds() - processorAtStart > budget.seconds || now > deadline {
            exceeded = .time(budget.seconds)
        }
        return exceeded == nil ? 0 : 1
    }

    /// What the process holds in memory; 0 where the kernel does not say.
    private static func residentPages() -> Int {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 128) { buffer in
            let count = pread(statistics, buffer.baseAddress, buffer.count, 0)
            // The second number of the line.
            let digits = buffer.prefix(max(0, count)).drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix {
                (48...57).contains($0)
            }
            return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        }
    }

    /// Kept open: it is read every few milliseconds.
    private static let statistics = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)

    /// What this thread has used of the processor.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// What a statement that may be run gives and reads.
package struct QueryShape: Sendable, Equatable {
    package let columns: [String]
    /// Columns read, by table; a table whose rows are only counted has none.
    package let reads: [String: Set<String>]
    /// Bytes of the text up to the statement's end, without its semicolon.
    package let length: Int
}

/// A statement that may not be run, and where in its text the reason stands.
package struct QueryRefused: Error, Equatable {
    package let reason: String
    /// In UTF-8; nil where the reason has no place.
    package let offset: Int?
}

extension SQLiteGuard {
    /// Makes a connection fit for ``inspect(_:_:schema:)``.
    ///
    /// The first use of a virtual table declares it, by a statement that the recorder would refuse. Those that a check may not use are
    /// therefore refused even where nothing of them is read.
    package static func prepareToInspect(_ db: Database) throws {
        try db.execute(sql: "SELECT 1 FROM json_each('[]'), json_tree('[]')")
    }

    /// Compiles a text that must be one SELECT over the tables of a schema and the functions of a list, and runs nothing.
    ///
    /// - Parameter db: a connection that was prepared for this and is used for nothing else: its authorizer is replaced.
    /// - Throws: ``QueryRefused``.
    package static func inspect(_ sql: String, _ db: Database, schema: FactSchema) throws -> QueryShape {
        let recorder = Recorder(schema)
        let connection = db.sqliteConnection
        return try withExtendedLifetime(recorder) {
            sqlite3_set_authorizer(
                connection,
                { context, action, first, second, _, _ in
                    guard let context else { return SQLITE_DENY }
                    let texts = [first, second].map { $0.map { String(cString: $0) } ?? "" }
                    return Unmanaged<Recorder>.fromOpaque(context).takeUnretainedValue().decide(action, texts[0], texts[1])
                }, Unmanaged.passUnretained(recorder).toOpaque())
            defer { sqlite3_set_authorizer(connection, nil, nil) }
            return try sql.withCString { start in
                let (statement, tail) = try prepare(start, start, connection, recorder)
                defer { sqlite3_finalize(statement) }
                guard let statement else { throw QueryRefused(reason: "there is no query after the front matter", offset: nil) }
                let (second, _) = try prepare(tail, start, connection, recorder)
                sqlite3_finalize(second)
                guard second == nil else {
                    throw QueryRefused(reason: "a check is one SELECT; here a second statement begins", offset: tail - start)
                }
                guard sqlite3_stmt_readonly(statement) != 0, sqlite3_stmt_isexplain(statement) == 0,
                    sqlite3_column_count(statement) > 0
                else { throw QueryRefused(reason: "a check is one SELECT, and this is something else", offset: 0) }
                guard sqlite3_bind_parameter_count(statement) == 0 else {
                    throw QueryRefused(
                        reason: "a check has no parameters (?, :name): every value comes from a fact table", offset: nil)
                }
                let columns = (0..<sqlite3_column_count(statement)).map { String(cString: sqlite3_column_name(statement, $0)) }
                let end = tail > start && tail[-1] == CChar(UInt8(ascii: ";")) ? tail - 1 : tail
                return QueryShape(columns: columns, reads: recorder.reads, length: end - start)
            }
        }
    }

    private static func prepare(
        _ text: UnsafePointer<CChar>, _ start: UnsafePointer<CChar>, _ connection: OpaquePointer?, _ recorder: Recorder
    ) throws -> (OpaquePointer?, UnsafePointer<CChar>) {
        var statement: OpaquePointer?
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v3(connection, text, -1, 0, &statement, &tail)
        guard code == SQLITE_OK else {
            let offset = sqlite3_error_offset(connection)
            let message = recorder.refusal ?? String(cString: sqlite3_errmsg(connection))
            throw QueryRefused(reason: message, offset: offset < 0 ? nil : text - start + Int(offset))
        }
        return (statement, tail ?? text)
    }
}

/// Decides on every table, column and function that a statement names, and remembers what it reads.
private final class Recorder {
    private let schema: FactSchema
    private(set) var reads: [String: Set<String>] = [:]
    private(set) var refusal: String?

    init(_ schema: FactSchema) { self.schema = schema }

    func decide(_ action: Int32, _ first: String, _ second: String) -> Int32 {
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE: return SQLITE_OK
        case SQLITE_FUNCTION:
            if Self.functions.contains(second.lowercased()) { return SQLITE_OK }
            return refuse("the function \(second)() is not among those that a check may use")
        case SQLITE_READ:
            let table = first.lowercased()
            if ["json_each", "json_tree"].contains(table) { return SQLITE_OK }
            // Neither can a common table expression be told from a table here, nor is a column of it read.
            if second.isEmpty && schema.table(table) == nil && !table.hasPrefix("sqlite_") { return SQLITE_OK }
            guard schema.table(table) != nil else {
                return refuse("\(first) is no fact table, and a check reads fact tables only")
            }
            if second.isEmpty { reads[table, default: []] = reads[table] ?? [] } else { reads[table, default: []].insert(second) }
            return SQLITE_OK
        default:
            return refuse("a check is one SELECT; \(Self.names[action] ?? "this statement") is refused")
        }
    }

    private func refuse(_ reason: String) -> Int32 {
        if refusal == nil { refusal = reason }
        return SQLITE_DENY
    }

    /// Functions whose result depends on their arguments alone. What depends on the clock, on chance, on the connection or
    /// on files is missing on purpose: the same snapshot must give the same verdicts.
    static let functions: Set<String> = [
        "abs", "avg", "ceil", "ceiling", "char", "coalesce", "count", "cume_dist", "date", "datetime", "dense_rank",
        "first_value",
        "floor", "format", "glob", "group_concat", "hex", "ifnull", "iif", "instr", "json", "json_array", "json_array_length",
        "json_extract", "json_group_array", "json_group_object", "json_object", "json_quote", "json_type", "json_valid",
        "->", "->>", "julianday", "lag", "last_value", "lead", "length", "like", "likelihood", "likely", "lower", "ltrim", "max",
        "min", "mod", "nth_value", "ntile", "nullif", "percent_rank", "pow", "power", "printf", "quote", "rank", "replace",
        "round",
        "row_number", "rtrim", "sign", "strftime", "substr", "substring", "sum", "time", "total", "trim", "trunc", "typeof",
        "unicode", "unixepoch", "unlikely", "upper",
    ]

    private static let names: [Int32: String] = [
        SQLITE_ATTACH: "ATTACH", SQLITE_DETACH: "DETACH", SQLITE_PRAGMA: "PRAGMA", SQLITE_INSERT: "INSERT",
        SQLITE_UPDATE: "UPDATE",
        SQLITE_DELETE: "DELETE", SQLITE_TRANSACTION: "a transaction", SQLITE_SAVEPOINT: "a savepoint", SQLITE_ANALYZE: "ANALYZE",
        SQLITE_REINDEX: "REINDEX", SQLITE_ALTER_TABLE: "ALTER TABLE", SQLITE_CREATE_TABLE: "CREATE TABLE",
        SQLITE_CREATE_TEMP_TABLE: "CREATE TEMP TABLE", SQLITE_CREATE_VIEW: "CREATE VIEW",
        SQLITE_CREATE_TEMP_VIEW: "CREATE TEMP VIEW",
        SQLITE_CREATE_TRIGGER: "CREATE TRIGGER", SQLITE_CREATE_TEMP_TRIGGER: "CREATE TEMP TRIGGER",
        SQLITE_CREATE_INDEX: "CREATE INDEX",
        SQLITE_CREATE_TEMP_INDEX: "CREATE TEMP INDEX", SQLITE_CREATE_VTABLE: "CREATE VIRTUAL TABLE",
        SQLITE_DROP_TABLE: "DROP TABLE",
        SQLITE_DROP_INDEX: "DROP INDEX", SQLITE_DROP_VIEW: "DROP VIEW", SQLITE_DROP_TRIGGER: "DROP TRIGGER",
    ]
}
