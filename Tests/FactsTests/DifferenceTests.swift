import Testing

@testable import Facts

@Suite struct SnapshotDifferenceTests {
    private func snapshot(_ fill: (inout FactBatch) -> Void) throws -> Snapshot {
        let snapshot = try Snapshot.inMemory(schema: .embedded())
        var batch = FactBatch()
        fill(&batch)
        try snapshot.insert(batch)
        return snapshot
    }

    private func bundle(_ cluster: String, _ namespace: String, _ text: String) -> [String: FactValue] {
        [
            "cluster": .text(cluster), "namespace": .text(namespace), "present": true, "bundle": .text(text), "certificates": 1,
            "parse_error": "",
        ]
    }

    @Test func rowsComeGoAndChange() throws {
        let old = try snapshot { batch in
            for name in ["a", "b", "ä", "z"] { batch.add("root_bundle", bundle("east", name, "x")) }
            batch.add(fact: "root_bundle", cluster: "east", .collected)
        }
        let new = try snapshot { batch in
            for (name, text) in [("a", "x"), ("aa", "x"), ("ä", "y"), ("z", "x")] {
                batch.add("root_bundle", bundle("east", name, text))
            }
            batch.add(fact: "root_bundle", cluster: "east", .collected)
        }
        let changes = try old.changes(to: new)
        #expect(changes.map(\.kind) == [.added, .gone, .changed])
        #expect(changes.map { $0.key.last } == ["aa", "b", "ä"])
        #expect(changes.last?.columns == [.init(name: "bundle", old: "x", new: "y")])
        #expect(changes.allSatisfy { $0.clusters == ["east"] && $0.table == "root_bundle" })
        #expect(try old.changes(to: old).isEmpty)
        #expect(try new.changes(to: old).map(\.kind) == [.gone, .added, .changed])
    }

    @Test("What could not be seen is not gone: that it could not be seen is what changed")
    func theLedger() throws {
        let old = try snapshot { batch in
            batch.add("root_bundle", bundle("east", "a", "x"))
            batch.add("root_bundle", bundle("west", "a", "x"))
            for name in ["east", "west"] { batch.add(fact: "root_bundle", cluster: name, .collected) }
            batch.add(fact: "istiod", cluster: "east", .failed, reason: "after 12 ms")
        }
        let new = try snapshot { batch in
            batch.add("root_bundle", bundle("east", "a", "y"))
            batch.add(fact: "root_bundle", cluster: "east", .collected)
            batch.add(fact: "root_bundle", cluster: "west", .failed, reason: "403")
            batch.add(fact: "istiod", cluster: "east", .failed, reason: "after 13 ms")
        }
        let changes = try old.changes(to: new)
        #expect(changes.map(\.table).sorted() == ["collection", "root_bundle"])
        #expect(changes.first { $0.table == "root_bundle" }?.clusters == ["east"])
        let ledger = try #require(changes.first { $0.table == "collection" })
        #expect(ledger.key == ["root_bundle", "west"] && ledger.clusters == ["west"])
        #expect(ledger.columns.first { $0.name == "status" } == .init(name: "status", old: "collected", new: "failed"))
    }

    @Test("How long something took, and when the run was, is no change")
    func durations() throws {
        func probe(_ milliseconds: Double, now: Int) throws -> Snapshot {
            try snapshot { batch in
                batch.add(
                    "run", ["tool_version": "0.1.0", "format": 1, "command": "collect", "level": "read", "now": .integer(now)])
                batch.add(fact: "gateway_probe", cluster: "a", .collected)
                let table = FactSchema.exampleRow(of: "gateway_probe")
                batch.add("gateway_probe", table.merging(["tcp_ms": .real(milliseconds)]) { $1 })
            }
        }
        #expect(try probe(1, now: 1).changes(to: probe(2, now: 2)).isEmpty)
    }
}

extension FactSchema {
    /// A row of a table as case files get it.
    static func exampleRow(of table: String) -> [String: FactValue] {
        let columns = (try? FactSchema.embedded())?.table(table)?.columns ?? []
        return Dictionary(columns.map { ($0.name, $0.example) }, uniquingKeysWith: { first, _ in first })
    }
}
