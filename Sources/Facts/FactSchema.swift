package import CheckFiles
package import StrictYAML

/// Every fact table there is, and the ledger.
package struct FactSchema: Sendable, Equatable {
    /// By name. The ledger ``ledgerTable`` is among them.
    package let tables: [FactTable]
    private let byName: [String: FactTable]

    /// The ledger's name: a check may read it, but its rows are the engine's business.
    package static let ledger = "collection"

    /// The version of the snapshot's format that this isthmus writes and reads.
    package static let format = 1

    /// The tables of this binary.
    ///
    /// - Throws: ``YAMLError``; the tests make sure that the embedded files have none.
    package static func embedded() throws -> FactSchema { try parsed.get() }

    private static let parsed = Result { try FactSchema(CheckFiles.embedded) }

    /// Reads `facts/*.yaml`.
    ///
    /// - Throws: ``YAMLError`` with file, line and column.
    package init(_ files: CheckFiles) throws {
        var tables = [Self.ledgerTable]
        for (path, text) in files.files.sorted(by: { $0.key < $1.key }) where path.hasPrefix("facts/") && path.hasSuffix(".yaml")
        {
            tables.append(try FactTable(yaml: text, file: path))
        }
        guard tables.count > 1 else { throw YAMLError(file: "facts", message: "declares no table: expected facts/<table>.yaml") }
        self.tables = tables.sorted { $0.name < $1.name }
        byName = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0) })
    }

    /// The table of this name.
    package func table(_ name: String) -> FactTable? { byName[name] }

    /// The statements that create every table.
    package var ddl: [String] { tables.map(\.ddl) }

    /// What was tried for each fact and cluster, and what became of it.
    package static let ledgerTable = FactTable(
        name: ledger,
        meaning: "The ledger: what was tried for each fact and cluster, and what became of it. "
            + "No entry means that the fact was never collected.",
        scope: .cluster, collector: "all", source: "isthmus itself", key: ["fact", "cluster"], subject: nil,
        columns: [
            FactColumn(
                name: "fact", type: .text, meaning: "The fact table.", null: nil, values: [], example: "root_certificate"),
            FactColumn(
                name: "cluster", type: .text, meaning: "The cluster; '' for a fact of the whole mesh.", null: nil, values: [],
                example: "a"),
            FactColumn(
                name: "status", type: .text,
                meaning: "collected: asked and answered, so no row means none. failed: asked and not got. "
                    + "not_examined: not asked, because it needs a higher level or credentials.",
                null: nil, values: CollectionStatus.allCases.map(\.rawValue), example: "collected"),
            FactColumn(
                name: "reason", type: .text, meaning: "Why it was not got; '' where collected.", null: nil, values: [],
                example: ""),
        ])
}

extension FactTable {
    /// Reads one table's file; its name must be the table's.
    init(yaml text: String, file: String) throws {
        let root = try YAMLValue(parsing: text, file: file)
        var keys = try root.mapping()
        name = try keys.required("table").identifier()
        guard file == "facts/\(name).yaml", name != FactSchema.ledger else {
            throw try keys.required("table").error(
                "table \"\(name)\" must stand in facts/\(name).yaml, and not be the ledger's name")
        }
        meaning = try keys.required("meaning").string()
        scope = try keys.required("scope").choice(FactScope.self)
        collector = try keys.required("collector").string()
        source = try keys.required("source").string()
        subject = try keys.optional("subject")?.string()
        if let ledger = keys.optional("ledger") {
            guard try ledger.string() == "source", scope == .pair else {
                throw ledger.error("ledger can be source only, and only in a table of pairs")
            }
            isKnownBySource = true
        }
        let columnsNode = try keys.required("columns")
        let columns = try FactColumn.list(columnsNode)
        self.columns = columns
        func names(_ node: YAMLValue) throws -> [String] {
            try node.list().map { member in
                let name = try member.string()
                guard columns.contains(where: { $0.name == name }) else {
                    throw member.error("\"\(name)\" is no column of this table")
                }
                return name
            }
        }
        let keyNode = try keys.required("key")
        key = try names(keyNode)
        try keys.finish()
        guard !key.isEmpty else { throw keyNode.error("key must name a column") }
        for name in scope.clusterColumns where column(name) == nil {
            throw columnsNode.error("a table of scope \(scope.rawValue) needs the column \"\(name)\"")
        }
        for name in key where column(name)?.isNullable == true {
            throw columnsNode.error("the column \"\(name)\" is in the key and so cannot be NULL")
        }
    }
}

extension FactColumn {
    fileprivate static func list(_ node: YAMLValue) throws -> [FactColumn] {
        var mapping = try node.mapping()
        return try mapping.keys.map { try FactColumn(name: $0, mapping.required($0)) }
    }

    private init(name: String, _ yaml: YAMLValue) throws {
        self.name = name
        guard isIdentifier(name), name != FactTable.subjectColumn else {
            throw yaml.error("\(yaml.path): a column's name has a-z, 0-9 and _ only, and is not \"subject\"")
        }
        var keys = try yaml.mapping()
        type = try keys.required("type").choice(FactType.self)
        meaning = try keys.required("meaning").string()
        null = try keys.optional("null")?.string()
        values = try keys.optional("values")?.list().map { try $0.string() } ?? []
        example = try keys.required("example").factValue(type)
        try keys.finish()
        if !values.isEmpty, type != .text { throw yaml.error("\(yaml.path): only a text column can have values") }
        if case .null = example { throw yaml.error("\(yaml.path): the example must be a value") }
        if !values.isEmpty, let text = example.text, !values.contains(text) {
            throw yaml.error("\(yaml.path): the example \"\(text)\" is not among its values")
        }
    }
}

extension YAMLValue {
    /// A scalar as a value of a column of this type; an unquoted `null` is NULL.
    ///
    /// - Throws: ``YAMLError`` where it is of another type.
    package func factValue(_ type: FactType) throws(YAMLError) -> FactValue {
        if isNull { return .null }
        let text = try string()
        switch type {
        case .text: return .text(text)
        case .integer: if let integer = Int(text) { return .integer(integer) }
        case .real: if let real = Double(text), real.isFinite { return .real(real) }
        case .boolean:
            switch text {
            case "1", "true": return .integer(1)
            case "0", "false": return .integer(0)
            default: break
            }
        }
        throw error("\(path) must be of type \(type.rawValue), and is \"\(text.prefix(40))\"")
    }

    /// One of the words of a closed list.
    package func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) throws(YAMLError) -> Choice
    where Choice.RawValue == String {
        let text = try string()
        if let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map(\.rawValue)
        let hint = nearest(to: text, among: all).map { " (did you mean \"\($0)\"?)" } ?? ""
        throw error("\(path) must be one of \(all.joined(separator: ", ")), and is \"\(text.prefix(40))\"\(hint)")
    }

    fileprivate func identifier() throws(YAMLError) -> String {
        let text = try string()
        guard isIdentifier(text) else { throw error("\(path) must have a-z, 0-9 and _ only, and is \"\(text.prefix(40))\"") }
        return text
    }
}

private func isIdentifier(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
}
