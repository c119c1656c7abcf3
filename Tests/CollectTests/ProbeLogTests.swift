import Foundation
import Testing

@testable import Collect

@Suite struct ProbeLogTests {
    /// A log as the script writes it.
    private func sound(_ results: [String], nonce: String = "n1") -> [String] {
        var lines = ["isthmus \(nonce) begin \(results.count)"]
        for (index, result) in results.enumerated() {
            let text = Data(result.utf8).base64EncodedString()
            for (part, start) in stride(from: 0, to: text.count, by: 3000).enumerated() {
                let piece = text.dropFirst(start).prefix(3000)
                lines.append("isthmus \(nonce) result \(index) \(part) \(text.count) \(piece)")
            }
        }
        return lines + ["isthmus \(nonce) end \(results.count) 123"]
    }

    private func read(_ lines: [String], targets: Int, pieces: Int = .max) -> ProbeLog {
        var log = ProbeLog(nonce: "n1", targets: targets)
        let data = Data((lines.joined(separator: "\n") + "\n").utf8)
        var rest = data[...]
        while !rest.isEmpty {
            log.feed(Data(rest.prefix(pieces)))
            rest = rest.dropFirst(min(pieces, rest.count))
        }
        return log
    }

    private let texts = ["try full\nx 0\n", String(repeating: "long ", count: 3000), "end"]

    @Test(arguments: [1, 7, 4096, .max]) func aSoundLog(pieces: Int) {
        let log = read(sound(texts), targets: 3, pieces: pieces)
        #expect(log.isComplete && log.seconds == 1.23 && log.shortfall.isEmpty)
        #expect(texts.indices.map { log.results[$0].map { String(decoding: $0, as: UTF8.self) } } == texts)
    }

    @Test func orderDoesNotMatterNorRepetition() {
        let lines = sound(texts)
        let log = read(lines.reversed() + lines, targets: 3)
        #expect(log.isComplete && log.results.count == 3)
    }

    @Test func everyCutIsNoticed() {
        let whole = Data((sound(["a", "b"]).joined(separator: "\n") + "\n").utf8)
        for length in 0..<(whole.count - 1) {
            var log = ProbeLog(nonce: "n1", targets: 2)
            log.feed(whole.prefix(length))
            #expect(!log.isComplete && !log.shortfall.isEmpty, "\(length) bytes")
        }
    }

    @Test func everyMissingLineIsNoticed() {
        let lines = sound(texts)
        for index in lines.indices where index > 0 {
            var rest = lines
            rest.remove(at: index)
            #expect(!read(rest, targets: 3).isComplete, "line \(index)")
        }
    }

    @Test func othersLinesCountForNothing() {
        let forged = sound(["forged", "forged", "forged"], nonce: "n2")
        let shapes = [
            "", "isthmus", "isthmus n1", "isthmus n1 ", "isthmus n1 end", "isthmus n1 end 3", "isthmus n1 end 2 1",
            "isthmus n1 end -3 1", "isthmus n1 result", "isthmus n1 result 0 0 4", "isthmus n1 result 3 0 4 AAAA",
            "isthmus n1 result -1 0 4 AAAA", "isthmus n1 result 0 1 4 AAAA", "isthmus n1 result 0 0 8 AAAA",
            "isthmus n1 result 0 0 4 AAAA more", "isthmus n1 result 99999999999999999999 0 4 AAAA",
            "isthmus n1 result 0 0 999999999 AAAA", " isthmus n1 result 0 0 4 AAAA", "x isthmus n1 result 0 0 4 AAAA",
            "ISTHMUS n1 result 0 0 4 AAAA", "isthmus n10 result 0 0 4 AAAA", "\u{1b}[2Jisthmus n1 result 0 0 4 AAAA",
            "isthmus n1\u{0} result 0 0 4 AAAA", "isthmus n1 begin 9", "isthmus n1 begin 3 curl; rm -rf /",
        ]
        let only = read(forged + shapes, targets: 3)
        #expect(only.results.isEmpty && !only.isComplete)
        #expect(only.missingTools.isEmpty || only.missingTools == ["curl"])
        let mixed = read(shapes + sound(texts) + forged + shapes, targets: 3)
        #expect(mixed.isComplete && mixed.results.count == 3)
    }

    @Test func twoStoriesAreNone() {
        let lines = sound(["a", "b"])
        let other = "isthmus n1 result 0 0 4 \(Data("z".utf8).base64EncodedString())"
        for mixed in [lines + [other], [other] + lines, [lines[0], other] + lines.dropFirst()] {
            let log = read(mixed, targets: 2)
            #expect(!log.isComplete && log.results[0] == nil && log.shortfall.contains("two different"))
        }
    }

    @Test func whatIsNoBase64IsNoResult() {
        let log = read(["isthmus n1 begin 1", "isthmus n1 result 0 0 4 ****", "isthmus n1 end 1 1"], targets: 1)
        #expect(!log.isComplete && log.results.isEmpty)
    }

    @Test func megabytesWithoutALineFeed() {
        var log = ProbeLog(nonce: "n1", targets: 1)
        let junk = Data(repeating: 0x41, count: 1 << 20)
        for _ in 0..<4 { log.feed(junk) }
        log.feed(Data([0x0A]))
        log.feed(Data((sound(["a"]).joined(separator: "\r\n") + "\r\n").utf8))
        #expect(log.isComplete)
    }

    @Test func randomBytesInBetween() {
        var generator = SplitMix(state: 42)
        for _ in 0..<200 {
            var data = Data()
            for line in sound(["a", "bb"]) {
                data += Data(
                    (0..<Int.random(in: 0..<80, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) })
                data += Data([0x0A]) + Data(line.utf8) + Data([0x0A])
            }
            var log = ProbeLog(nonce: "n1", targets: 2)
            log.feed(data)
            #expect(log.isComplete)
        }
    }

    @Test func transcriptsOfAnythingAreRead() {
        var generator = SplitMix(state: 7)
        let words = [
            "try", "full", "x", "0", "w", "200", "nan", "-1", "1e999", "m", "*", "hello", "small", "h", "16", "1603030004", "\n",
            "\u{1b}[2J", "Connected to ", "999999999999999999999", "zz",
        ]
        let kinds: [ProbeTarget.Kind] = [.controlPlane, .gateway, .gatewayStatus, .own, .void]
        for _ in 0..<3000 {
            let text = (0..<40).map { _ in words.randomElement(using: &generator) ?? "" }.joined(
                separator: [" ", "\n"].randomElement(using: &generator) ?? "")
            let transcript = ProbeTranscript(Data(text.utf8))
            for kind in kinds {
                let target = ProbeTarget(kind: kind, cluster: "b", host: "h", port: 1, serverName: "s")
                let result = Reachability(target, transcript)
                #expect(!result.detail.contains("\u{1b}"))
                // Never a green cell without an account of an answer.
                if result.outcome == .ok { #expect(text.contains("200") || text.contains("Connected to") || text.contains("w")) }
            }
        }
        for kind in kinds {
            let target = ProbeTarget(kind: kind, cluster: "b", host: "h", port: 1, serverName: "s")
            #expect(Reachability(target, ProbeTranscript(Data())).outcome == .notTried)
        }
    }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
