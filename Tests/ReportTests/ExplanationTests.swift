import CheckFiles
import Foundation
import Testing

@testable import Judge
@testable import Report

struct ExplanationTests {
    @Test("Every built-in check is explained at any width; only commands and addresses are wider", arguments: [60, 100])
    func all(width: Int) throws {
        let catalogue = try CheckCatalogue.embedded()
        for (number, check) in catalogue.checks.enumerated() {
            // Examples of every twentieth: making them judges its cases.
            let examples = number % 20 == 0 ? try CheckExample.list(check, catalogue, files: .embedded) : []
            let explanation = Explanation(check, in: catalogue, examples: examples, faults: KnownFault.of(check.id))
            let commands = examples.flatMap { $0.remedy.split(separator: "\n").map { $0.drop { $0 == " " } } }
            for unicode in [true, false] {
                let text = explanation.human(on: Medium(width: width, unicode: unicode, colour: false), verbose: true)
                #expect(unicode || text.utf8.allSatisfy { $0 < 0x80 })
                if !unicode { continue }
                for line in text.split(separator: "\n") where displayWidth(line) > width {
                    let isCommand =
                        commands.contains { line.hasSuffix($0) } || line.hasPrefix("Read on") || line.hasPrefix("Query")
                    #expect(isCommand, "\(check.id): \(line)")
                }
                #expect(text.contains("isthmus checks show \(check.id)"))
                for fault in KnownFault.of(check.id) { #expect(text.contains(fault.name)) }
            }
        }
    }

    @Test func human() throws {
        let catalogue = try CheckCatalogue.embedded()
        let check = try #require(catalogue.check("gateway-has-endpoints"))
        let explanation = Explanation(
            check, in: catalogue,
            examples: [
                CheckExample(
                    name: "nobody home", status: .fail, message: "The gateway of a has no endpoint", remedy: "kubectl get pods"),
                CheckExample(
                    name: "still nobody", status: .fail, message: "The gateway of b has none either", remedy: "kubectl get pods"),
                CheckExample(name: "not seen", status: .unknown, message: "Not known", remedy: ""),
            ],
            faults: (1...9).map { number in
                KnownFault(
                    name: "fault-\(number)",
                    header:
                        "# title: Fault \(number)\n# symptom: s\n# evidence: e\n# cause: c\n# remedy: r\n# first: gateway-has-endpoints"
                )!
            })
        let text = explanation.human(on: Medium(width: 80, unicode: true, colour: false))
        // From the examples on: what stands above is the check's own text.
        let start = try #require(text.range(of: "What it says"))
        try expectGolden("explanation.txt", String(text[start.lowerBound...]))
    }
}
