import Foundation
import Judge
import Testing

@testable import Report

struct JSONReportTests {
    static let all: [(String, Judgement)] = [
        ("broken", Meshes.broken(3)), ("sound", Meshes.sound), ("no fault", Meshes.noFault), ("mixed", Meshes.mixed),
        ("hostile", Meshes.hostile), ("probed", Meshes.probed(3)),
        ("empty", Sample([]).judgement),
    ]

    private func json(_ judgement: Judgement, _ context: ReportContext = Meshes.context) throws -> String {
        try written { try JSONReport(judgement, context).write(to: $0) }
    }

    @Test("Real output conforms to the published schema", arguments: all.map(\.0))
    func schema(name: String) async throws {
        let judgement = try #require(Self.all.first { $0.0 == name }?.1)
        let schema = house.appending(path: "docs/report.schema.json").path
        for context in [Meshes.context, ReportContext(), ReportContext(failOnWarning: true, brokenOff: "interrupted (^C)")] {
            let result = try await run(
                "/usr/bin/python3", [here.appending(path: "validate-json.py").path, schema], input: json(judgement, context))
            #expect(result.code == 0, "\(result.output)")
        }
    }

    @Test("The validator refuses what the schema refuses")
    func schemaRefuses() async throws {
        let schema = house.appending(path: "docs/report.schema.json").path
        let text = try json(Meshes.broken(2))
        let wrong = [
            text.replacing("\"schema\": 1", with: "\"schema\": 2"),
            text.replacing("\"status\": \"pass\"", with: "\"status\": \"passed\""),
            text.replacing("\"ready\": false,", with: ""),
            text.replacing("\"blockedBy\": [\"clusters-share-root-ca\"]", with: "\"blockedBy\": []"),
        ]
        for text in wrong {
            let result = try await run("/usr/bin/python3", [here.appending(path: "validate-json.py").path, schema], input: text)
            #expect(result.code == 1, "\(result.output)")
        }
    }

    @Test("What is read back is what was judged, hostile texts too")
    func roundTrip() throws {
        struct Read: Decodable {
            struct Verdict: Decodable {
                let check, subject, status, message, observed, expected, evidence, remedy: String
                let clusters, blockedBy: [String]
            }
            struct Run: Decodable { let time: String }
            let verdicts: [Verdict]
            let run: Run
            let exitCode: Int32
        }
        for (_, judgement) in Self.all {
            let read = try JSONDecoder().decode(Read.self, from: Data(json(judgement).utf8))
            #expect(read.verdicts.count == judgement.verdicts.count)
            for (one, other) in zip(read.verdicts, judgement.verdicts) {
                #expect(one.check == other.check && one.subject == other.subject && one.status == other.status.rawValue)
                #expect(one.message == other.message && one.observed == other.observed && one.expected == other.expected)
                #expect(one.evidence == other.evidence && one.remedy == other.remedy)
                #expect(one.clusters == other.clusters && one.blockedBy == other.blockedBy)
            }
            #expect(read.exitCode == Meshes.context.outcome(of: judgement).exitCode)
        }
    }

    @Test func golden() throws {
        try expectGolden("report.json", json(Meshes.broken(2)))
    }

    @Test("Every way from pods is there, with its rung and its times")
    func ways() throws {
        struct Read: Decodable {
            struct Verdict: Decodable {
                let check, subject: String
                let reachability: Reachability?
            }
            struct Reachability: Decodable {
                let kind, rung, outcome, address: String
                let tcpMs, totalMs: Double?
            }
            let verdicts: [Verdict]
        }
        let read = try JSONDecoder().decode(Read.self, from: Data(json(Meshes.probed(3)).utf8))
        let ways = read.verdicts.filter { $0.reachability != nil }
        #expect(ways.count == 3 * 6)
        #expect(ways.allSatisfy { $0.check.hasSuffix("-from-pods") })
        func way(_ check: String, _ subject: String) -> Read.Reachability? {
            ways.first { $0.check == check && $0.subject == subject }?.reachability
        }
        let explained = try #require(way("gateway-reachable-from-pods", "cluster-01 → cluster-03"))
        #expect(explained.rung == "tcp" && explained.outcome == "timed-out" && explained.totalMs == nil)
        let reached = try #require(way("control-plane-reachable-from-pods", "cluster-03 → cluster-01"))
        #expect(reached.rung == "answer" && reached.outcome == "ok" && reached.tcpMs == 1.25 && reached.totalMs == 3.5)
    }

    @Test("No byte that a terminal acts upon, and the same bytes each time")
    func bytes() throws {
        let text = try json(Meshes.hostile)
        #expect(text.utf8.allSatisfy { $0 >= 0x20 || $0 == UInt8(ascii: "\n") })
        #expect(!text.unicodeScalars.contains { (0x7F...0x9F).contains($0.value) })
        #expect(try text == json(Meshes.hostile))
    }

    @Test("Times are those of the calendar")
    func times() {
        let formatter = ISO8601DateFormatter()
        for epoch in [0, 1, 951_782_399, 951_782_400, 1_709_164_800, 1_795_381_503, 4_102_444_799, 4_107_542_399, -1, -86_401] {
            #expect(timestamp(epoch) == formatter.string(from: Date(timeIntervalSince1970: TimeInterval(epoch))))
        }
    }
}
