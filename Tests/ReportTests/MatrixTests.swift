import Judge
import Testing

@testable import Report

/// Who reaches whom, seen from pods.
struct MatrixTests {
    private func report(_ judgement: Judgement, _ medium: Medium, verbose: Bool = false) -> String {
        HumanReport(judgement, Meshes.context, on: medium, verbose: verbose).render()
    }

    @Test("At each size, with colour and without", arguments: [2, 3, 30, 60])
    func sizes(count: Int) throws {
        let judgement = Meshes.probed(count)
        let plain = report(judgement, Medium(width: 100, unicode: true, colour: false))
        try expectGolden("matrix-\(count).txt", plain)
        let coloured = report(judgement, Medium(width: 100, unicode: true, colour: true))
        try expectGolden("matrix-\(count)-colour.txt", coloured)
        #expect(try coloured.replacing(Regex("\u{1B}\\[[0-9;]*m"), with: "") == plain)
        let ascii = report(judgement, Medium(width: 80, unicode: false, colour: false))
        #expect(ascii.utf8.allSatisfy { $0 < 0x80 })
        try expectGolden("matrix-\(count)-ascii.txt", ascii)
    }

    @Test func scattered() throws {
        try expectGolden("matrix-scattered.txt", report(Meshes.scattered, Medium(width: 100, unicode: true, colour: false)))
    }

    @Test func sound() throws {
        let medium = Medium(width: 100, unicode: true, colour: false)
        for count in [3, 30] {
            let text = report(Sample(Meshes.names(count), probed: true).judgement, medium)
            try expectGolden("matrix-sound-\(count).txt", text)
        }
    }

    @Test("One rule that breaks thirty-eight ways is one cause that explains thirty-eight")
    func oneCause() {
        let judgement = Meshes.probed(60)
        #expect(judgement.causes.map(\.check.id) == ["firewall-admits-gateway"])
        let text = report(judgement, Medium(width: 100, unicode: true, colour: false))
        #expect(text.contains("Explains 38 more, blocked: gateway-reachable-from-pods"))
        #expect(text.contains("broken for 38 of 3540 pairs"))
    }

    @Test("No line is wider than the medium", arguments: [40, 60, 80, 120, 200])
    func width(width: Int) {
        for judgement in [Meshes.probed(2), Meshes.probed(3), Meshes.probed(30), Meshes.probed(60), Meshes.scattered] {
            for unicode in [true, false] {
                let text = report(judgement, Medium(width: width, unicode: unicode, colour: false))
                for line in text.split(separator: "\n") where displayWidth(line) > width {
                    let start = line.drop { $0 == " " }
                    #expect(["Why ", "Snapshot: ", "To look "].contains { start.hasPrefix($0) }, "\(line)")
                }
            }
        }
    }

    @Test("Nothing is shown where no pod has looked")
    func absent() {
        let medium = Medium(width: 100, unicode: true, colour: false)
        #expect(!report(Meshes.broken(3), medium).contains("Seen from pods"))
        #expect(report(Meshes.probed(3), medium).contains("Seen from pods"))
    }

    /// What is grouped must be what single cells say: no broken way hides behind a group that looks sound.
    @Test("A group never looks better than its worst cell")
    func groups() throws {
        for judgement in [Meshes.probed(30), Meshes.probed(60)] {
            let check = try #require(judgement.checks.first { $0.id == "gateway-reachable-from-pods" })
            let ladder = Ladder(check, Reading(judgement).verdicts(of: check.id), judgement.run.clusters.map(\.name))
            let groups = ladder.groups(limit: 60)
            #expect(groups.joined().sorted() == Array(judgement.run.clusters.indices))
            for from in groups {
                for to in groups {
                    let block = ladder.block(from, to)
                    for source in from {
                        for target in to where source != target && ladder.cell(source, target).isBroken {
                            #expect(block.cell.isBroken)
                        }
                    }
                }
            }
        }
    }
}
