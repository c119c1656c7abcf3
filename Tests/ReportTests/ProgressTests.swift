import Synchronization
import Testing

@testable import Report

struct ProgressTests {
    private static let medium = Medium(width: 80, unicode: true, colour: false)

    private final class Screen: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

        func progress(_ size: (columns: Int, rows: Int)?, _ medium: Medium = ProgressTests.medium) -> LiveProgress {
            LiveProgress(medium: medium, size: { size }, write: { [self] piece in bytes.withLock { $0 += piece } })
        }
    }

    @Test func lines() throws {
        let lines = [
            ProgressLine(cluster: "east", done: 28, total: 28, note: "done"),
            ProgressLine(cluster: "datacentre-1", done: 11, total: 28, note: "kubernetes"),
            ProgressLine(cluster: "w\u{1B}[2Jest", done: 0, total: 0, note: "waiting for 10.10.2.2:6443, gives up in 8 s"),
        ]
        let rendered = Screen().progress((60, 24)).render(lines, columns: 60, rows: 24)
        try expectGolden("progress.txt", rendered.joined(separator: "\n") + "\n")
        #expect(Screen().progress((60, 24)).render(lines, columns: 30, rows: 24).allSatisfy { displayWidth($0) < 30 })
    }

    @Test("More clusters than the terminal is high: the unfinished ones, and a sum")
    func manyClusters() throws {
        let lines = (1...200).map { ProgressLine(cluster: "cluster-\($0)", done: $0 <= 150 ? 28 : $0 % 28, total: 28) }
        let rendered = Screen().progress((80, 12)).render(lines, columns: 80, rows: 12)
        #expect(rendered.count == 10)
        #expect(rendered.last == "150 of 200 clusters done")
        #expect(rendered.first?.hasPrefix("cluster-151") == true)
    }

    @Test("Redrawn in place, and gone at the end")
    func redraw() {
        let screen = Screen()
        let progress = screen.progress((80, 24))
        progress.redraw()
        #expect(screen.text.isEmpty)
        progress.update(ProgressLine(cluster: "east", done: 1, total: 2))
        progress.update(ProgressLine(cluster: "west", done: 1, total: 2))
        progress.redraw()
        progress.redraw()
        progress.update(ProgressLine(cluster: "west", done: 2, total: 2))
        progress.redraw()
        progress.erase()
        progress.update(ProgressLine(cluster: "west", done: 2, total: 2))
        progress.redraw()
        progress.erase()
        let frames = [
            "\r" + "east  ▰▰▰▰▰▱▱▱▱▱  1/2\u{1B}[K\n" + "west  ▰▰▰▰▰▱▱▱▱▱  1/2\u{1B}[K\n" + "\u{1B}[J",
            "\r\u{1B}[2A" + "east  ▰▰▰▰▰▱▱▱▱▱  1/2\u{1B}[K\n" + "west  ▰▰▰▰▰▰▰▰▰▰  2/2\u{1B}[K\n" + "\u{1B}[J",
            "\r\u{1B}[2A\u{1B}[2K\n\u{1B}[2K\n\r\u{1B}[2A",
        ]
        #expect(screen.text == frames.joined())
    }

    @Test("Without a terminal: a line per phase, and no cursor movement")
    func piped() async throws {
        let screen = Screen()
        let progress = screen.progress(nil)
        try await progress.during {
            progress.phase("collecting from 2 clusters")
            progress.update(ProgressLine(cluster: "east", done: 1, total: 2))
            progress.redraw()
            progress.phase("judging\u{1B}[2J")
        }
        #expect(screen.text == "collecting from 2 clusters\njudging\\u{1b}[2J\n")
    }

    @Test("Gone even when the work fails, and never faster than ten times a second")
    func failure() async throws {
        struct Broken: Error {}
        let (frames, continuation) = AsyncStream.makeStream(of: String.self)
        let progress = LiveProgress(
            medium: Self.medium, size: { (80, 24) }, write: { continuation.yield(String(decoding: $0, as: UTF8.self)) })
        let clock = ContinuousClock()
        let start = clock.now
        var reader = frames.makeAsyncIterator()
        await #expect(throws: Broken.self) {
            try await progress.during {
                for done in 1...3 {
                    progress.update(ProgressLine(cluster: "east", done: done, total: 0))
                    #expect(await reader.next()?.hasSuffix("\u{1B}[J") == true)
                }
                throw Broken()
            }
        }
        #expect(clock.now - start >= LiveProgress.interval * 3)
        #expect(await reader.next() == "\r\u{1B}[1A\u{1B}[2K\n\r\u{1B}[1A")
    }

    @Test func phasesAreNotShownOnATerminal() {
        let screen = Screen()
        screen.progress((80, 24)).phase("collecting")
        #expect(screen.text.isEmpty)
    }
}
