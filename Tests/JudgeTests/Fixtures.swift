import CheckFiles
import Facts
import Foundation
import Judge

/// The fact tables that the tests judge over; a small world, so that a change of the real ones breaks no test of the engine.
let smallHouse: [String: String] = [
    "facts/cluster.yaml": table("cluster", "cluster", key: "cluster", subject: "cluster", "server: {type: text}"),
    "facts/cluster_pair.yaml": table("cluster_pair", "pair", key: "source, target", subject: "source || ' → ' || target"),
    "facts/run.yaml": table(
        "run", "mesh", key: "tool_version",
        "tool_version: {type: text}, format: {type: integer}, command: {type: text}, level: {type: text, values: [read, probe, mutate]}, now: {type: integer}"
    ),
    "facts/mesh.yaml": table(
        "mesh", "mesh", key: "fleet_project", subject: "'mesh'",
        "fleet_project: {type: text}, mesh_id: {type: text, 'null': unknown}, revision: {type: text}"),
    "facts/cluster_identity.yaml": table(
        "cluster_identity", "cluster", key: "cluster", "platform: {type: text, 'null': unknown}"),
    "facts/root.yaml": table("root", "cluster", key: "cluster", "fingerprint: {type: text, 'null': unreadable}"),
    "facts/secret.yaml": table(
        "secret", "cluster", key: "cluster, name", subject: "cluster || '/' || name",
        "name: {type: text}, target: {type: text, 'null': unknown}, server: {type: text}"),
    "facts/path.yaml": table("path", "pair", key: "source, target", "open: {type: boolean, 'null': not seen}"),
]

/// YAML of a fact table; cluster columns are added by its scope, and `meaning` and `example` to every column.
private func table(_ name: String, _ scope: String, key: String, subject: String? = nil, _ columns: String = "") -> String {
    let scoped: [String] =
        switch scope {
        case "cluster": ["cluster: {type: text}"]
        case "pair": ["source: {type: text}", "target: {type: text}"]
        default: []
        }
    let own: [String] = columns.split(separator: "}, ").map { (part: Substring) -> String in
        part.hasSuffix("}") ? String(part) : String(part) + "}"
    }
    let lines = (scoped + own).map { (column: String) -> String in
        let isText = column.contains("type: text")
        let isLevel = column.hasPrefix("level")
        let example: String = isLevel ? "read" : isText ? (column.hasPrefix("cluster") ? "a" : "x") : "1"
        return "  " + column.dropLast() + ", meaning: m, example: \(example)}"
    }
    return """
        table: \(name)
        meaning: "m"
        scope: \(scope)
        collector: \(["cluster", "cluster_pair", "run", "mesh"].contains(name) ? "declared" : "test")
        source: "s"
        key: [\(key)]
        \(subject.map { "subject: \"\($0)\"" } ?? "")
        columns:
        \(lines.joined(separator: "\n"))
        """
}

/// A check's file. `lines` are added to the front matter.
func checkFile(
    _ id: String, subject: String = "cluster", span: String = "cluster", level: String = "read", severity: String = "error",
    _ lines: String = "", _ sql: String
) -> String {
    let finding =
        severity == "error" ? "fail: \"{subject} is wrong\"\n" : severity == "warning" ? "warning: \"{subject} is risky\"\n" : ""
    return """
        /*---
        id: \(id)
        title: Title of \(id)
        severity: \(severity)
        subject: \(subject)
        span: \(span)
        level: \(level)
        \(finding)unknown: "{subject} is not known"
        why: because
        \(lines)
        ---*/
        \(sql)
        """
}

/// The small house with these built-in checks (path → text) and packs.
func catalogue(_ checks: [String: String] = [:], packs: [CheckPack] = []) throws -> CheckCatalogue {
    try CheckCatalogue(builtIn: CheckFiles(files: smallHouse.merging(checks) { $1 }), packs: packs)
}

/// A catalogue whose only check is this query over `cluster`.
func catalogue(sql: String, subject: String = "cluster", span: String = "cluster", severity: String = "error") throws
    -> CheckCatalogue
{
    try catalogue(["gateway/mine.sql": checkFile("mine", subject: subject, span: span, severity: severity, "", sql)])
}

/// A snapshot of the small house.
func snapshot(
    clusters: [String] = ["a", "b"], _ rows: [FactRow] = [], level: String = "read", collected: Bool = true,
    ledger: [LedgerEntry] = []
) throws -> Snapshot {
    let schema = try FactSchema(CheckFiles(files: smallHouse))
    let snapshot = try Snapshot.inMemory(schema: schema)
    var batch = FactBatch(rows: rows)
    batch.add(
        "run",
        [
            "tool_version": "1", "format": .integer(FactSchema.format), "command": "test", "level": .text(level),
            "now": 1_800_000_000,
        ])
    batch.add("mesh", ["fleet_project": "fleet", "mesh_id": "proj-1", "revision": "r"])
    for source in clusters {
        batch.add("cluster", ["cluster": .text(source), "server": .text("https://\(source)")])
        for target in clusters where target != source {
            batch.add("cluster_pair", ["source": .text(source), "target": .text(target)])
        }
    }
    if collected {
        for table in schema.tables where table.name != FactSchema.ledger {
            for cluster in table.scope == .mesh ? [""] : clusters { batch.add(fact: table.name, cluster: cluster, .collected) }
        }
    }
    batch.ledger += ledger
    try snapshot.insert(batch)
    return snapshot
}

func root(_ cluster: String, _ fingerprint: FactValue) -> FactRow {
    FactRow("root", ["cluster": .text(cluster), "fingerprint": fingerprint])
}

func secret(_ cluster: String, _ name: String, target: FactValue = nil) -> FactRow {
    FactRow("secret", ["cluster": .text(cluster), "name": .text(name), "target": target, "server": "s"])
}

/// `subject status` of every verdict of a check, in order.
func told(_ judgement: Judgement, _ check: String = "mine") -> [String] {
    judgement.verdicts.filter { $0.check == check }.map { "\($0.subject) \($0.status.rawValue)" }
}
