import CheckFiles
@testable import Facts
import GRDB
import StrictYAML
import Testing

@Suite struct FactSchemaTests {
    static let good = """
        table: thing
        meaning: "A thing."
        scope: cluster
        collector: test
        source: "nowhere"
        key: [cluster, name]
        subject: "cluster || '/' || name"
        columns:
          cluster: {type: text, meaning: m, example: a}
          name: {type: text, meaning: m, example: x, values: [x, y]}
          count: {type: integer, meaning: m, null: not seen, example: 1}
          speed: {type: real, meaning: m, null: not seen, example: 1.5}
          ready: {type: boolean, meaning: m, example: 1}
        """

    static func schema(_ yaml: String = good) throws -> FactSchema {
        try FactSchema(CheckFiles(files: ["facts/thing.yaml": yaml]))
    }

    /// What is replaced in a good file by what, and the error that follows.
    static let faults: [(String, String, String)] = [
        ("scope: cluster", "scop: cluster", "facts/thing.yaml:1:1: the key \"scope\" is missing"),
        (
            "scope: cluster", "scope: clusters",
            "facts/thing.yaml:3:8: scope must be one of cluster, pair, mesh, and is \"clusters\" (did you mean \"cluster\"?)"
        ),
        ("scope: cluster", "scope: pair", "facts/thing.yaml:9:3: a table of scope pair needs the column \"source\""),
        (
            "source: \"nowhere\"", "source: s\nsuorce: s",
            "facts/thing.yaml:6:1: unknown key \"suorce\" (did you mean \"source\"?)"
        ),
        ("table: thing", "table: think", "facts/thing.yaml:1:8: table \"think\" must stand in facts/think.yaml"),
        ("key: [cluster, name]", "key: [cluster, nam]", "facts/thing.yaml:6:16: \"nam\" is no column of this table"),
        (
            "key: [cluster, name]", "key: [cluster, count]",
            "facts/thing.yaml:9:3: the column \"count\" is in the key and so cannot be NULL"
        ),
        ("key: [cluster, name]", "key: []", "facts/thing.yaml:6:6: key must name a column"),
        ("type: real", "type: float", "facts/thing.yaml:12:17: columns.speed.type must be one of text, integer, real, boolean"),
        ("example: 1.5", "example: fast", "facts/thing.yaml:12:60: columns.speed.example must be of type real, and is \"fast\""),
        ("example: x,", "example: z,", "facts/thing.yaml:10:9: columns.name: the example \"z\" is not among its values"),
        ("example: 1.5", "exampel: 1.5", "facts/thing.yaml:12:10: columns.speed: the key \"example\" is missing"),
        ("example: 1}", "example: null}", "facts/thing.yaml:11:10: columns.count: the example must be a value"),
        ("speed:", "Speed:", "columns.Speed: a column's name has a-z"),
        ("speed:", "subject:", "columns.subject: a column's name has a-z"),
        ("speed:", "count:", "the key \"count\" stands twice"),
        ("columns:", "columns: [", "is not YAML"),
    ]

    @Test(arguments: faults.indices)
    func faultsAreNamedWithTheirPlace(index: Int) throws {
        let (part, other, message) = Self.faults[index]
        let yaml = Self.good.replacing(part, with: other)
        #expect(yaml != Self.good)
        let error = #expect(throws: YAMLError.self) { try Self.schema(yaml) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func noTableIsAnError() { #expect(throws: YAMLError.self) { try FactSchema(CheckFiles(files: ["gateway/x.sql": ""])) } }

    @Test func tablesAreStrict() throws {
        let snapshot = try Snapshot.inMemory(schema: Self.schema())
        func refused(_ sql: String) throws {
            #expect(throws: DatabaseError.self) { try snapshot.unsafeWrite(sql) }
        }
        try snapshot.unsafeWrite("INSERT INTO thing VALUES ('a', 'x', NULL, NULL, 1)")
        try refused("INSERT INTO thing VALUES ('a', 'x', 2, 2, 1)")
        try refused("INSERT INTO thing VALUES ('b', 'z', 2, 2, 1)")
        try refused("INSERT INTO thing VALUES ('b', 'x', 'two', 2, 1)")
        try refused("INSERT INTO thing VALUES ('b', 'x', 2, 2, 2)")
        try refused("INSERT INTO thing VALUES ('b', 'x', 2, 2, NULL)")
        try refused("INSERT INTO thing VALUES (NULL, 'x', 2, 2, 1)")
        try refused("INSERT INTO collection VALUES ('thing', 'a', 'done', '')")
        try refused("INSERT INTO thing VALUES (\"a\", 'y', 2, 2, 1)")
        #expect(try snapshot.text("SELECT subject FROM thing") == "a/x")
    }
}

extension Snapshot {
    /// Runs SQL past the checks of `insert`.
    func unsafeWrite(_ sql: String) throws { try writer.write { try $0.execute(sql: sql) } }

    func text(_ sql: String) throws -> String? { try reader().read { try String.fetchOne($0, sql: sql) } }
}
