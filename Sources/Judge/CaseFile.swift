import StrictYAML
import Facts

/// `<id>.cases.yaml`: snapshots in miniature and the verdicts that they must give.
struct CaseFile: Sendable {
    let file: String
    let cases: [Case]
    /// Columns (`table.column`) whose NULL may leave a `pass`, because what passes does not rest on them; each with its reason.
    let nullMayPass: [String: String]

    struct Case: Sendable {
        let name: String
        let line: Int
        let now: Int
        let level: Level
        /// Rows by table, complete.
        var facts: [String: [FactRow]]
        /// What is not collected, by table and cluster.
        var gaps: [LedgerEntry]
        let expect: [Expectation]
    }

    struct Expectation: Sendable {
        let line: Int
        let subject: String
        let status: Status
        let message: String?
        let contains: String?
        let remedy: String?
    }

    /// - Throws: ``YAMLError``.
    init(_ text: String, file: String, schema: FactSchema) throws {
        self.file = file
        var keys = try YAMLValue(parsing: text, file: file).mapping()
        cases = try keys.required("cases").list().map { try Case($0, schema: schema) }
        var exceptions: [String: String] = [:]
        if var columns = try keys.optional("null_may_pass")?.mapping() {
            for name in columns.keys {
                let reason = try columns.required(name)
                let parts = name.split(separator: ".").map(String.init)
                guard parts.count == 2, schema.table(parts[0])?.column(parts[1])?.isNullable == true else {
                    throw reason.error("null_may_pass: \(name) is no nullable column, written table.column")
                }
                exceptions[name] = try reason.string()
            }
        }
        nullMayPass = exceptions
        try keys.finish()
    }
}

extension CaseFile.Case {
    init(_ node: YAMLValue, schema: FactSchema) throws {
        var keys = try node.mapping()
        name = try keys.required("name").string()
        line = node.error("").line
        now = try keys.optional("now")?.int() ?? 1_800_000_000
        level = try keys.optional("level")?.choice(Level.self) ?? .read
        facts = try keys.optional("facts").map { try Self.facts($0, schema) } ?? [:]
        gaps =
            try Self.gaps(keys.optional("uncollected"), .failed, schema)
            + Self.gaps(keys.optional("not_examined"), .notExamined, schema)
        expect = try keys.required("expect").list().map(CaseFile.Expectation.init)
        try keys.finish()
        addFrame(schema)
    }

    private static func table(_ name: String, _ node: YAMLValue, _ schema: FactSchema) throws -> FactTable {
        if let table = schema.table(name), name != FactSchema.ledger { return table }
        let hint = nearest(to: name, among: schema.tables.map(\.name)).map { " (did you mean \"\($0)\"?)" } ?? ""
        throw node.error("there is no fact table \"\(name)\"\(hint)")
    }

    private static func facts(_ node: YAMLValue, _ schema: FactSchema) throws -> [String: [FactRow]] {
        var tables = try node.mapping()
        var facts: [String: [FactRow]] = [:]
        for name in tables.keys {
            let rows = try tables.required(name)
            let table = try table(name, rows, schema)
            facts[name] = try rows.list().map { row in
                var given = try row.mapping()
                var values: [String: FactValue] = [:]
                for column in table.columns {
                    values[column.name] = try given.optional(column.name)?.factValue(column.type) ?? column.example
                }
                try given.finish()
                return FactRow(name, values)
            }
        }
        return facts
    }

    private static func gaps(_ node: YAMLValue?, _ status: CollectionStatus, _ schema: FactSchema) throws -> [LedgerEntry] {
        guard var tables = try node?.mapping() else { return [] }
        return try tables.keys.flatMap { name in
            let node = try tables.required(name)
            _ = try table(name, node, schema)
            var clusters = try node.mapping()
            return try clusters.keys.map { cluster in
                LedgerEntry(fact: name, cluster: cluster, status: status, reason: try clusters.required(cluster).string())
            }
        }
    }

    /// What every snapshot has: the run, the mesh, and every ordered pair of its clusters.
    private mutating func addFrame(_ schema: FactSchema) {
        func example(_ name: String, _ changes: [String: FactValue]) -> [FactRow] {
            guard let table = schema.table(name) else { return [] }
            let values = Dictionary(table.columns.map { ($0.name, $0.example) }, uniquingKeysWith: { first, _ in first })
            return [FactRow(name, values.merging(changes) { $1 })]
        }
        if facts["run"] == nil { facts["run"] = example("run", ["now": .integer(now), "level": .text(level.rawValue)]) }
        if facts["mesh"] == nil { facts["mesh"] = example("mesh", [:]) }
        if facts["cluster_pair"] == nil {
            facts["cluster_pair"] = clusters.flatMap { source in
                clusters.filter { $0 != source }.map {
                    FactRow("cluster_pair", ["source": .text(source), "target": .text($0)])
                }
            }
        }
    }

    /// The clusters of the case, in the order of the file.
    var clusters: [String] { (facts["cluster"] ?? []).compactMap { $0.values["cluster"]?.text } }

    /// A snapshot with these facts; everything that is not in `gaps` counts as collected.
    func snapshot(_ schema: FactSchema, ledger: Bool = true) throws -> Snapshot {
        let snapshot = try Snapshot.inMemory(schema: schema)
        var batch = FactBatch(rows: facts.sorted { $0.key < $1.key }.flatMap(\.value))
        if ledger {
            for table in schema.tables where table.name != FactSchema.ledger {
                for cluster in table.scope == .mesh ? [""] : clusters {
                    batch.add(fact: table.name, cluster: cluster, .collected)
                }
            }
            batch.ledger += gaps
        }
        try snapshot.insert(batch)
        return snapshot
    }
}

extension CaseFile.Expectation {
    init(_ node: YAMLValue) throws {
        var keys = try node.mapping()
        line = node.error("").line
        subject = try keys.required("subject").string()
        status = try keys.required("status").choice(Status.self)
        message = try keys.optional("message")?.string()
        contains = try keys.optional("contains")?.string()
        remedy = try keys.optional("remedy")?.string()
        try keys.finish()
        if [.fail, .warning, .unknown].contains(status), message == nil, contains == nil {
            throw node.error("an expected \(status.rawValue) needs its message (or a part of it: contains)")
        }
    }
}
