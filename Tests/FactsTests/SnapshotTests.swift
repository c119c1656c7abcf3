@testable import Facts
import Foundation
import GRDB
import Testing

@Suite struct SnapshotInsertTests {
    static func thing(_ changes: [String: FactValue] = [:]) -> FactRow {
        FactRow("thing", ["cluster": "a", "name": "x", "count": 1, "speed": 1.5, "ready": true].merging(changes) { $1 })
    }

    @Test func rowsComeBack() throws {
        let snapshot = try Snapshot.inMemory(schema: FactSchemaTests.schema())
        var row = Self.thing(["cluster": "b\u{1B}[31m\u{0}\n", "speed": 2])
        row.values["count"] = nil
        try snapshot.insert(FactBatch(rows: [row, Self.thing()]))
        let rows = try snapshot.rows("thing")
        #expect(rows[0] == Self.thing())
        #expect(rows[1].values["count"] == .null)
        #expect(rows[1].values["speed"] == .real(2))
        // Control characters are evidence; reports take them out.
        #expect(rows[1].values["cluster"]?.text?.hasPrefix("b\u{1B}[31m") == true)
        #expect(throws: FactFault.self) { try snapshot.rows("thingy") }
    }

    static let faults: [(FactRow, String)] = [
        (FactRow("thnig", [:]), "no fact table \"thnig\" (did you mean \"thing\"?): checks/facts/*.yaml declares them"),
        (FactRow("collection", [:]), "no fact table \"collection\""),
        (thing(["nmae": "x"]), "thing has no column \"nmae\" (did you mean \"name\"?)"),
        (thing(["subject": "x"]), "thing has no column \"subject\""),
        (thing(["name": nil]), "thing.name is missing, and its YAML does not give NULL a meaning"),
        (FactRow("thing", ["cluster": "a"]), "thing.name is missing"),
        (thing(["count": "one"]), "thing.count must be of type integer, but is \"one\""),
        (thing(["count": 1.5]), "thing.count must be of type integer, but is 1.5"),
        (thing(["cluster": 1]), "thing.cluster must be of type text, but is 1"),
        (thing(["ready": 2]), "thing.ready must be of type boolean, but is 2"),
        (thing(["name": "z"]), "thing.name is \"z\"; it must be one of x, y"),
        (thing(["cluster": .text(String(repeating: "é", count: 40_000))]), "a row of thing has 80001 bytes; 65536 are allowed"),
    ]

    @Test(arguments: faults.indices)
    func faultsAreNamed(index: Int) throws {
        let (row, message) = Self.faults[index]
        let snapshot = try Snapshot.inMemory(schema: FactSchemaTests.schema())
        let fault = #expect(throws: FactFault.self) { try snapshot.insert(FactBatch(rows: [Self.thing(["name": "y"]), row])) }
        #expect(fault?.description.hasPrefix(message) == true, "\(fault?.description ?? "")")
        // All or none.
        #expect(try snapshot.rows("thing").isEmpty)
    }

    @Test func duplicatesAreNamed() throws {
        let snapshot = try Snapshot.inMemory(schema: FactSchemaTests.schema())
        let fault = #expect(throws: FactFault.self) { try snapshot.insert(FactBatch(rows: [Self.thing(), Self.thing()])) }
        #expect(fault == .duplicate(table: "thing", key: "\"a\", \"x\""))
    }

    @Test func ledgerIsChecked() throws {
        let snapshot = try Snapshot.inMemory(schema: FactSchemaTests.schema())
        var batch = FactBatch()
        batch.add(fact: "thnig", cluster: "a", .collected)
        #expect(throws: FactFault.unknownTable("thnig", nearest: "thing")) { try snapshot.insert(batch) }
    }
}

