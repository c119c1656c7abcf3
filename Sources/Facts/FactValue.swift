/// One value of a fact. `null` means "could not be observed", never "absent".
package enum FactValue: Sendable, Hashable {
    case null
    case text(String)
    case integer(Int)
    case real(Double)

    /// `null` where the text is missing: use only where the column's YAML gives NULL a meaning.
    package init(_ text: String?) { self = text.map(FactValue.text) ?? .null }
    package init(_ integer: Int?) { self = integer.map(FactValue.integer) ?? .null }
    package init(_ real: Double?) { self = real.map(FactValue.real) ?? .null }
    package init(_ bool: Bool?) { self = bool.map { .integer($0 ? 1 : 0) } ?? .null }

    /// The text, where it is one.
    package var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The integer, where it is one.
    package var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
}

extension FactValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .real(value) }
    package init(booleanLiteral value: Bool) { self = .integer(value ? 1 : 0) }
    package init(nilLiteral: ()) { self = .null }
}

/// One row for a fact table. A column that is not named is NULL, which the table must allow.
package struct FactRow: Sendable, Hashable {
    /// Name of the table, as in `checks/facts/<table>.yaml`.
    package var table: String
    /// Values by column.
    package var values: [String: FactValue]

    package init(_ table: String, _ values: [String: FactValue]) {
        self.table = table
        self.values = values
    }
}

/// What became of collecting one fact from one cluster.
package enum CollectionStatus: String, Sendable, CaseIterable {
    /// Asked and answered; no row then means that there is none.
    case collected
    /// Asked, and not got: denied, timed out, unreadable.
    case failed
    /// Not asked: it needs a higher level of consent, or credentials.
    case notExamined = "not_examined"
}

/// One line of the ledger `collection`.
package struct LedgerEntry: Sendable, Hashable {
    /// The fact table.
    package var fact: String
    /// The cluster; `""` for a fact of the whole mesh.
    package var cluster: String
    package var status: CollectionStatus
    /// Why it was not got, for people, without a secret; `""` where collected.
    package var reason: String

    package init(fact: String, cluster: String, status: CollectionStatus, reason: String = "") {
        self.fact = fact
        self.cluster = cluster
        self.status = status
        self.reason = reason
    }
}

/// Rows and ledger entries on their way into a ``Snapshot``.
package struct FactBatch: Sendable {
    package var rows: [FactRow]
    package var ledger: [LedgerEntry]

    package init(rows: [FactRow] = [], ledger: [LedgerEntry] = []) {
        self.rows = rows
        self.ledger = ledger
    }

    /// Adds one row.
    package mutating func add(_ table: String, _ values: [String: FactValue]) {
        rows.append(FactRow(table, values))
    }

    /// Writes into the ledger what became of a fact.
    package mutating func add(fact: String, cluster: String, _ status: CollectionStatus, reason: String = "") {
        ledger.append(LedgerEntry(fact: fact, cluster: cluster, status: status, reason: reason))
    }

    package mutating func merge(_ other: FactBatch) {
        rows += other.rows
        ledger += other.ledger
    }
}
