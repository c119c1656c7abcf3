package import Judge

/// What a judgement comes to: the one answer that every report gives and the exit code says.
package struct Outcome: Sendable, Hashable {
    /// The answer in a word. `noFault` is not `ready`: nothing failed, but not everything was seen.
    package enum Answer: String, Sendable, Hashable {
        /// All that there is to examine was examined, and passed.
        case ready
        /// A check failed.
        case notReady = "not_ready"
        /// Nothing failed, but something is unknown, blocked, not examined or skipped.
        case noFault = "no_fault_found"
        /// Nothing failed, but a check could not be judged because isthmus or the check itself is broken.
        case notJudged = "not_judged"
        /// No check had anything to judge.
        case nothingExamined = "nothing_examined"
    }

    package let answer: Answer
    /// The code that the process ends with: 0, 1, 3 or 4, as docs/design.md says.
    package let exitCode: Int32
    /// Verdicts per status, without the accepted findings.
    package let counts: [Status: Int]
    /// Findings that the operator accepted, whatever their status.
    package let accepted: Int
    /// Checks that the operator left out.
    package let skipped: Int

    /// - Parameters:
    ///   - failOnWarning: `--fail-on warning`: a warning counts as a failure.
    ///   - brokenOff: The run was broken off; what it did not come to is not examined, whether the judgement knows of it or not.
    package init(_ judgement: Judgement, failOnWarning: Bool = false, brokenOff: Bool = false) {
        let counts = judgement.counts
        self.counts = counts
        accepted = judgement.verdicts.count - counts.values.reduce(0, +)
        skipped = judgement.skipped.count
        func any(_ statuses: Status...) -> Bool { statuses.contains { counts[$0, default: 0] > 0 } }
        let failed = any(.fail) || (failOnWarning && any(.warning))
        let unseen = any(.unknown, .blocked, .notExamined) || brokenOff
        if failed {
            answer = .notReady
        } else if any(.error) {
            answer = .notJudged
        } else if unseen {
            answer = .noFault
        } else if !any(.pass, .warning), accepted == 0 {
            answer = .nothingExamined
        } else {
            answer = skipped > 0 ? .noFault : .ready
        }
        let code = Judgement.exitCode(of: counts, accepted: accepted, failOnWarning: failOnWarning)
        exitCode = code == 0 && brokenOff ? 4 : code
    }

    package var isReady: Bool { answer == .ready }
    package func count(_ status: Status) -> Int { counts[status, default: 0] }

    /// What the exit code means, in a few words.
    package var exitMeaning: String {
        switch exitCode {
        case 0: "every examined check passed"
        case 1: "isthmus itself failed"
        case 3: count(.fail) > 0 ? "a check failed" : "a warning, and --fail-on warning"
        default: "nothing failed, but not everything was seen"
        }
    }
}

/// What a report needs to know that is not part of the judgement.
package struct ReportContext: Sendable {
    /// How long the run took, in seconds; nil where it is not known.
    package var duration: Double?
    /// The snapshot file that was judged or written.
    package var snapshot: String?
    /// `--fail-on warning`.
    package var failOnWarning: Bool
    /// Why the run ended before its end (`^C`, a deadline); nil for a whole run.
    package var brokenOff: String?

    package init(duration: Double? = nil, snapshot: String? = nil, failOnWarning: Bool = false, brokenOff: String? = nil) {
        self.duration = duration
        self.snapshot = snapshot
        self.failOnWarning = failOnWarning
        self.brokenOff = brokenOff
    }

    package func outcome(of judgement: Judgement) -> Outcome {
        Outcome(judgement, failOnWarning: failOnWarning, brokenOff: brokenOff != nil)
    }
}
