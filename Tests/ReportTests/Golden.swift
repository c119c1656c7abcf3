import Foundation
import Testing

/// Compares with a recorded output in `Golden/`. `ISTHMUS_RECORD=1` records anew, and lets the test fail, so that a run that only
/// recorded can never pass for one that compared.
func expectGolden(_ name: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)")
    if ProcessInfo.processInfo.environment["ISTHMUS_RECORD"] == "1" {
        try Data(text.utf8).write(to: file)
        Issue.record("recorded \(name); look at it, then run again without ISTHMUS_RECORD", sourceLocation: sourceLocation)
        return
    }
    guard let recorded = try? String(contentsOf: file, encoding: .utf8) else {
        Issue.record("Golden/\(name) is not there; record it with ISTHMUS_RECORD=1", sourceLocation: sourceLocation)
        return
    }
    if recorded == text { return }
    let old = recorded.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(old, new).enumerated().first { $1.0 != $1.1 }?.offset ?? min(old.count, new.count)
    Issue.record(
        """
        Golden/\(name) differs from line \(line + 1) on
        recorded: \(line < old.count ? String(old[line]) : "(end)")
        now:      \(line < new.count ? String(new[line]) : "(end)")
        """, sourceLocation: sourceLocation)
}
