/// How far the user lets isthmus go.
package enum Level: String, Sendable, CaseIterable, Comparable {
    /// Asks APIs and connects to addresses from this machine.
    case read
    /// Also runs short-lived pods.
    case probe
    /// Also deploys test workloads.
    case mutate

    package static func < (a: Level, b: Level) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}

/// How a collection is to run.
package struct CollectOptions: Sendable {
    package var level: Level
    /// Longest time for one request, from the name lookup to the last byte.
    package var timeout: Duration
    /// Longest time until a connection stands, within `timeout`.
    package var connectTimeout: Duration
    /// Programs that a kubeconfig may run beyond the well-known ones.
    package var allowExec: [String]
    /// `nil`: Google's APIs are not asked.
    package var google: GoogleOptions?
    /// For level probe and above.
    package var probe: ProbeOptions
    /// Each cluster's signing key is read into memory, to prove whom the others accept.
    package var withCAKey: Bool
    /// At level mutate each cluster's server is taken away in turn, to see whether the others answer.
    package var failover: Bool
    /// Of the isthmus that collects; goes into the snapshot.
    package var toolVersion: String
    /// The subcommand, without arguments.
    package var command: String

    package init(
        level: Level = .read, timeout: Duration = .seconds(10), connectTimeout: Duration = .seconds(5), allowExec: [String] = [],
        google: GoogleOptions? = nil, probe: ProbeOptions = ProbeOptions(), withCAKey: Bool = false, failover: Bool = false,
        toolVersion: String, command: String
    ) {
        self.level = level
        self.timeout = timeout
        self.connectTimeout = min(connectTimeout, timeout)
        self.allowExec = allowExec
        self.google = google
        self.probe = probe
        self.withCAKey = withCAKey
        self.failover = failover
        self.toolVersion = toolVersion
        self.command = command
    }
}

/// What happens while facts are collected, for a display of progress. Holds no secret.
package struct CollectEvent: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case started
        /// So many of the cluster's questions are answered, one way or the other.
        case progress(done: Int, of: Int)
        /// The API server answered; perhaps not every question.
        case finished
        /// The API server did not answer; why, in words.
        case failed(String)
        /// A pod looks from inside: what is being waited for, or how many of its targets have told.
        case probing(String, done: Int, of: Int)
        /// Something that isthmus made could not be removed; what, and why.
        case left(String)
    }

    package var cluster: String
    package var kind: Kind

    package init(cluster: String, kind: Kind) {
        self.cluster = cluster
        self.kind = kind
    }
}
