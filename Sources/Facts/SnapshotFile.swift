package import Foundation
import GRDB

/// Why a file cannot be used as a snapshot, or could not be written.
package enum SnapshotFault: Error, CustomStringConvertible, Equatable {
    case missing(String)
    case directory(String)
    case unreadable(String, reason: String)
    case tooLarge(String, bytes: Int)
    case notSnapshot(String, seen: String)
    case otherFormat(String, found: Int)
    case truncated(String, bytes: Int, expected: Int)
    case damaged(String, reason: String)
    case unwritable(String, reason: String)

    package var description: String {
        switch self {
        case .missing(let path): "\(path): there is no such file; `isthmus collect -o \(path)` would make a snapshot"
        case .directory(let path): "\(path): is a directory; a snapshot is one file"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .tooLarge(let path, let bytes):
            "\(path): \(bytes >> 20) MB; a snapshot may have \(Snapshot.maximumFileBytes >> 20) MB"
        case .notSnapshot(let path, let seen): "\(path): is not a snapshot of isthmus: \(seen)"
        case .otherFormat(let path, let found):
            "\(path): is a snapshot of format \(found); this isthmus reads format \(FactSchema.format): "
                + (found > FactSchema.format ? "use a newer isthmus" : "take a new snapshot with `isthmus collect`")
        case .truncated(let path, let bytes, let expected):
            "\(path): is cut off: \(bytes) of \(expected) bytes are there; copy it again, or take a new snapshot"
        case .damaged(let path, let reason): "\(path): is damaged or was made by something else: \(reason)"
        case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
        }
    }
}

extension Snapshot {
    /// Larger than any mesh's facts.
    package static let maximumFileBytes = 1 << 30

