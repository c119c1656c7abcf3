/// What a row of a table belongs to.
package enum FactScope: String, Sendable, CaseIterable {
    /// One cluster: the table has the column `cluster`.
    case cluster
    /// Two clusters in order: the table has the columns `source` and `target`.
    case pair
    /// The mesh as a whole; its ledger entries stand under cluster `""`.
    case mesh

    /// The columns that name the clusters.
    package var clusterColumns: [String] {
        switch self {
        case .cluster: ["cluster"]
        case .pair: ["source", "target"]
        case .mesh: []
        }
    }
}

/// The type of a column.
package enum FactType: String, Sendable, CaseIterable {
    case text, integer, real
    /// INTEGER, 0 or 1.
    case boolean

    var sql: String {
        switch self {
        case .text: "TEXT"
        case .integer, .boolean: "INTEGER"
        case .real: "REAL"
        }
    }

    /// Whether the value may stand in a column of this type.
    func admits(_ value: FactValue) -> Bool {
        switch (self, value) {
        case (.text, .text), (.integer, .integer), (.boolean, .integer(0)), (.boolean, .integer(1)), (.real, .real),
            (.real, .integer):
            true
        default: false
        }
    }
}

/// A column as its YAML declares it.
package struct FactColumn: Sendable, Equatable {
    package let name: String
    package let type: FactType
    package let meaning: String
    /// What NULL means here; nil where the column is never NULL.
    package let null: String?
    /// The only texts that may stand here; empty where any may.
    package let values: [String]
    /// What a case file gets where it does not say otherwise.
    package let example: FactValue

    package var isNullable: Bool { null != nil }
}

/// A fact table as `checks/facts/<name>.yaml` declares it.
package struct FactTable: Sendable, Equatable {
    package let name: String
    /// What a row means.
    package let meaning: String
    package let scope: FactScope
    /// Who fills it.
    package let collector: String
    /// Where its facts come from.
    package let source: String
    /// The columns that tell rows apart.
    package let key: [String]
    /// SQL expression for the column `subject`; nil where no check may have these rows as its subjects.
    package let subject: String?
    /// Of a table of pairs: the ledger's entry of a cluster speaks of the rows with that cluster as source, and of no others.
    package var isKnownBySource = false
    package let columns: [FactColumn]

    /// The column of this name.
    package func column(_ name: String) -> FactColumn? { columns.first { $0.name == name } }

    /// The name of the virtual column that holds ``subject``.
    package static let subjectColumn = "subject"

    /// The statement that creates the table. Rows stand in the order of the key, by which pairs are looked up; further indexes were
    /// measured to make the judge slower.
    package var ddl: String {
        var lines = columns.map { column in
            let null = column.isNullable ? "" : " NOT NULL"
            var check = ""
            if column.type == .boolean { check = " CHECK (\(quoted(column.name)) IN (0, 1))" }
            if !column.values.isEmpty {
                check = " CHECK (\(quoted(column.name)) IN (\(column.values.map(literal).joined(separator: ", "))))"
            }
            return "  \(quoted(column.name)) \(column.type.sql)\(null)\(check)"
        }
        if let subject { lines.append("  \(quoted(Self.subjectColumn)) TEXT GENERATED ALWAYS AS (\(subject)) VIRTUAL") }
        lines.append("  PRIMARY KEY (\(key.map(quoted).joined(separator: ", ")))")
        return "CREATE TABLE \(quoted(name)) (\n\(lines.joined(separator: ",\n"))\n) STRICT, WITHOUT ROWID"
    }
}

/// An SQL identifier.
package func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

/// An SQL string literal.
func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
