import GRDB

/// A row of a fact table that is not the same in two snapshots.
package struct FactChange: Sendable, Equatable {
    package let table: String
    /// The row's key, in the order of the table's declaration.
    package let key: [FactValue]
    /// The clusters that it belongs to; empty for the mesh.
    package let clusters: [String]
    /// The columns that differ, in the table's order; empty where the row is only in one of the two.
    package let columns: [Column]
    package let kind: Kind

    package enum Kind: String, Sendable {
        /// Only in the newer snapshot.
        case added
        /// Only in the older one.
        case gone
        case changed
    }

    package struct Column: Sendable, Equatable {
        package let name: String
        package let old: FactValue
        package let new: FactValue
    }
}

extension FactColumn {
    /// How long something took, or how far two clocks are apart: never twice the same, and no change by itself.
    package var isDuration: Bool { type != .text && (name.hasSuffix("_ms") || name.hasSuffix("seconds")) }
}

extension Snapshot {
    /// What differs from this snapshot to a newer one, table by table, each in the order of its key.
    ///
    /// Durations are not compared, nor is the row about the run. Rows are compared only where both snapshots have collected them:
    /// what could not be seen is not gone. That it could not be seen is a change of the table `collection`.
    ///
    /// - Throws: a database error.
    package func changes(to newer: Snapshot) throws -> [FactChange] {
        let known = [try self.ledger(), try newer.ledger()].map { entries in
            Set(entries.filter { $0.status == .collected }.map { Place(fact: $0.fact, cluster: $0.cluster) })
        }
        let common = known[0].intersection(known[1])
        var changes: [FactChange] = []
        for table in schema.tables where table.name != "run" {
            let isLedger = table.name == FactSchema.ledger
            try merge(table, newer) { change in
                let places =
                    table.scope == .mesh ? [""] : table.isKnownBySource ? Array(change.clusters.prefix(1)) : change.clusters
                let isComparable = places.allSatisfy { common.contains(Place(fact: table.name, cluster: $0)) }
                // Of the ledger only what became of a fact counts, not how its reason is worded.
                let isNews = isLedger ? change.kind != .changed || change.columns.contains { $0.name == "status" } : isComparable
                if isNews { changes.append(change) }
            }
        }
        return changes
    }

    private struct Place: Hashable {
        let fact: String
        let cluster: String
    }

    /// Reads both tables in the order of the key, side by side.
    private func merge(_ table: FactTable, _ newer: Snapshot, _ body: (FactChange) -> Void) throws {
        let columns = table.columns.map { quoted($0.name) }.joined(separator: ", ")
        let order = table.key.map(quoted).joined(separator: ", ")
        let sql = "SELECT \(columns) FROM \(quoted(table.name)) ORDER BY \(order)"
        let layout = Layout(table)
        try reader().read { one in
            try newer.reader().read { other in
                let olds = try Row.fetchCursor(one, sql: sql)
                let news = try Row.fetchCursor(other, sql: sql)
                func next(_ cursor: RowCursor) throws -> [DatabaseValue]? {
                    try cursor.next().map { row in (0..<row.count).map { row[$0] as DatabaseValue } }
                }
                var old = try next(olds)
                var new = try next(news)
                while old != nil || new != nil {
                    switch layout.order(old, new) {
                    case ..<0:
                        if let row = old { body(layout.change(.gone, row, row)) }
                        old = try next(olds)
                    case 0:
                        if let before = old, let after = new, layout.differs(before, after) {
                            body(layout.change(.changed, before, after))
                        }
                        old = try next(olds)
                        new = try next(news)
                    default:
                        if let row = new { body(layout.change(.added, row, row)) }
                        new = try next(news)
                    }
                }
            }
        }
    }

    /// Where a table's rows have what.
    private struct Layout {
        let table: FactTable
        let key: [Int]
        let clusters: [Int]
        let compared: [Int]

        init(_ table: FactTable) {
            func positions(_ names: [String]) -> [Int] {
                names.compactMap { name in table.columns.firstIndex { $0.name == name } }
            }
            self.table = table
            key = positions(table.key)
            clusters = table.name == FactSchema.ledger ? positions(["cluster"]) : positions(table.scope.clusterColumns)
            compared = table.columns.indices.filter { !table.columns[$0].isDuration }
        }

        /// Which of two rows comes first; one that is not there comes last.
        func order(_ one: [DatabaseValue]?, _ other: [DatabaseValue]?) -> Int {
            guard let one else { return 1 }
            guard let other else { return -1 }
            for index in key {
                let result = Layout.order(one[index], other[index])
                if result != 0 { return result }
            }
            return 0
        }

        /// SQLite's order: NULL, numbers, texts by their bytes.
        private static func order(_ one: DatabaseValue, _ other: DatabaseValue) -> Int {
            switch (one.storage, other.storage) {
            case (.int64(let one), .int64(let other)): return one < other ? -1 : one > other ? 1 : 0
            case (.string(let one), .string(let other)):
                if one.utf8.elementsEqual(other.utf8) { return 0 }
                return one.utf8.lexicographicallyPrecedes(other.utf8) ? -1 : 1
            default:
                func rank(_ value: DatabaseValue) -> Int {
                    switch value.storage {
                    case .null: 0
                    case .int64, .double: 1
                    case .string: 2
                    case .blob: 3
                    }
                }
                if rank(one) != rank(other) { return rank(one) < rank(other) ? -1 : 1 }
                guard case let (one?, other?) = (Double.fromDatabaseValue(one), Double.fromDatabaseValue(other)) else { return 0 }
                return one < other ? -1 : one > other ? 1 : 0
            }
        }

        func differs(_ old: [DatabaseValue], _ new: [DatabaseValue]) -> Bool { compared.contains { old[$0] != new[$0] } }

        func change(_ kind: FactChange.Kind, _ old: [DatabaseValue], _ new: [DatabaseValue]) -> FactChange {
            let names = clusters.map { FactValue(old[$0]).text ?? "" }.filter { !$0.isEmpty }
            let different = compared.filter { old[$0] != new[$0] }
            return FactChange(
                table: table.name, key: key.map { FactValue(old[$0]) }, clusters: names,
                columns: different.map { .init(name: table.columns[$0].name, old: FactValue(old[$0]), new: FactValue(new[$0])) },
                kind: kind)
        }
    }
}
