extension FactSchema {
    /// The reference of all fact tables, as `docs/facts.md` has it.
    package var markdown: String {
        var text = """
            # Facts

            <!-- Made from checks/facts/*.yaml by `isthmus checks docs`. Edit those. -->

            A snapshot is one SQLite file with these tables, all STRICT. NULL means that something *could not be observed*, and only the
            columns that say why can be NULL; `''` and 0 mean observed, and empty or absent. Times are seconds since 1970 in UTC,
            booleans are 0 or 1, versions are major * 1000 + minor. Which facts were asked for at all is in the ledger,
            [`\(Self.ledger)`](#\(Self.ledger)).

            | table | scope | collector | a row is |
            |---|---|---|---|

            """
        for table in tables {
            text +=
                "| [`\(table.name)`](#\(table.name)) | \(table.scope.rawValue) | \(table.collector) | \(cell(table.meaning)) |\n"
        }
        for table in tables { text += table.markdown }
        return text
    }
}

extension FactTable {
    fileprivate var markdown: String {
        var text = """

            ## \(name)

            \(meaning)

            Source: \(source). Key: \(key.map { "`\($0)`" }.joined(separator: ", ")).
            """
        if let subject { text += " Column `subject`: `\(subject)`." }
        if isKnownBySource { text += " The ledger's entry of a cluster speaks of its rows as source." }
        text += "\n\n| column | type | meaning | NULL means | example |\n|---|---|---|---|---|\n"
        for column in columns {
            var meaning = cell(column.meaning)
            if !column.values.isEmpty { meaning += " One of " + column.values.map { "`\($0)`" }.joined(separator: ", ") + "." }
            let null = column.null.map(cell) ?? "never"
            text +=
                "| `\(column.name)` | \(column.type.rawValue) | \(meaning) | \(null) | `\(cell(column.example.forPeople))` |\n"
        }
        return text
    }
}

/// Text that may stand in a cell of a Markdown table.
private func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
