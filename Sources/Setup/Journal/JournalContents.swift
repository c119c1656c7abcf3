package import Foundation
internal import Secrecy
internal import TLS

/// Why a journal cannot be written or read; names the file and, where there is one, the line.
package struct JournalError: Error, Sendable, CustomStringConvertible {
    package let path: String
    package let problem: String
    /// Its run is alive.
    package let isBusy: Bool

    init(_ url: URL, line: Int? = nil, _ problem: String, isBusy: Bool = false) {
        path = url.path
        self.problem = line.map { "line \($0): \(problem)" } ?? problem
        self.isBusy = isBusy
    }

    package var description: String { "journal \(printable(path, limit: 1000)): \(problem)" }
}

/// What a journal says, read as a whole.
package struct JournalContents: Sendable {
    package let url: URL
    package let lines: [JournalLine]
    package let beginning: JournalBeginning
    /// Length of all whole lines; what comes after was cut off while it was written.
    package let wholeBytes: Int

    /// - Throws: `JournalError` with the line that is damaged. A last line without its line feed is no damage.
    package init(_ url: URL) throws(JournalError) {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw JournalError(url, "it cannot be read: \(error.localizedDescription)")
        }
        let whole = data.lastIndex(of: 0x0A).map { data[...$0] } ?? Data()
        wholeBytes = whole.count
        let decoder = JSONDecoder()
        var lines: [JournalLine] = []
        for (index, text) in whole.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().enumerated() {
            guard let text = Self.opened(Data(text)), let line = try? decoder.decode(JournalLine.self, from: text) else {
                throw JournalError(url, line: index + 1, "it is damaged, or no line of a journal")
            }
            guard line.n == index + 1 else {
                throw JournalError(url, line: index + 1, "it says that it is line \(line.n): lines are missing, or not in order")
            }
            lines.append(line)
        }
        guard case .begin(let beginning)? = lines.first?.record else {
            throw JournalError(url, "it does not begin as a journal of isthmus setup does")
        }
        guard beginning.format == JournalBeginning.currentFormat else {
            throw JournalError(
                url,
                "its format is \(beginning.format), and this isthmus reads \(JournalBeginning.currentFormat): "
                    + "use the isthmus that wrote it (\(printable(beginning.isthmus)))")
        }
        self.url = url
        self.lines = lines
        self.beginning = beginning
    }

    /// Holds the journal to what its run is to go on with.
    ///
    /// - Throws: `JournalError` where it is of another mesh, or a cluster of the name was another one.
    package func check(mesh: String, _ clusters: [JournalBeginning.Cluster]) throws(JournalError) {
        let known = self.clusters
        for cluster in clusters {
            guard let was = known[cluster.name], was.uid != cluster.uid else { continue }
            throw JournalError(
                url,
                "its cluster \(printable(cluster.name)) was another one: kube-system had the uid \(printable(was.uid)), and has "
                    + "\(printable(cluster.uid)) now; give the kubeconfig of that one, or another --journal")
        }
        guard beginning.mesh == mesh else {
            throw JournalError(url, "it is of the mesh \(printable(beginning.mesh)), not of \(printable(mesh))")
        }
    }

    private static let opening = Data(#"{"line":"#.utf8)

    private static func closing(_ line: Data) -> Data { Data(#","sum":"\#(sha256Hex(line).prefix(16))"}"#.utf8) }

    /// A line as it stands in the file: JSON, with a sum that tells whether it is still what was written.
    static func sealed(_ line: Data) -> Data { opening + line + closing(line) + [0x0A] }

    /// What was sealed; `nil` where the sum is not the line's.
    private static func opened(_ text: Data) -> Data? {
        let length = closing(Data()).count
        guard text.starts(with: opening), text.count > opening.count + length else { return nil }
        let line = Data(text.dropFirst(opening.count).dropLast(length))
        return text.suffix(length) == closing(line) ? line : nil
    }

    /// One act, and what became of it.
    package struct Entry: Sendable {
        package enum Outcome: Sendable {
            /// The journal ends between the act's announcement and its end: it may have been done or not.
            case unknown
            case done(ObjectState)
            case notDone
            case undone
        }
        package var line: Int
        package var intent: JournalIntent
        package var outcome: Outcome
    }

    /// All acts in the order in which they were begun.
    package var entries: [Entry] {
        var entries: [Entry] = []
        var index: [Int: Int] = [:]
        func set(_ line: Int, _ outcome: Entry.Outcome) {
            if let place = index[line] { entries[place].outcome = outcome }
        }
        for line in lines {
            switch line.record {
            case .intent(let intent):
                index[line.n] = entries.count
                entries.append(Entry(line: line.n, intent: intent, outcome: .unknown))
            case .done(let act, let after): set(act, .done(after))
            case .notDone(let act, _): set(act, .notDone)
            case .undone(let act, _): set(act, .undone)
            case .begin, .resume, .end: break
            }
        }
        return entries
    }

    /// The clusters of the run, those that came while it was resumed included; by name.
    package var clusters: [String: JournalBeginning.Cluster] {
        lines.reduce(into: [:]) { clusters, line in
            switch line.record {
            case .begin(let beginning): for cluster in beginning.clusters { clusters[cluster.name] = cluster }
            case .resume(_, let more): for cluster in more { clusters[cluster.name] = cluster }
            default: break
            }
        }
    }

    /// UIDs of what the run has made or changed and not taken back, by act.
    package var made: [String: String] {
        entries.reduce(into: [:]) { made, entry in
            if case .done(let after) = entry.outcome { made[entry.intent.act] = after.uid }
        }
    }

    /// By cluster, the steps of what the run has made or changed and not taken back. A run that was broken off may not have waited
    /// until any of it was ready.
    package var begun: [String: Set<SetupStep>] {
        entries.reduce(into: [:]) { begun, entry in
            switch entry.outcome {
            case .done, .unknown:
                if let step = Act.step(of: entry.intent.act) { begun[entry.intent.object.cluster, default: []].insert(step) }
            case .notDone, .undone: break
            }
        }
    }

    /// How the run ended; `nil` where it can be resumed.
    package var ending: JournalEnding? {
        if case .end(let ending)? = lines.last?.record { ending } else { nil }
    }
}