    /// Writes the snapshot as one file that only its owner can read, replacing what was there: wholly or not at all.
    ///
    /// - Throws: ``SnapshotFault/unwritable(_:reason:)``.
    package func save(to url: URL) throws {
        let path = url.path
        let folder = url.deletingLastPathComponent()
        let temporary = folder.appending(path: ".\(url.lastPathComponent).\(UUID().uuidString).partial").path
        func failed(_ what: String) -> SnapshotFault {
            .unwritable(path, reason: "\(what): \(String(cString: strerror(errno)))")
        }
        let descriptor = Foundation.open(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failed("making \(temporary)") }
        defer { close(descriptor) }
        do {
            try writer.writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [Self.writableAddress(ofFile: temporary)])
            }
            guard fsync(descriptor) == 0 else { throw failed("writing it to disk") }
            guard rename(temporary, path) == 0 else { throw failed("renaming \(temporary)") }
        } catch {
            unlink(temporary)
            throw error is SnapshotFault ? error : SnapshotFault.unwritable(path, reason: "\(error)")
        }
        let directory = Foundation.open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Opens a snapshot file with the tables of this binary.
    package static func open(_ url: URL) throws -> Snapshot { try open(url, schema: .embedded()) }

    /// Reads a snapshot file: its known tables' rows, by declared columns, each checked as at collection.
    ///
    /// The file may be anybody's. Nothing that it defines is run or kept, and it is not written to.
    ///
    /// - Throws: ``SnapshotFault``.
    package static func open(_ url: URL, schema: FactSchema) throws -> Snapshot {
        let path = url.path
        try checkHeader(path)
        do {
            let snapshot = try pages(of: path, schema) ?? rows(of: path, schema)
            guard try snapshot.rows("run").count == 1 else {
                throw SnapshotFault.damaged(path, reason: "table run must have one row: the run that took the snapshot")
            }
            return snapshot
        } catch let error as DatabaseError {
            throw SnapshotFault.damaged(path, reason: error.message ?? "\(error.resultCode)")
        } catch let error as BudgetExceeded {
            throw SnapshotFault.damaged(path, reason: "reading it \(error)")
        }
    }

    private static let budget = Budget(seconds: 30, megabytes: 2048)

    /// A copy of the file's pages, if they hold the tables of this isthmus and nothing else, each row as it must be; else nil.
    private static func pages(of path: String, _ schema: FactSchema) throws -> Snapshot? {
        let snapshot = try Snapshot(emptyOf: schema)
        var configuration = Configuration()
        configuration.readonly = true
        configuration.prepareDatabase { db in
            try SQLiteGuard.limit(db)
            try db.execute(sql: "PRAGMA cell_size_check = ON")
        }
        do {
            try DatabaseQueue(path: address(ofFile: path), configuration: configuration).backup(to: snapshot.writer)
            let found = try snapshot.writer.writeWithoutTransaction { db in
                try SQLiteGuard.within(budget, db) { try String?.fetchAll(db, sql: "SELECT sql FROM sqlite_schema") }
            }
            guard found.count == schema.ddl.count, Set(found) == Set(schema.ddl) else { return nil }
            return try snapshot.isSound() ? snapshot : nil
        } catch is DatabaseError {
            // Reading row by row says more exactly what is wrong.
            return nil
        }
    }

    /// Whether pages and rows are as they must be, table by table: also holds every row against its types, NOT NULL and CHECK.
    ///
    /// A page that two tables share, or that none uses, is not found so. It does no harm where nothing is written: as a row of either
    /// table it is as it must be.
    private func isSound() throws -> Bool {
        // The freelist is looked at with the schema's own table.
        let tables = ["sqlite_schema"] + schema.tables.map(\.name)
        // SQLite knows no CHECK of a database that it opened for reading only.
        let readers = try Readers(opening: { try reader(readonly: false) })
        do {
            _ = try readers.share(tables) { table, db in
                let words = try SQLiteGuard.within(Self.budget, db) {
                    try String.fetchAll(db, sql: "PRAGMA quick_check(\(quoted(table)))")
                }
                // The first ends it: a file whose tables all share one huge tree costs no more than that.
                if words != ["ok"] { throw Unsound() }
            }
            return true
        } catch is Unsound {
            return false
        }
    }

    private struct Unsound: Error {}

    /// A copy of the rows of the known tables.
    private static func rows(of path: String, _ schema: FactSchema) throws -> Snapshot {
        let snapshot = try Snapshot.inMemory(schema: schema)
        try snapshot.writer.writeWithoutTransaction { db in
            try SQLiteGuard.within(budget, db) { try snapshot.copy(from: path, db) }
        }
        return snapshot
    }

    /// A file's address for reading. Immutable: no lock is taken, and no journal that lies beside the file is rolled back into it.
    private static func address(ofFile path: String) -> String { writableAddress(ofFile: path) + "&mode=ro&immutable=1" }

    /// A file's address; without the VFS a connection to memory would look for the file in memory.
    private static func writableAddress(ofFile path: String) -> String {
        "file:\(path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path)?vfs=unix"
    }

    private func copy(from path: String, _ db: Database) throws {
        try db.execute(sql: "ATTACH DATABASE ? AS source", arguments: [Self.address(ofFile: path)])
        defer { try? db.execute(sql: "DETACH DATABASE source") }
        try db.execute(sql: "PRAGMA cell_size_check = ON")
        try db.inTransaction {
            for table in schema.tables { try copy(table, from: path, db) }
            return .commit
        }
    }

    private func copy(_ table: FactTable, from path: String, _ db: Database) throws {
        func damaged(_ reason: String) -> SnapshotFault { .damaged(path, reason: reason) }
        let entry = try Row.fetchOne(
            db, sql: "SELECT type, rootpage FROM source.sqlite_schema WHERE name = ? COLLATE NOCASE", arguments: [table.name])
        // A snapshot of an older isthmus may lack the table: the ledger then lacks its entry, and what reads it is unknown.
        guard let entry else { return }
        // A view's and a virtual table's rows would be the work of the file's own statements.
        guard entry["type"] as String? == "table", (entry["rootpage"] as Int? ?? 0) > 0 else {
            throw damaged("\(table.name) is not a plain table")
        }
        let found = try Row.fetchAll(
            db, sql: "SELECT name, hidden FROM pragma_table_xinfo(?, 'source')", arguments: [table.name])
        var plain: Set<String> = []
        for column in found where column["hidden"] as Int? == 0 { plain.insert(column["name"] as String? ?? "") }
        let columns = table.columns.filter { plain.contains($0.name) }
        if let missing = table.columns.first(where: { !$0.isNullable && !plain.contains($0.name) }) {
            // A snapshot of an older isthmus may lack the column: without a row there is nothing to lose.
            let isEmpty = try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM source.\(quoted(table.name)) NOT INDEXED)")
            if isEmpty == true { return }
            throw damaged("\(table.name) has no plain column \(missing.name)")
        }
        let names = columns.map { quoted($0.name) }.joined(separator: ", ")
        // NOT INDEXED: an index of the file may say something else than its rows.
        try db.execute(
            sql: "INSERT INTO main.\(quoted(table.name)) (\(names)) SELECT \(names) FROM source.\(quoted(table.name)) NOT INDEXED"
        )
    }

    /// Looks at the first bytes before SQLite does: a clear word for each way in which a file can be something else.
    private static func checkHeader(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw errno == ENOENT ? SnapshotFault.missing(path) : .unreadable(path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw SnapshotFault.directory(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SnapshotFault.unreadable(path, reason: "it is not a regular file") }
        let bytes = Int(status.st_size)
        guard bytes <= maximumFileBytes else { throw SnapshotFault.tooLarge(path, bytes: bytes) }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw SnapshotFault.unreadable(path, reason: String(cString: strerror(errno)))
        }
        defer { try? handle.close() }
        let header = [UInt8](try handle.read(upToCount: 100) ?? Data())
        guard !header.isEmpty else { throw SnapshotFault.notSnapshot(path, seen: "it is empty") }
        guard header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw SnapshotFault.notSnapshot(path, seen: "it is not an SQLite file")
        }
        guard header.count == 100 else { throw SnapshotFault.truncated(path, bytes: bytes, expected: 4096) }
        func number(_ range: Range<Int>) -> Int { header[range].reduce(0) { $0 << 8 | Int($1) } }
        guard number(68..<72) == applicationID else {
            throw SnapshotFault.notSnapshot(path, seen: "it is another program's SQLite file")
        }
        guard number(60..<64) == FactSchema.format else { throw SnapshotFault.otherFormat(path, found: number(60..<64)) }
        let page = number(16..<18) == 1 ? 65536 : number(16..<18)
        let expected = page * number(28..<32)
        guard bytes >= expected else { throw SnapshotFault.truncated(path, bytes: bytes, expected: expected) }
    }
}
