import Foundation
package import GRDB

/// The facts of one run: an SQLite database with STRICT tables, in memory, that can be saved as one file.
///
/// A snapshot that was opened from a file is a copy too: what the file's author put beside the facts (views, triggers,
/// other tables, other constraints) is never part of it.
package final class Snapshot: Sendable {
    package let schema: FactSchema
    /// The writing connection; it keeps the memory alive that the readers share.
    let writer: DatabaseQueue
    /// SQLite's name of the shared memory.
    private let address: String

    /// Memory without tables.
    init(emptyOf schema: FactSchema) throws {
        _ = SQLiteGuard.isPrepared
        self.schema = schema
        address = "file:/isthmus-\(UUID().uuidString)?vfs=memdb"
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            try SQLiteGuard.limit(db)
            try db.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000")
        }
        writer = try DatabaseQueue(path: address, configuration: configuration)
    }

    /// What `file` and isthmus know a snapshot by: "isth".
    static let applicationID = 0x6973_7468

    /// An empty snapshot.
    package static func inMemory(schema: FactSchema) throws -> Snapshot {
        let snapshot = try Snapshot(emptyOf: schema)
        try snapshot.writer.write { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(FactSchema.format)")
            for statement in schema.ddl { try db.execute(sql: statement) }
        }
        return snapshot
    }

    /// A new connection that can only read, for one query at a time.
    ///
    /// Several can read at once, as long as nobody inserts.
    package func reader() throws -> DatabaseQueue { try reader(readonly: true) }

    /// - Parameter readonly: false where SQLite has to know the constraints; nothing can be written all the same.
    func reader(readonly: Bool) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.prepareDatabase { db in
            try SQLiteGuard.limit(db)
            SQLiteGuard.forbidAttach(db)
            try db.execute(sql: "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -24000")
        }
        return try DatabaseQueue(path: address, configuration: configuration)
    }

    /// All rows of a table, in the order of its key.
    ///
    /// - Throws: ``FactFault`` where there is no such table.
    package func rows(_ name: String) throws -> [FactRow] {
        guard let table = schema.table(name) else { throw FactFault.noTable(name, schema) }
        let columns = table.columns.map { quoted($0.name) }.joined(separator: ", ")
        let order = table.key.map(quoted).joined(separator: ", ")
        return try writer.read { db in
            let cursor = try Row.fetchCursor(db, sql: "SELECT \(columns) FROM \(quoted(name)) ORDER BY \(order)")
            var rows: [FactRow] = []
            while let row = try cursor.next() {
                var values: [String: FactValue] = [:]
                for (index, column) in table.columns.enumerated() { values[column.name] = FactValue(row[index] as DatabaseValue) }
                rows.append(FactRow(name, values))
            }
            return rows
        }
    }

    /// The ledger, ordered by fact and cluster.
    package func ledger() throws -> [LedgerEntry] {
        try rows(FactSchema.ledger).compactMap { row in
            guard let fact = row.values["fact"]?.text, let cluster = row.values["cluster"]?.text,
                let status = row.values["status"]?.text.flatMap(CollectionStatus.init(rawValue:))
            else { return nil }
            return LedgerEntry(fact: fact, cluster: cluster, status: status, reason: row.values["reason"]?.text ?? "")
        }
    }
}

extension FactValue {
    package init(_ value: DatabaseValue) {
        switch value.storage {
        case .null, .blob: self = .null
        case .int64(let integer): self = .integer(Int(integer))
        case .double(let real): self = .real(real)
        case .string(let text): self = .text(text)
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .text(let text): text.databaseValue
        case .integer(let integer): integer.databaseValue
        case .real(let real): real.databaseValue
        }
    }
}
