import Judge
import Testing

@testable import Report

/// The view of `isthmus verify`: what was proved for each pair, and what each proof leaves open.
struct ProofsTests {
    private func text(_ sample: Sample, command: String = "verify", width: Int = 100) -> String {
        var sample = sample
        sample.run.command = command
        return HumanReport(
            sample.judgement, ReportContext(), on: Medium(width: width, unicode: true, colour: false)
        ).render()
    }

    @Test func soundSaysWhatItDidNotProve() throws {
        let text = text(Sample(["a", "b"]))
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("1 ✔ gateway handshake: 2 of 2 pairs; leaves open whether the target accepts"))
        #expect(words.contains("identity: not examined: it takes --with-ca-key"))
        #expect(words.contains("workloads: not examined: it takes --level mutate: test workloads"))
        // All pairs are alike: no table.
        #expect(!text.contains("a → b  "))
        let proofs = try #require(text.firstRange(of: "Proofs")), phases = try #require(text.firstRange(of: "Prerequisites"))
        #expect(proofs.lowerBound < phases.lowerBound)
    }

    @Test func brokenPairsComeFirst() throws {
        var sample = Sample(["a", "b", "c"])
        sample.breakRoot()
        let text = text(sample)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(text.contains("gateway handshake: 2 of 6 pairs"))
        let broken = try #require(lines.firstIndex { $0.hasPrefix("    a → c") })
        let sound = try #require(lines.firstIndex { $0.hasPrefix("    a → b") })
        #expect(broken < sound && lines[broken].contains("▢") && lines[sound].contains("✔"))
    }

    @Test func otherCommandsShowNoProofs() {
        #expect(!text(Sample(["a", "b"]), command: "preflight").contains("Proofs"))
    }

    @Test func manyPairsAreCounted() {
        var sample = Sample((1...12).map { "c\($0)" })
        sample.breakRoot()
        #expect(text(sample).contains("and 108 more pairs"))
    }
}
