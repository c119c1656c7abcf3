import Facts
import GRDB

/// What all checks share: the clusters, the subjects of every table, the ledger. Read once.
struct Frame: Sendable {
    /// The clusters, shared by all subjects.
    let world: Subject.Clusters
    let ledger: Ledger
    private let tables: [String: SubjectTable]

    /// - Parameter tables: the subject tables that are needed.
    init(_ readers: Readers, schema: FactSchema, tables: Set<String>) throws {
        let (clusters, ledger) = try readers.first { db in
            (try String.fetchAll(db, sql: "SELECT cluster FROM cluster ORDER BY cluster"), try Ledger(db))
        }
        let world = Subject.Clusters(clusters)
        let positions = Dictionary(clusters.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let wanted = tables.sorted().compactMap(schema.table)
        let subjects = try readers.share(wanted) { table, db in try Self.subjects(table, db, world, positions) }
        self.world = world
        self.ledger = ledger
        self.tables = Dictionary(uniqueKeysWithValues: zip(wanted.map(\.name), subjects))
    }

    /// The rows of a subject table.
    func subjects(of table: String) -> SubjectTable { tables[table] ?? SubjectTable() }

    /// Names in the order of the table `cluster`.
    var clusters: [String] { world.names }

    /// The subject of a verdict on a check as a whole.
    var whole: Subject { Subject("", .all, of: world, kind: .row(.mesh)) }

    private static func subjects(
        _ table: FactTable, _ db: Database, _ world: Subject.Clusters, _ positions: [String: Int]
    ) throws -> SubjectTable {
        var columns = table.scope.clusterColumns
        // A row of one cluster that leads to another belongs to both.
        if table.scope == .cluster, table.column("target") != nil { columns.append("target") }
        let list = ([FactTable.subjectColumn] + columns).map(quoted).joined(separator: ", ")
        let order = table.key.map(quoted).joined(separator: ", ")
        let statement = try db.makeStatement(sql: "SELECT \(list) FROM \(quoted(table.name)) ORDER BY \(order)")
        var subjects = SubjectTable()
        try SQLiteGuard.forEachRow(statement, of: db) { row in
            let known = columns.indices.compactMap { row.string($0 + 1) }.compactMap { positions[$0] }.map(Int32.init)
            let members: Subject.Members =
                table.scope == .mesh ? .all : known.isEmpty ? .none : known.count == 1 ? .one(known[0]) : .two(known[0], known[1])
            subjects.add(Subject(row.string(0) ?? "", members, of: world, kind: .row(table.scope)))
        }
        return subjects
    }
}

/// The subjects of one table, found by position or by name.
struct SubjectTable: Sendable {
    private(set) var subjects: [Subject] = []
    private var index = NameIndex()

    /// Rows of one name are one subject.
    mutating func add(_ subject: Subject) {
        subjects.append(subject)
        if !index.insert(subjects.count - 1, of: subjects) { subjects.removeLast() }
    }

    /// Runs a query to its end and gives each row with the position of the subject that its cell names; nil where that is none.
    func forEachRow(_ statement: Statement, _ column: Int, _ db: Database, _ body: (Int?, RawRow) throws -> Void) throws {
        var next = 0
        try SQLiteGuard.forEachRow(statement, of: db) { row in
            // Most queries give their rows in the order of the subject table: then no lookup is needed.
            let isNext = next < subjects.count && row.equals(column, subjects[next].name)
            let position = isNext ? next : index.find(row, column, in: subjects)
            next = (position ?? next) + 1
            try body(position, row)
        }
    }
}

/// What was tried, by fact and cluster.
struct Ledger: Sendable {
    private var entries: [String: [String: LedgerEntry]] = [:]

    init(_ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT fact, cluster, status, reason FROM collection ORDER BY fact, cluster")
        while let row = try rows.next() {
            let texts = (0..<4).map { FactValue(row[$0] as DatabaseValue).text ?? "" }
            guard let status = CollectionStatus(rawValue: texts[2]) else { continue }
            entries[texts[0], default: [:]][texts[1]] = LedgerEntry(
                fact: texts[0], cluster: texts[1], status: status, reason: texts[3])
        }
    }

    /// Why the facts of a table are not all there for these clusters; nil where they are.
    func gap(_ table: FactTable, clusters: [String]) -> Gap? {
        let wanted = table.scope == .mesh ? [""] : clusters
        let known = entries[table.name] ?? [:]
        var worst: Gap?
        for cluster in wanted {
            let place = cluster.isEmpty ? table.name : "\(table.name) of \(cluster)"
            let gap: Gap?
            switch known[cluster] {
            case nil: gap = Gap(status: .unknown, reason: "\(place) was never collected")
            case let entry? where entry.status == .failed: gap = Gap(status: .unknown, reason: "\(place): \(entry.reason)")
            case let entry? where entry.status == .notExamined:
                // Why something was not asked is the same for all clusters: one reason, told once.
                gap = Gap(status: .notExamined, reason: entry.reason)
            default: gap = nil
            }
            if let gap, worst == nil || (worst?.status == .notExamined && gap.status == .unknown) { worst = gap }
        }
        return worst
    }

    /// Facts that are missing.
    struct Gap: Sendable {
        let status: Status
        let reason: String
    }
}
