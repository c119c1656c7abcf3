import StrictYAML
import Facts

/// The block comment at the head of a check: `/*---` … `---*/`, YAML, then one query.
struct FrontMatter: Sendable {
    var title: String
    var severity: Severity
    var subject: String
    var span: Span
    var level: Level
    var requires: [Requirement]
    /// Tables that help where they are there.
    var optional: [String] = []
    var messages: [Status: Wording]
    var remedy: Wording?
    /// Columns that are shell text already.
    var shell: [String] = []
    /// Columns that are kept for every subject.
    var data: [String] = []
    var docs: String?
    /// Ids of the prerequisites of the documented set-up that the check answers.
    var guide: [String] = []
    var why: String
    var sql: String
    /// The file's line on which the query begins.
    var sqlLine: Int
}

extension FrontMatter {
    /// What stands for a check whose front matter cannot be read.
    static func unreadable(_ source: CheckSource) -> FrontMatter {
        FrontMatter(
            title: source.id, severity: .error, subject: "", span: .mesh, level: .read, requires: [], optional: [],
            messages: [:], remedy: nil, shell: [], docs: nil, guide: [], why: "", sql: "", sqlLine: 1)
    }

    /// - Throws: ``FileFault`` with line and column.
    init(_ source: CheckSource, schema: FactSchema) throws {
        let (yaml, sql, sqlLine) = try Self.split(source)
        do {
            try self.init(YAMLValue(parsing: yaml, file: source.file), id: source.id, schema: schema)
        } catch let error as YAMLError {
            throw FileFault(error)
        }
        self.sql = sql
        self.sqlLine = sqlLine
    }

    private init(_ root: YAMLValue, id: String, schema: FactSchema) throws {
        sql = ""
        sqlLine = 1
        var keys = try root.mapping()
        let idNode = try keys.required("id")
        guard try idNode.string() == id else {
            throw idNode.error("id must be the file's name, \"\(id)\", and is \"\(try idNode.string())\"")
        }
        title = try keys.required("title").string()
        severity = try keys.required("severity").choice(Severity.self)
        let spanNode = try keys.required("span")
        span = try spanNode.choice(Span.self)
        level = try keys.required("level").choice(Level.self)
        subject = try Self.subject(keys.required("subject"), schema)
        try Self.check(span, spanNode, schema.table(subject))
        requires = try keys.optional("requires")?.list().map(Self.requirement) ?? []
        optional = try keys.optional("optional").map { try Self.tables($0, schema) } ?? []
        messages = [:]
        for status in Status.fromQuery {
            if let message = keys.optional(status.rawValue) { messages[status] = try Wording(message) }
        }
        let remedyNode = keys.optional("remedy")
        remedy = try remedyNode.map { try Wording($0) }
        for template in remedy?.variants.map(\.template) ?? [] {
            guard let column = template.columnInQuotes else { continue }
            throw remedyNode?.error("{\(column)} stands in quotes: it is quoted by itself, and must stand outside")
                ?? root.error("")
        }
        shell = try keys.optional("shell")?.list().map { try $0.string() } ?? []
        data = try keys.optional("data")?.list().map { try $0.string() } ?? []
        docs = try keys.optional("docs")?.string()
        guide = try keys.optional("guide")?.list().map { try $0.string() } ?? []
        why = try keys.required("why").string()
        try keys.finish()
        try checkMessages(root)
    }

    /// A finding without words helps nobody.
    private func checkMessages(_ root: YAMLValue) throws {
        var needed: [Status] = [.unknown]
        if severity == .error { needed.append(.fail) }
        if severity == .warning { needed.append(.warning) }
        for status in needed where messages[status] == nil {
            throw root.error("a check of severity \(severity.rawValue) needs the message \"\(status.rawValue)\"")
        }
        for status in [Status.fail, .warning] where messages[status] != nil && !severity.admits(status) {
            throw root.error(
                "a check of severity \(severity.rawValue) never gives \(status.rawValue), so it needs no such message")
        }
    }

    private static func tables(_ node: YAMLValue, _ schema: FactSchema) throws -> [String] {
        try node.list().map { member in
            let name = try member.string()
            guard schema.table(name) != nil else {
                let hint = nearest(to: name, among: schema.tables.map(\.name)).map { " (did you mean \"\($0)\"?)" } ?? ""
                throw member.error("\"\(name)\" is no fact table\(hint)")
            }
            return name
        }
    }

    private static func subject(_ node: YAMLValue, _ schema: FactSchema) throws -> String {
        let name = try node.string()
        let possible = schema.tables.filter { $0.subject != nil }.map(\.name)
        guard possible.contains(name) else {
            let hint = nearest(to: name, among: possible).map { " (did you mean \"\($0)\"?)" } ?? ""
            throw node.error(
                "subject must be a fact table with subjects (\(possible.joined(separator: ", "))), and is \"\(name)\"\(hint)")
        }
        return name
    }

    /// A verdict on a pair needs the facts of both; one on the mesh those of all.
    private static func check(_ span: Span, _ node: YAMLValue, _ table: FactTable?) throws {
        guard let table else { return }
        let possible: [Span] =
            switch table.scope {
            case .cluster: table.column("target") == nil ? [.cluster, .mesh] : [.cluster, .pair, .mesh]
            case .pair: [.pair, .mesh]
            case .mesh: [.mesh]
            }
        guard possible.contains(span) else {
            let words = possible.map(\.rawValue).joined(separator: " or ")
            throw node.error("a check of every \(table.name) has the span \(words), not \(span.rawValue)")
        }
    }

    private static func requirement(_ node: YAMLValue) throws -> Requirement {
        if node.scalar != nil { return Requirement(check: try node.string()) }
        var keys = try node.mapping()
        let check = try keys.required("check").string()
        let side = try keys.optional("of")?.choice(Requirement.Side.self) ?? .both
        let condition = try keys.optional("when")?.choice(Requirement.Condition.self) ?? .unsound
        let reach = try keys.optional("blocks")?.choice(Requirement.Reach.self) ?? .all
        try keys.finish()
        return Requirement(check: check, of: side, when: condition, blocks: reach)
    }

    /// Parts a file into YAML and SQL. The YAML begins on the file's second line.
    private static func split(_ source: CheckSource) throws -> (yaml: String, sql: String, sqlLine: Int) {
        // By bytes: characters and their borders are dear to find, and none of them matters here.
        let lines = source.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let first = lines.first, first.elementsEqual("/*---".utf8) else {
            throw FileFault(
                file: source.file, line: 1, column: 1, "must begin with a line /*--- and end its front matter with ---*/")
        }
        guard let end = lines.firstIndex(where: { $0.elementsEqual("---*/".utf8) }) else {
            throw FileFault(file: source.file, line: 1, column: 1, "the front matter has no end: a line ---*/")
        }
        func text(_ lines: ArraySlice<Substring.UTF8View>) -> Substring {
            guard let first = lines.first, let last = lines.last else { return "" }
            return source.text[first.startIndex..<last.endIndex]
        }
        // A blank first line keeps the YAML's lines those of the file.
        return ("\n" + text(lines[1..<end]), String(text(lines[(end + 1)...])), end + 2)
    }
}
