import Judge
import Testing

@testable import Report

struct HumanReportTests {
    private func medium(_ width: Int) -> Medium { Medium(width: width, unicode: true, colour: false) }

    @Test("A broken mesh, at each width and size", arguments: [40, 80, 200], [2, 3, 30, 200])
    func broken(width: Int, count: Int) throws {
        let report = HumanReport(Meshes.broken(count), Meshes.context, on: medium(width))
        try expectGolden("broken-\(count)-clusters-\(width).txt", report.render())
    }

    @Test func sound() throws {
        try expectGolden("sound.txt", HumanReport(Meshes.sound, Meshes.context, on: medium(80)).render())
    }

    @Test func noFault() throws {
        try expectGolden("no-fault.txt", HumanReport(Meshes.noFault, Meshes.context, on: medium(80)).render())
    }

    @Test func mixed() throws {
        try expectGolden("mixed.txt", HumanReport(Meshes.mixed, Meshes.context, on: medium(100)).render())
    }

    @Test func verbose() throws {
        try expectGolden("verbose.txt", HumanReport(Meshes.mixed, Meshes.context, on: medium(100), verbose: true).render())
    }

    @Test func hostile() throws {
        try expectGolden("hostile.txt", HumanReport(Meshes.hostile, Meshes.context, on: medium(100)).render())
    }

    @Test func ascii() throws {
        let report = HumanReport(Meshes.mixed, Meshes.context, on: Medium(width: 80, unicode: false, colour: false)).render()
        #expect(report.utf8.allSatisfy { $0 < 0x80 })
        try expectGolden("ascii.txt", report)
    }

    @Test func brokenOff() throws {
        let context = ReportContext(duration: 75.2, brokenOff: "interrupted (^C)")
        let report = HumanReport(Meshes.sound, context, on: medium(80)).render()
        #expect(!report.contains("READY "))
        try expectGolden("broken-off.txt", report)
    }

    @Test func nothing() throws {
        try expectGolden("nothing.txt", HumanReport(Sample([]).judgement, on: medium(80)).render())
    }

    @Test("Colour only decorates: without it the text is the same")
    func colour() throws {
        let coloured = HumanReport(Meshes.mixed, Meshes.context, on: Medium(width: 100, unicode: true, colour: true)).render()
        #expect(coloured.contains("\u{1B}[1;31m"))
        let plain = coloured.replacing(try Regex("\u{1B}\\[[0-9;]*m"), with: "")
        #expect(plain == HumanReport(Meshes.mixed, Meshes.context, on: medium(100)).render())
    }

    @Test("No control character, no bidirectional mark reaches the terminal", arguments: [true, false])
    func hostileTextIsVisible(verbose: Bool) {
        for unicode in [true, false] {
            let medium = Medium(width: 60, unicode: unicode, colour: false)
            let report = HumanReport(Meshes.hostile, Meshes.context, on: medium, verbose: verbose).render()
            for scalar in report.unicodeScalars where scalar != "\n" {
                let category = scalar.properties.generalCategory
                #expect(
                    ![.control, .format, .lineSeparator, .unassigned].contains(category), "U+\(String(scalar.value, radix: 16))")
            }
            #expect(!report.split(separator: "\n").dropFirst().contains { $0.hasPrefix("READY") })
        }
    }

    @Test("Only commands and paths are wider than the terminal", arguments: [40, 60, 80, 100, 137, 200])
    func width(width: Int) {
        for judgement in [
            Meshes.broken(2), Meshes.broken(3), Meshes.broken(30), Meshes.mixed, Meshes.noFault, Meshes.sound, Meshes.hostile,
        ] {
            // With thirty clusters the verbose report has thousands of lines of the same kind.
            for verbose in judgement.run.clusters.count > 20 ? [false] : [false, true] {
                let report = HumanReport(judgement, Meshes.context, on: medium(width), verbose: verbose).render()
                for line in report.split(separator: "\n") where displayWidth(line) > width {
                    let text = line.replacing("Fix", with: "").drop { $0 == " " }
                    #expect(
                        text.hasPrefix("kubectl ") || text.hasPrefix("isthmus ") || text.hasPrefix("Snapshot: ")
                            || text.hasPrefix("Why ") || text.hasPrefix("To look "), "\(line)")
                }
                #expect(!report.contains(" \n"))
                #expect(!report.contains("\n\n\n"))
            }
        }
    }

    @Test("A command is printed whole at any width", arguments: [20, 40, 80])
    func commandsAreWhole(width: Int) {
        let report = HumanReport(Meshes.broken(2), Meshes.context, on: medium(width)).render()
        for verdict in Meshes.broken(2).verdicts where verdict.status == .fail {
            for command in verdict.remedy.split(separator: "\n").dropFirst() { #expect(report.contains(command)) }
        }
    }
}
