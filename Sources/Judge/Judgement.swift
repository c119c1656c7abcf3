import Facts

/// The run whose snapshot was judged.
package struct RunInfo: Sendable, Equatable {
    /// Version of the isthmus that took the snapshot.
    package var toolVersion = ""
    /// The subcommand that took it.
    package var command = ""
    package var level = Level.read
    /// Seconds since 1970.
    package var now = 0
    /// nil where it is not known.
    package var meshID: String?
    package var fleetProject = ""
    package var revision = ""
    package var clusters: [Cluster] = []

    package struct Cluster: Sendable, Equatable {
        package let name: String
        /// nil where it could not be told.
        package let platform: String?
        package let server: String
    }
}

/// One broken thing, and what it explains.
package struct Cause: Sendable {
    package let check: Check
    /// `fail` or `error`; else the status of what could not be told and so blocks others.
    package let status: Status
    /// The subjects that it was found on.
    package let subjects: [String]
    /// What is blocked by it.
    package let explains: [Explained]

    package struct Explained: Sendable, Equatable, Hashable {
        package let check: String
        package let subject: String
    }
}

/// A check that was left out.
package struct Skipped: Sendable, Equatable {
    package let check: String
    package let reason: String
}

/// Everything that is to be said of a snapshot.
package struct Judgement: Sendable {
    package let run: RunInfo
    /// The checks that were judged, in order.
    package let checks: [Check]
    /// By check in order, then by subject in the order of its table.
    package let verdicts: [Verdict]
    /// Findings first, then what blocks others without being wrong; within that by phase and depth, then by how much it explains.
    package let causes: [Cause]
    package let skipped: [Skipped]
    /// Accepted findings that are expired or cover nothing.
    package let notes: [String]

    /// Verdicts by status; those with an accepted finding are not among them.
    package let counts: [Status: Int]
    /// Verdicts that an accepted finding covers.
    package let acceptedCount: Int

    init(run: RunInfo, checks: [Check], verdicts: [Verdict], causes: [Cause], skipped: [Skipped], notes: [String]) {
        self.run = run
        self.checks = checks
        self.verdicts = verdicts
        self.causes = causes
        self.skipped = skipped
        self.notes = notes
        let tally = Tally(verdicts[...])
        counts = tally.counts
        acceptedCount = tally.accepted
    }

    /// The process's exit code: 0 sound, 1 isthmus or a check is broken, 3 something is wrong, 4 something is not known.
    package func exitCode(failOnWarning: Bool = false) -> Int32 {
        Judgement.exitCode(of: counts, accepted: acceptedCount, failOnWarning: failOnWarning)
    }

    /// The exit code for these numbers of verdicts. 3 wins over 1: what is known to be wrong is the first thing to mend.
    package static func exitCode(of counts: [Status: Int], accepted: Int = 0, failOnWarning: Bool) -> Int32 {
        func any(_ statuses: Status...) -> Bool { statuses.contains { (counts[$0] ?? 0) > 0 } }
        if any(.fail) || (failOnWarning && any(.warning)) { return 3 }
        if any(.error) { return 1 }
        if any(.unknown, .blocked, .notExamined) { return 4 }
        // Where nothing was examined at all, nothing is green.
        return any(.pass, .warning) || accepted > 0 ? 0 : 4
    }
}
