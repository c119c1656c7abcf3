import Foundation
import Testing

@testable import Facts
@testable import Judge
@testable import Report

struct DifferenceTests {
    private let medium = Medium(width: 90, unicode: true, colour: false)

    /// Before: another root, a warning, missing permissions. After: mended, the gateway broken.
    private var mended: JudgementDifference {
        var after = Sample(Meshes.names(2))
        after.run.now += 42
        after.change("gateway-ready", "east") {
            $0.status = .fail
            $0.message = "No replica of istio-eastwestgateway is ready in east"
            $0.observed = "0 of 2 replicas"
        }
        after.change("trust-domain-shared", "west") {
            $0.status = .unknown
            $0.message = "ConfigMap istio-system/istio-asm-1246-9: forbidden (HTTP 403)"
        }
        return JudgementDifference(from: Meshes.broken(2), to: after.judgement)
    }

    @Test func human() throws {
        try expectGolden("difference.txt", DifferenceReport(mended).human(on: medium))
    }

    @Test func ascii() throws {
        let text = DifferenceReport(mended).human(on: Medium(width: 60, unicode: false, colour: false))
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        try expectGolden("difference-ascii.txt", text)
    }

    @Test func json() throws {
        let text = try written { try DifferenceReport(mended).json(to: $0) }
        try expectGolden("difference.json", text)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
    }

    /// Facts of every kind, with checks that read them and turned.
    private func withFacts(_ facts: [FactChange]) throws -> DifferenceReport {
        let catalogue = try CheckCatalogue.embedded()
        func judged(_ label: String, root: String, seen: Bool) throws -> Judgement {
            let text = """
                cases:
                  - name: here
                    now: \(Sample.now)
                    facts:
                      cluster: [{cluster: east}, {cluster: west}]
                      root_certificate: [{cluster: east}, {cluster: west, fingerprint: \(root), key_fingerprint: \(root)}]
                      system_namespace: [{cluster: east, network: n}, {cluster: west, network: \(label)}]
                    \(seen ? "" : "uncollected: {managed_control_plane: {west: 403 Forbidden}}")
                    expect: []
                """
            let item = try #require(CaseFile(text, file: "test", schema: catalogue.schema).cases.first)
            let selection = Selection(only: ["clusters-share-root-ca", "network-identity-consistent", "no-managed-control-plane"])
            return try Judge(catalogue).judge(item.snapshot(catalogue.schema), selection: selection)
        }
        let difference = try JudgementDifference(
            from: judged("n", root: "aaaa", seen: true), to: judged("n", root: "bbbb", seen: false))
        return DifferenceReport(difference, facts: facts)
    }

    private static let changedFacts = [
        FactChange(
            table: "system_namespace", key: ["west"], clusters: ["west"],
            columns: [.init(name: "network", old: "n", new: "\u{1B}[2Jm")], kind: .changed),
        FactChange(
            table: "collection", key: ["managed_control_plane", "west"], clusters: ["west"],
            columns: [.init(name: "status", old: "collected", new: "failed")], kind: .changed),
        FactChange(table: "root_certificate", key: ["west", "aaaa"], clusters: ["west"], columns: [], kind: .gone),
        FactChange(table: "root_certificate", key: ["west", "bbbb"], clusters: ["west"], columns: [], kind: .added),
        FactChange(
            table: "node", key: ["east", "node-1"], clusters: ["east"], columns: [.init(name: "ready", old: 1, new: .null)],
            kind: .changed),
    ]

    @Test("A fact that a broken check read stands first; what nobody turned by, last")
    func suspicion() throws {
        let report = try withFacts(Self.changedFacts)
        #expect(
            report.facts.map(\.change.table) == [
                "root_certificate", "root_certificate", "collection", "system_namespace", "node",
            ])
        #expect(report.facts.first?.turned.first == .init(check: "clusters-share-root-ca", group: .broken))
        #expect(report.facts.last?.turned.isEmpty == true)
        try expectGolden("difference-facts.txt", report.human(on: medium))
        try expectGolden("difference-facts-verbose.txt", report.human(on: medium, verbose: true))
        let ascii = report.human(on: Medium(width: 60, unicode: false, colour: false), verbose: true)
        #expect(ascii.utf8.allSatisfy { $0 < 0x80 && $0 != 0x1B })
    }

    @Test("JSON conforms to the published schema")
    func schema() async throws {
        let schema = house.appending(path: "docs/difference.schema.json").path
        for report in [DifferenceReport(mended), try withFacts(Self.changedFacts)] {
            let text = try written { try report.json(to: $0) }
            let validate = [here.appending(path: "validate-json.py").path, schema]
            let result = try await run("/usr/bin/python3", validate, input: text)
            #expect(result.code == 0, "\(result.output)")
            let wrong = text.replacing("\"facts\"", with: "\"fact\"")
            #expect(try await run("/usr/bin/python3", validate, input: wrong).code == 1)
        }
    }

    @Test func unchanged() throws {
        let difference = JudgementDifference(from: Meshes.noFault, to: Meshes.noFault)
        #expect(difference.isEmpty && difference.changes.isEmpty)
        try expectGolden("difference-none.txt", DifferenceReport(difference).human(on: medium))
        let stillBroken = JudgementDifference(from: Meshes.broken(2), to: Meshes.broken(2))
        #expect(stillBroken.isEmpty)
        #expect(stillBroken.changes.map(\.group) == [.stillBroken])
    }

    @Test(
        "From each status to each other: one group, and never mended where nothing was seen", arguments: Status.allCases,
        Status.allCases)
    func groups(old: Status, new: Status) {
        let difference = JudgementDifference(from: Sample.of([old]).judgement, to: Sample.of([new]).judgement)
        #expect(difference.changes.count + difference.unchanged == 1)
        let group = difference.changes.first?.group
        let bad: [Status] = [.fail, .error]
        let unseen: [Status] = [.unknown, .blocked, .notExamined]
        if bad.contains(new) { #expect(group == (bad.contains(old) ? .stillBroken : unseen.contains(old) ? .found : .broken)) }
        if unseen.contains(new) { #expect(group != .mended && group != .newlySeen) }
        if bad.contains(old), unseen.contains(new) { #expect(group == .newlyUnknown) }
        if unseen.contains(old), new == .pass { #expect(group == .newlySeen) }
        if bad.contains(old), new == .pass { #expect(group == .mended) }
        if old == new, !bad.contains(new) { #expect(group == nil) }
    }

    @Test func checksAndSubjectsThatComeAndGo() {
        var old = Sample(["east", "west"])
        old.breakRoot()
        let new = Sample(["east", "north"])
        let difference = JudgementDifference(from: old.judgement, to: new.judgement)
        #expect(difference.changes.contains { $0.subject == "west" && $0.new == nil && $0.group == .other })
        #expect(difference.changes.contains { $0.subject == "north" && $0.old == nil && $0.group == .newlySeen })
    }
}
