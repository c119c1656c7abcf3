import StrictYAML
import GRDB

/// Facts that do not fit their table: a fault of whoever collected or wrote them.
package enum FactFault: Error, CustomStringConvertible, Equatable {
    case unknownTable(String, nearest: String?)
    case unknownColumn(table: String, column: String, nearest: String?)
    case missing(table: String, column: String)
    case wrongType(table: String, column: String, type: FactType, value: String)
    case notAmong(table: String, column: String, value: String, values: [String])
    case tooLarge(table: String, bytes: Int)
    case duplicate(table: String, key: String)
    case database(table: String, message: String)

    static func noTable(_ name: String, _ schema: FactSchema) -> FactFault {
        .unknownTable(name, nearest: nearest(to: name, among: schema.tables.map(\.name)))
    }

    package var description: String {
        func hint(_ word: String?) -> String { word.map { " (did you mean \"\($0)\"?)" } ?? "" }
        return switch self {
        case .unknownTable(let table, let nearest):
            "no fact table \"\(table)\"\(hint(nearest)): checks/facts/*.yaml declares them"
        case .unknownColumn(let table, let column, let nearest): "\(table) has no column \"\(column)\"\(hint(nearest))"
        case .missing(let table, let column): "\(table).\(column) is missing, and its YAML does not give NULL a meaning"
        case .wrongType(let table, let column, let type, let value):
            "\(table).\(column) must be of type \(type.rawValue), but is \(value)"
        case .notAmong(let table, let column, let value, let values):
            "\(table).\(column) is \"\(value)\"; it must be one of \(values.joined(separator: ", "))"
        case .tooLarge(let table, let bytes): "a row of \(table) has \(bytes) bytes; \(FactRow.maximumBytes) are allowed"
        case .duplicate(let table, let key): "two rows of \(table) have the key \(key)"
        case .database(let table, let message): "\(table): \(message)"
        }
    }
}

extension FactRow {
    /// A fact is a short answer; whatever is longer is not one, and could slow every query.
    package static let maximumBytes = 64 * 1024
}

extension FactTable {
    /// The row's values in the order of the columns.
    func values(_ row: FactRow) throws -> [FactValue] {
        var named = 0
        var bytes = 0
        let values = try columns.map { column in
            guard let value = row.values[column.name] else {
                if column.isNullable { return FactValue.null }
                throw FactFault.missing(table: name, column: column.name)
            }
            named += 1
            try check(value, column)
            if case .text(let text) = value { bytes += text.utf8.count }
            return value
        }
        if bytes > FactRow.maximumBytes { throw FactFault.tooLarge(table: name, bytes: bytes) }
        if named != row.values.count, let stranger = row.values.keys.sorted().first(where: { column($0) == nil }) {
            throw FactFault.unknownColumn(
                table: name, column: stranger, nearest: nearest(to: stranger, among: columns.map(\.name)))
        }
        return values
    }

    private func check(_ value: FactValue, _ column: FactColumn) throws {
        if case .null = value {
            if column.isNullable { return }
            throw FactFault.missing(table: name, column: column.name)
        }
        guard column.type.admits(value) else {
            throw FactFault.wrongType(table: name, column: column.name, type: column.type, value: value.forPeople)
        }
        if !column.values.isEmpty, let text = value.text, !column.values.contains(text) {
            throw FactFault.notAmong(table: name, column: column.name, value: text, values: column.values)
        }
    }
}

extension FactValue {
    var forPeople: String {
        switch self {
        case .null: "NULL"
        case .text(let text): "\"\(text.prefix(60))\""
        case .integer(let integer): "\(integer)"
        case .real(let real): "\(real)"
        }
    }
}

extension Snapshot {
    /// Inserts rows and ledger entries, all or none.
    ///
    /// A second ledger entry for the same fact and cluster keeps the worse of both: failed, then not examined, then collected.
    ///
    /// - Throws: ``FactFault`` that names table and column.
    package func insert(_ batch: FactBatch) throws {
        try writer.inTransaction { db in
            var inserters: [String: (table: FactTable, statement: Statement)] = [:]
            for row in batch.rows {
                if inserters[row.table] == nil {
                    guard let table = schema.table(row.table), row.table != FactSchema.ledger else {
                        throw FactFault.noTable(row.table, schema)
                    }
                    inserters[row.table] = (table, try db.makeStatement(sql: table.insertion))
                }
                guard let (table, statement) = inserters[row.table] else { continue }
                try run(statement, table, try table.values(row))
            }
            try insertLedger(batch.ledger, db)
            return .commit
        }
    }

    private func insertLedger(_ ledger: [LedgerEntry], _ db: Database) throws {
        guard !ledger.isEmpty else { return }
        let table = FactSchema.ledgerTable
        let worse = "(CASE excluded.status WHEN 'failed' THEN 2 WHEN 'not_examined' THEN 1 ELSE 0 END)"
        let known = worse.replacing("excluded.", with: "collection.")
        let statement = try db.makeStatement(
            sql: """
                \(table.insertion) ON CONFLICT DO UPDATE SET status = excluded.status, reason = excluded.reason
                WHERE \(worse) > \(known)
                """)
        for entry in ledger {
            guard schema.table(entry.fact) != nil else { throw FactFault.noTable(entry.fact, schema) }
            let values: [String: FactValue] = [
                "fact": .text(entry.fact), "cluster": .text(entry.cluster), "status": .text(entry.status.rawValue),
                "reason": .text(entry.reason),
            ]
            try run(statement, table, try table.values(FactRow(table.name, values)))
        }
    }

    private func run(_ statement: Statement, _ table: FactTable, _ values: [FactValue]) throws {
        do {
            statement.setUncheckedArguments(StatementArguments(values.map(\.databaseValue)))
            try statement.execute()
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY {
            let key = table.key.compactMap { name in
                table.columns.firstIndex { $0.name == name }.map { values[$0].forPeople }
            }
            throw FactFault.duplicate(table: table.name, key: key.joined(separator: ", "))
        } catch let error as DatabaseError {
            throw FactFault.database(table: table.name, message: error.message ?? "\(error)")
        }
    }
}

extension FactTable {
    /// `INSERT` with one placeholder per column.
    var insertion: String {
        let names = columns.map { quoted($0.name) }.joined(separator: ", ")
        return "INSERT INTO \(quoted(name)) (\(names)) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
    }
}
