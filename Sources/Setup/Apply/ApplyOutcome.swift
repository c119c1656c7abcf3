/// What an apply came to.
package struct ApplyOutcome: Sendable {
    package struct Cluster: Sendable, Hashable {
        package var name: String
        package var created = 0
        package var changed = 0
        /// What the plan leaves as it is, and what came true by itself.
        package var left = 0
        /// Writes that were not begun.
        package var notDone = 0
        package var failure: SetupFailure?
    }

    package var clusters: [Cluster]
    /// Verdicts that kept endpoint discovery from beginning.
    package var gates: [Gate]
    /// For the whole mesh.
    package var failure: SetupFailure?
    package var isInterrupted: Bool

    /// Everything that was planned is done.
    package var isComplete: Bool {
        failure == nil && gates.isEmpty && !isInterrupted && clusters.allSatisfy { $0.failure == nil && $0.notDone == 0 }
    }
}
