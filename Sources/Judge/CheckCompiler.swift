import StrictYAML
import Facts
import GRDB

/// Reads check files and compiles their queries against empty tables, so that every fault is known before any fact is.
struct CheckCompiler {
    private let schema: FactSchema
    private let inspectors: Readers

    init(_ schema: FactSchema) throws {
        self.schema = schema
        inspectors = try Readers(Snapshot.inMemory(schema: schema))
        try inspectors.each(SQLiteGuard.prepareToInspect)
    }

    /// One check per source; one with a fault is broken, and says so.
    ///
    /// - Throws: a database error where there is no compiling at all.
    func compile(_ sources: [CheckSource]) throws -> [Check] {
        try inspectors.share(sources) { source, db in check(source, db) }
    }

    private func check(_ source: CheckSource, _ db: Database) -> Check {
        var matter = FrontMatter.unreadable(source)
        do {
            matter = try FrontMatter(source, schema: schema)
            let shape = try inspect(matter, source, db)
            try checkColumns(shape, matter, source)
            return Check(matter, source, columns: shape.columns, reads: shape.reads, length: shape.length, fault: nil)
        } catch {
            let fault = error as? FileFault ?? FileFault(file: source.file, "\(error)")
            return Check(matter, source, columns: [], reads: [:], fault: fault)
        }
    }

    private func inspect(_ matter: FrontMatter, _ source: CheckSource, _ db: Database) throws -> QueryShape {
        if let (reason, line) = SQLTokens(matter.sql).fault {
            throw FileFault(file: source.file, line: matter.sqlLine + line, reason)
        }
        do {
            return try SQLiteGuard.inspect(matter.sql, db, schema: schema)
        } catch let refused as QueryRefused {
            guard let offset = refused.offset else { throw FileFault(file: source.file, line: matter.sqlLine, refused.reason) }
            let before = matter.sql.utf8.prefix(offset)
            let line = before.count { $0 == UInt8(ascii: "\n") }
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count
            throw FileFault(file: source.file, line: matter.sqlLine + line, column: column + 1, refused.reason)
        }
    }

    private func checkColumns(_ shape: QueryShape, _ matter: FrontMatter, _ source: CheckSource) throws {
        func fault(_ message: String) -> FileFault { FileFault(file: source.file, line: matter.sqlLine, message) }
        for needed in ["subject", "status"] where !shape.columns.contains(needed) {
            throw fault("the query has no column \"\(needed)\"")
        }
        if let twice = shape.columns.first(where: { name in shape.columns.count { $0 == name } > 1 }) {
            throw fault("the query has two columns \"\(twice)\"")
        }
        if let stranger = matter.optional.first(where: { shape.reads[$0] == nil }) {
            throw fault("the query does not read the table \(stranger), which is said to be optional")
        }
        if let stranger = matter.shell.first(where: { !shape.columns.contains($0) }) {
            throw fault("the query has no column \(stranger), which is said to be shell text")
        }
        if let stranger = matter.data.first(where: { !shape.columns.contains($0) }) {
            throw fault("the query has no column \(stranger), which is said to be data")
        }
        guard shape.reads[matter.subject] != nil else {
            throw fault("the query does not read the table of its subjects, \(matter.subject)")
        }
        let wordings = matter.messages.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, $0.value) }
        for (name, wording) in wordings + (matter.remedy.map { [("remedy", $0)] } ?? []) {
            for column in wording.columns where !shape.columns.contains(column) {
                let hint = nearest(to: column, among: shape.columns).map { " (did you mean {\($0)}?)" } ?? ""
                throw FileFault(file: source.file, "\(name) has {\(column)}, which is no column of the query\(hint)")
            }
        }
    }
}
