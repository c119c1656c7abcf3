import CheckFiles
import Facts
import Foundation
import Testing

@testable import Judge
@testable import Report

struct DiagnosisTests {
    private static let schema = try? FactSchema.embedded()

    private func context() throws -> DiagnosisContext {
        DiagnosisContext(schema: try #require(Self.schema), mesh: "-f mesh.yaml")
    }

    private func report(_ judgement: Judgement, width: Int = 100, unicode: Bool = true, verbose: Bool = false) throws -> String {
        let medium = Medium(width: width, unicode: unicode, colour: false)
        return HumanReport(judgement, Meshes.context, on: medium, verbose: verbose, diagnosing: try context()).render()
    }

    @Test(
        "The cause first, its proof, and what would decide",
        arguments: ["broken", "mixed", "sound", "no-fault", "hostile", "probed"])
    func human(name: String) throws {
        try expectGolden("diagnosis-\(name).txt", report(judgement(name)))
    }

    @Test func ascii() throws {
        let text = try report(Meshes.mixed, width: 60, unicode: false)
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        try expectGolden("diagnosis-ascii.txt", text)
    }

    private func judgement(_ name: String) -> Judgement {
        switch name {
        case "broken": Meshes.broken(2)
        case "mixed": Meshes.mixed
        case "sound": Meshes.sound
        case "hostile": Meshes.hostile
        case "probed": Meshes.probed(2)
        default: Meshes.noFault
        }
    }

    @Test("A healthy mesh says so; one that was not wholly seen does not")
    func healthy() throws {
        let sound = try report(Meshes.sound)
        #expect(sound.contains("Nothing is broken in what was looked at") && sound.contains("Nothing was left out."))
        let partly = try report(Meshes.noFault)
        #expect(partly.contains("Not everything was looked at") && !partly.contains("Nothing was left out"))
        let nothing = try report(Sample([]).judgement)
        #expect(nothing.contains("No cause is named, because nothing was seen.") && !nothing.contains("Nothing is broken"))
    }

    @Test(
        "JSON conforms to the schema, and only a diagnosis has one",
        arguments: ["broken", "mixed", "sound", "no-fault", "hostile"])
    func json(name: String) async throws {
        let diagnosing = try context()
        let text = try written { try JSONReport(judgement(name), Meshes.context, diagnosing: diagnosing).write(to: $0) }
        #expect(text.contains("\"diagnosis\": {"))
        let schema = house.appending(path: "docs/report.schema.json").path
        let result = try await run("/usr/bin/python3", [here.appending(path: "validate-json.py").path, schema], input: text)
        #expect(result.code == 0, "\(result.output)")
        let broken = text.replacing("\"kind\": \"cause\"", with: "\"kind\": \"guess\"")
        if broken != text {
            let result = try await run(
                "/usr/bin/python3", [here.appending(path: "validate-json.py").path, schema], input: broken)
            #expect(result.code == 1)
        }
        let plain = try written { try JSONReport(judgement(name), Meshes.context).write(to: $0) }
        #expect(!plain.contains("\"diagnosis\""))
    }

    /// A door that this machine finds shut; a wall that would explain it and was not seen; pods that were not sent to try.
    private static let checks = [
        "prerequisites/wall.sql": """
        /*---
        id: wall
        title: No wall stands there
        severity: error
        subject: cluster
        span: cluster
        level: read
        pass: "There is none"
        fail: "There is one"
        unknown: "Nobody looked for a wall"
        remedy: "look --for wall"
        why: It is a test.
        ---*/
        SELECT c.cluster AS subject, CASE WHEN s.network IS NULL THEN 'unknown' ELSE 'pass' END AS status
        FROM cluster AS c LEFT JOIN system_namespace AS s ON s.cluster = c.cluster
        """,
        "gateway/door.sql": """
        /*---
        id: door
        title: The door is open
        severity: error
        subject: cluster
        span: cluster
        level: read
        requires: [{check: wall, when: failed, blocks: unsound}]
        pass: "It is"
        fail: "The door of {subject} is shut"
        unknown: "Nobody tried"
        remedy: "open door"
        why: It is a test.
        ---*/
        SELECT c.cluster AS subject, CASE WHEN p.tcp IS NULL THEN 'unknown' WHEN p.tcp = 'refused' THEN 'fail' ELSE 'pass' END AS status,
          p.tcp AS observed
        FROM cluster AS c LEFT JOIN gateway_probe AS p ON p.cluster = c.cluster
        """,
        "traffic/walk.sql": """
        /*---
        id: walk
        title: Pods walk through the other's door
        severity: error
        subject: cluster_pair
        span: pair
        level: probe
        requires: [{check: door, of: target, when: failed, blocks: unsound}]
        pass: "They do"
        fail: "They do not"
        unknown: "Nobody knows"
        why: It is a test.
        ---*/
        SELECT p.source || ' → ' || p.target AS subject, CASE WHEN r.outcome = 'ok' THEN 'pass' ELSE 'unknown' END AS status
        FROM cluster_pair AS p LEFT JOIN pod_reachability AS r ON r.source = p.source AND r.target = p.target
        """,
    ]

    private func judge(_ facts: String) throws -> Judgement {
        var files = CheckFiles.embedded.files.filter { $0.key.hasPrefix("facts/") }
        files.merge(Self.checks) { $1 }
        let catalogue = try CheckCatalogue(builtIn: CheckFiles(files: files))
        #expect(catalogue.faults.isEmpty, "\(catalogue.faults)")
        let text = "cases:\n  - name: here\n\(facts)\n    expect: []\n"
        let item = try #require(CaseFile(text, file: "test", schema: catalogue.schema).cases.first)
        return try Judge(catalogue).judge(item.snapshot(catalogue.schema))
    }

    @Test("Where causes remain possible, it says which observation decides, and how to make it")
    func questions() throws {
        let judgement = try judge(
            """
                facts:
                  cluster: [{cluster: a}, {cluster: b}]
                  system_namespace: [{cluster: a}]
                  gateway_probe: [{cluster: a}, {cluster: b, tcp: refused}]
                uncollected: {system_namespace: {b: "403 Forbidden"}}
                not_examined: {pod_reachability: {a: "needs level probe", b: "needs level probe"}}
            """)
        let diagnosis = Diagnosis(Reading(judgement), try context())
        #expect(diagnosis.causes.map(\.check.id) == ["door"])
        #expect(
            diagnosis.causes.first?.facts == [
                .init(table: "gateway_probe", source: Self.schema?.table("gateway_probe")?.source ?? "", clusters: ["b"])
            ])
        #expect(
            diagnosis.causes.first?.proof
                == .init(command: "isthmus preflight -f mesh.yaml --only door", shows: "Gateway ✔ 2, and ends with 0"))
        #expect(diagnosis.questions.map(\.check.id) == ["wall", "walk"])
        let wall = try #require(diagnosis.questions.first)
        // Of cluster a there is nothing to ask: its wall was seen, and its door is open.
        #expect(wall.kind == .upstream && wall.subjects == ["b"] && wall.about == [0] && wall.reason.contains("403"))
        #expect(wall.tells.contains("it is the cause of 1"))
        let walk = try #require(diagnosis.questions.last)
        #expect(walk.kind == .vantage && walk.way == "isthmus diagnose -f mesh.yaml --level probe")
        #expect(walk.subjects == ["a → b"])
    }

    @Test("What was seen and is sound is no question, and neither is what does not touch the cause")
    func noQuestions() throws {
        let judgement = try judge(
            """
                level: probe
                facts:
                  cluster: [{cluster: a}, {cluster: b}]
                  system_namespace: [{cluster: a}, {cluster: b}]
                  gateway_probe: [{cluster: a}, {cluster: b, tcp: refused}]
                  pod_reachability: [{source: a, target: b, outcome: ok}, {source: b, target: a, outcome: ok}]
                uncollected: {system_namespace: {a: "403 Forbidden"}}
            """)
        let diagnosis = Diagnosis(Reading(judgement), try context())
        #expect(diagnosis.causes.map(\.check.id) == ["door"] && diagnosis.questions.isEmpty)
    }

    @Test("A proof promises no exit code that another finding would spoil")
    func proof() throws {
        let judgement = try judge(
            """
                facts:
                  cluster: [{cluster: a}, {cluster: b}, {cluster: c}]
                  system_namespace: [{cluster: a}, {cluster: b}, {cluster: c}]
                  gateway_probe: [{cluster: a}, {cluster: b, tcp: refused}]
                uncollected: {gateway_probe: {c: "timeout"}}
                not_examined: {pod_reachability: {a: "l", b: "l", c: "l"}}
            """)
        let diagnosis = Diagnosis(Reading(judgement), try context())
        #expect(diagnosis.causes.first?.proof?.shows == "Gateway ✔ 2")
        #expect(diagnosis.suspects.map(\.kind) == [.cause, .unseen])
    }
}
