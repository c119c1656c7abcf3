internal import Foundation

/// Reads a pod's log: one run's lines, whatever else stands between them.
///
/// A line counts only if it has this run's nonce, which nobody outside can guess, and exactly the form that the script writes.
/// Everything else is passed over, however long it is. Lines may come twice, as when a broken stream is read again; two
/// different lines for one place make that target's result worthless.
struct ProbeLog: Sendable {
    /// Of one line; the script's are shorter than 4096 bytes.
    private static let longestLine = 8192
    private static let partSize = 3000
    /// Encoded; a result is seldom more than 10 kB.
    private static let largestResult = 120_000

    private let prefix: [UInt8]
    private let targets: Int
    private var line: [UInt8] = []
    private var isTooLong = false
    private var parts: [Int: Parts] = [:]
    private var spoiled: Set<Int> = []
    private var isEnded = false

    /// Decoded results by target.
    private(set) var results: [Int: Data] = [:]
    /// The script has begun.
    private(set) var isBegun = false
    /// How long the script took; `nil` before its end.
    private(set) var seconds: Double?
    /// Tools that the image does not have.
    private(set) var missingTools: [String] = []

    private struct Parts: Sendable {
        var size: Int
        var parts: [Int: [UInt8]] = [:]
    }

    init(nonce: String, targets: Int) {
        prefix = Array("isthmus \(nonce) ".utf8)
        self.targets = targets
    }

    /// Every target's result is here, and so is the end.
    var isComplete: Bool { isEnded && results.count == targets }

    /// Takes the next bytes.
    ///
    /// - Returns: whether a result was added.
    @discardableResult
    mutating func feed(_ data: Data) -> Bool {
        let before = results.count
        for byte in data {
            if byte == 0x0A {
                if !isTooLong { read(line[...]) }
                line.removeAll(keepingCapacity: true)
                isTooLong = false
            } else if line.count < Self.longestLine {
                line.append(byte)
            } else {
                isTooLong = true
            }
        }
        return results.count > before
    }

    private mutating func read(_ bytes: ArraySlice<UInt8>) {
        // Anything that the container wrote before without a line feed stands in front.
        guard bytes.starts(with: prefix) else { return }
        let text = String(decoding: bytes.dropFirst(prefix.count).filter { $0 != 0x0D }, as: UTF8.self)
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        switch words.first {
        case "begin":
            guard words.count >= 2, Int(words[1]) == targets else { return }
            isBegun = true
            missingTools = words.dropFirst(2).filter { Self.tools.contains(String($0)) }.map(String.init)
        case "end":
            guard words.count == 3, Int(words[1]) == targets, let hundredths = Int(words[2]), hundredths >= 0 else { return }
            isEnded = true
            seconds = Double(hundredths) / 100
        case "result":
            guard words.count == 5, let index = Int(words[1]), (0..<targets).contains(index), let part = Int(words[2]),
                let size = Int(words[3]), (1...Self.largestResult).contains(size)
            else { return }
            add(part, Array(words[4].utf8), of: size, to: index)
        default: return
        }
    }

    private static let tools: Set<String> = [
        "curl", "nc", "od", "dd", "base64", "mkfifo", "timeout", "tr", "sed", "grep", "head", "wc", "cat",
    ]

    private mutating func add(_ part: Int, _ bytes: [UInt8], of size: Int, to index: Int) {
        guard !spoiled.contains(index) else { return }
        var known = parts[index] ?? Parts(size: size)
        let count = (size + Self.partSize - 1) / Self.partSize
        guard (0..<count).contains(part) else { return }
        let expected = part == count - 1 ? size - part * Self.partSize : Self.partSize
        // Cut off, or with another writer's bytes in it: as if it had not come.
        guard bytes.count == expected else { return }
        guard known.size == size, known.parts[part] == nil || known.parts[part] == bytes else {
            spoiled.insert(index)
            parts[index] = nil
            results[index] = nil
            return
        }
        known.parts[part] = bytes
        parts[index] = known
        guard results[index] == nil, known.parts.count == count else { return }
        let whole = (0..<count).flatMap { known.parts[$0] ?? [] }
        results[index] = Data(base64Encoded: Data(whole))
    }

    /// Why the log is not complete, in words; empty where it is.
    var shortfall: String {
        if isComplete { return "" }
        if !spoiled.isEmpty { return "the log holds two different results for one target" }
        if !isBegun { return "the log does not hold the beginning of the results" }
        let end = isEnded ? "holds" : "ends after"
        return "the log \(end) \(results.count) of \(targets) results"
    }
}
