import Facts

/// What a check says of one subject.
package enum Status: String, Sendable, CaseIterable, Hashable, Codable {
    /// Observed, and sound.
    case pass
    /// Observed, and wrong.
    case fail
    /// Observed; works, but is risky or unsupported.
    case warning
    /// Not observed, so neither sound nor wrong.
    case unknown
    /// The question does not arise here.
    case notApplicable = "not_applicable"
    /// What it stands on is not sound, so its own finding would be a symptom. Given by the engine only.
    case blocked
    /// The check itself is at fault. Given by the engine only.
    case error
    /// The facts were not asked for. Given by the engine only.
    case notExamined = "not_examined"

    /// The statuses that a query may give.
    package static let fromQuery: [Status] = [.pass, .fail, .warning, .unknown, .notApplicable]

    /// The status that a query gives by this word; nil where it is none.
    init?(fromQuery word: UnsafeRawBufferPointer) {
        guard let known = Self.words.first(where: { $0.word.withUnsafeBytes { sameBytes($0, word) } }) else { return nil }
        self = known.status
    }

    private static let words = fromQuery.map { (word: Array($0.rawValue.utf8), status: $0) }

    /// Whether a check that requires this one cannot stand on it.
    var blocks: Bool {
        switch self {
        case .fail, .error, .blocked, .unknown, .notExamined: true
        case .pass, .warning, .notApplicable: false
        }
    }
}

/// How many verdicts there are of each status; those with an accepted finding apart.
package struct Tally: Sendable, Equatable {
    package private(set) var counts: [Status: Int] = [:]
    package private(set) var accepted = 0

    package init() {}

    /// Counts these verdicts.
    package init(_ verdicts: ArraySlice<Verdict>) {
        // Neighbours are mostly alike: they are counted as a run, and a dictionary is asked once for each.
        var status: Status?
        var run = 0
        // By position: a verdict taken out of the array is a copy with references to count.
        for index in verdicts.indices {
            if verdicts[index].isAccepted {
                accepted += 1
            } else if verdicts[index].status == status {
                run += 1
            } else {
                if let status { counts[status, default: 0] += run }
                (status, run) = (verdicts[index].status, 1)
            }
        }
        if let status { counts[status, default: 0] += run }
    }

    package static func += (one: inout Tally, other: Tally) {
        one.counts.merge(other.counts, uniquingKeysWith: +)
        one.accepted += other.accepted
    }

    package func count(_ status: Status) -> Int { counts[status] ?? 0 }

    package func has(_ statuses: Status...) -> Bool { statuses.contains { counts[$0] != nil } }
}

/// How bad a finding of a check can be.
package enum Severity: String, Sendable, CaseIterable {
    /// May give `fail` and `warning`.
    case error
    /// May give `warning`, never `fail`.
    case warning
    /// For the reader only: gives neither.
    case info

    func admits(_ status: Status) -> Bool {
        switch status {
        case .fail: self == .error
        case .warning: self != .info
        default: true
        }
    }
}

/// Whose facts a verdict needs.
package enum Span: String, Sendable, CaseIterable {
    /// Those of the subject's own cluster.
    case cluster
    /// Those of the subject's source and target.
    case pair
    /// Those of every cluster.
    case mesh
}

/// The consent that a check's facts need.
package enum Level: String, Sendable, CaseIterable, Comparable {
    case read, probe, mutate

    package static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The parts of the story, in its order; each is a folder of `checks/`.
package enum Phase: String, Sendable, CaseIterable, Comparable {
    case prerequisites, gateway, services, discovery, traffic

    package static func < (a: Phase, b: Phase) -> Bool { a.order < b.order }
    package var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    /// For headings.
    package var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}