@Suite struct SnapshotFileTests {
    /// Makes a folder, and removes it afterwards.
    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "isthmus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func filled() throws -> Snapshot {
        let snapshot = try Snapshot.inMemory(schema: .embedded())
        var batch = FactBatch()
        batch.add("run", ["tool_version": "0.1.0", "format": 1, "command": "collect", "level": "read", "now": 1_800_000_000])
        batch.add(
            "root_bundle",
            ["cluster": "a", "namespace": "n", "present": true, "bundle": "b", "certificates": 1, "parse_error": ""])
        batch.add(fact: "root_bundle", cluster: "a", .failed, reason: "403")
        try snapshot.insert(batch)
        return snapshot
    }

    @Test func comesBackFromAFile() throws {
        try inFolder { folder in
            let file = folder.appending(path: "a b%20?#'\".snapshot")
            let snapshot = try filled()
            try snapshot.save(to: file)
            let again = try Snapshot.open(file)
            for table in snapshot.schema.tables { #expect(try again.rows(table.name) == snapshot.rows(table.name)) }
            #expect(try again.ledger() == snapshot.ledger())
            #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [file.lastPathComponent])
            // The same facts make the same file, and saving again replaces it.
            let first = try Data(contentsOf: file)
            try filled().save(to: file)
            #expect(try Data(contentsOf: file) == first)
        }
    }

    @Test func brokenOffWriteLeavesNothing() throws {
        try inFolder { folder in
            // A directory that is not empty cannot be replaced: the rename fails after everything was written.
            let target = folder.appending(path: "taken/inside")
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            #expect(throws: SnapshotFault.self) { try filled().save(to: folder.appending(path: "taken")) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken"])
            #expect(throws: SnapshotFault.self) { try filled().save(to: folder.appending(path: "no/such/folder.snapshot")) }
        }
    }

    /// Runs SQL on a saved snapshot's file, as its hostile author would.
    private func spoilt(_ sql: String, in folder: URL) throws -> URL {
        let file = folder.appending(path: "spoilt.snapshot")
        try filled().save(to: file)
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON") }
        let queue = try DatabaseQueue(path: file.path, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
        return file
    }

    static let bundle = "cluster, namespace, present, bundle, certificates, parse_error"

    /// What a hostile author did, and words of the error; nil where the snapshot is read all the same, without what was added.
    static let hostile: [(String, String?)] = [
        ("CREATE TABLE extra(x); INSERT INTO extra VALUES (1)", nil),
        ("CREATE VIEW extra AS SELECT load_extension('/tmp/x.so')", nil),
        ("CREATE TRIGGER t AFTER INSERT ON root_bundle BEGIN SELECT load_extension('x'); END", nil),
        ("ALTER TABLE root_bundle ADD COLUMN extra TEXT", nil),
        ("CREATE INDEX extra ON root_bundle(hex(zeroblob(100))) WHERE 0", nil),
        ("DROP TABLE node", nil),
        ("PRAGMA user_version = 2", "is a snapshot of format 2; this isthmus reads format 1: use a newer isthmus"),
        ("PRAGMA user_version = 0", "take a new snapshot"),
        ("PRAGMA application_id = 7", "another program's SQLite file"),
        ("DELETE FROM run", "table run must have one row"),
        ("INSERT INTO run VALUES ('0.2.0', 1, 'collect', 'read', 1)", "table run must have one row"),
        ("DROP TABLE root_bundle; CREATE VIEW root_bundle AS SELECT 'a' cluster", "root_bundle is not a plain table"),
        ("DROP TABLE root_bundle; CREATE VIRTUAL TABLE root_bundle USING fts5(\(bundle))", "root_bundle is not a plain table"),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(cluster, namespace, present, bundle, certificates); INSERT INTO root_bundle VALUES ('a', 'n', 1, 'b', 1)",
            "has no plain column parse_error"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(cluster, namespace, present, bundle, certificates, parse_error AS (hex(zeroblob(100000000)))); INSERT INTO root_bundle VALUES ('a', 'n', 1, 'b', 1)",
            "has no plain column parse_error"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(\(bundle)); INSERT INTO root_bundle VALUES ('a', NULL, 1, 'b', 1, '')",
            "NOT NULL constraint failed"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(\(bundle)); INSERT INTO root_bundle VALUES ('a', 'n', 7, 'b', 1, '')",
            "CHECK constraint failed"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(\(bundle)); INSERT INTO root_bundle VALUES ('a', 'n', 1, x'00', 1, '')",
            "cannot store BLOB"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(\(bundle)); INSERT INTO root_bundle VALUES ('a', 'n', 1, 'b', 'many', '')",
            "cannot store TEXT"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(\(bundle)); INSERT INTO root_bundle VALUES ('a', 'n', 1, printf('%.*c', 90000000, 'x'), 1, '')",
            "too big"
        ),
        (
            "DROP TABLE root_bundle; CREATE TABLE root_bundle(\(bundle)); INSERT INTO root_bundle VALUES ('a','n',1,'b',1,''),('a','n',1,'c',1,'')",
            "UNIQUE constraint failed"
        ),
        // The tables as they should be, and rows that they should not take.
        ("INSERT INTO root_bundle VALUES ('b', 'n', 7, 'b', 1, '')", "CHECK constraint failed"),
        (
            "CREATE TABLE twin(\(bundle), PRIMARY KEY (cluster, namespace)) WITHOUT ROWID; INSERT INTO twin VALUES ('b', 'n', 1, NULL, 1, ''); UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'twin') WHERE name = 'root_bundle'; DELETE FROM sqlite_schema WHERE name = 'twin'",
            "NOT NULL constraint failed"
        ),
        (
            "CREATE TABLE twin(\(bundle), PRIMARY KEY (cluster, namespace)) WITHOUT ROWID; INSERT INTO twin VALUES ('b', 'n', 1, x'00', 1, ''); UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'twin') WHERE name = 'root_bundle'; DELETE FROM sqlite_schema WHERE name = 'twin'",
            "cannot store BLOB"
        ),
        ("UPDATE sqlite_schema SET sql = 'CREATE TABLE root_bundle(' WHERE name = 'root_bundle'", "malformed database schema"),
        ("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'node'", nil),
        ("UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'root_bundle'", "malformed"),
    ]

    @Test(arguments: hostile.indices)
    func hostileFileIsHarmless(index: Int) throws {
        let (sql, reason) = Self.hostile[index]
        try inFolder { folder in
            let file = try spoilt(sql, in: folder)
            guard let reason else {
                let snapshot = try Snapshot.open(file)
                #expect(try snapshot.rows("root_bundle") == filled().rows("root_bundle"))
                let names =
                    "SELECT group_concat(name) FROM sqlite_schema WHERE name LIKE '%extra%' OR type IN ('view', 'trigger')"
                #expect(try snapshot.text(names) == nil)
                return
            }
            let fault = #expect(throws: SnapshotFault.self) { try Snapshot.open(file) }
            #expect(fault?.description.contains(reason) == true, "\(fault?.description ?? "")")
            #expect(fault?.description.hasPrefix(file.path) == true)
        }
    }

    /// A table of an older isthmus that lacks a column loses nothing where it has no row.
    @Test func emptyOlderTableIsReadAsEmpty() throws {
        try inFolder { folder in
            let file = try spoilt("DROP TABLE root_bundle; CREATE TABLE root_bundle(cluster, namespace)", in: folder)
            let snapshot = try Snapshot.open(file)
            #expect(try snapshot.rows("root_bundle").isEmpty)
            #expect(try snapshot.rows("run") == filled().rows("run"))
        }
    }

    @Test func otherThingsAreNamed() throws {
        try inFolder { folder in
            func fault(_ name: String, _ content: Data?) throws -> String {
                let file = folder.appending(path: name)
                try content?.write(to: file)
                return #expect(throws: SnapshotFault.self) { try Snapshot.open(file) }?.description ?? ""
            }
            #expect(try fault("missing", nil).contains("there is no such file"))
            #expect(try fault("empty", Data()).contains("it is empty"))
            #expect(try fault("text", Data("hello".utf8)).contains("it is not an SQLite file"))
            let fifty = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom")).read(upToCount: 50 << 20) ?? Data()
            #expect(fifty.count == 50 << 20)
            let started = ContinuousClock.now
            #expect(try fault("noise", fifty).contains("it is not an SQLite file"))
            #expect(
                try fault("noise-with-head", Data("SQLite format 3\0".utf8) + fifty).contains("another program's SQLite file"))
            #expect(ContinuousClock.now - started < .seconds(5))
            #expect(
                #expect(throws: SnapshotFault.self) { try Snapshot.open(folder) }?.description.contains("is a directory") == true)

            let whole = folder.appending(path: "whole")
            try filled().save(to: whole)
            let bytes = try Data(contentsOf: whole)
            #expect(
                try fault("half", bytes.prefix(bytes.count / 2)).contains(
                    "is cut off: \(bytes.count / 2) of \(bytes.count) bytes"))
            #expect(try fault("head", bytes.prefix(50)).contains("is cut off"))
            // The header as it was, the rest noise.
            #expect(try fault("spoilt", bytes.prefix(100) + fifty.prefix(bytes.count)).contains("is damaged"))
            let link = folder.appending(path: "null")
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "/dev/null")
            #expect(
                #expect(throws: SnapshotFault.self) { try Snapshot.open(link) }?.description.contains("not a regular file")
                    == true)
        }
    }

    /// Every byte of a file spoilt, one after the other in steps: an error or a snapshot, never a crash.
    @Test func spoiltBytesNeverCrash() throws {
        try inFolder { folder in
            let file = folder.appending(path: "s")
            try filled().save(to: file)
            let bytes = try Data(contentsOf: file)
            var opened = 0
            for position in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 150)) {
                var spoilt = bytes
                spoilt[position] ^= 0xFF
                try spoilt.write(to: file)
                do {
                    _ = try Snapshot.open(file).rows("root_bundle")
                    opened += 1
                } catch is SnapshotFault {}
            }
            #expect(opened > 0)
        }
    }
}
