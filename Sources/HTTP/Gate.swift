/// An exchange that has not started yet.
struct Candidate {
    var exchange: Exchange
    var target: Target
    var proxy: String?
}

/// Lets requests to one server start together without that each opens a connection: the first one leads, the others wait until
/// its connection
/// stands and then share it. If the connection fails, it has failed for all of them, at once instead of one timeout after the
/// other.
///
/// It also keeps the number of requests under way to one server below the number of streams that HTTP/2 servers allow, so that
/// one
/// connection is enough.
struct Gate {
    /// Below the 100 streams that many HTTP/2 servers allow.
    static let maximumUnderway = 96

    private struct Origin: Hashable {
        var scheme: String
        var host: String
        var port: Int
        var endpoint: HTTPEndpoint
    }

    private struct Lane {
        /// The exchange whose connection the others wait for.
        var leader: UInt64?
        /// A connection stood when last seen.
        var isOpen = false
        var underway = 0
        var waiting: [Candidate] = []
    }

    private var lanes: [Origin: Lane] = [:]
    /// The lane of each exchange that has started, and whether it counts as under way (streams do not: they may last).
    private var started: [UInt64: (origin: Origin, counts: Bool)] = [:]

    /// Those to start now: the candidate, or none when it has to wait.
    mutating func admit(_ candidate: Candidate) -> [Candidate] {
        // What must not be repeated has a connection of its own.
        guard candidate.exchange.request.mayRepeat else { return [candidate] }
        let origin = Self.origin(candidate)
        lanes[origin, default: Lane()].waiting.append(candidate)
        return next(origin)
    }

    /// The exchange's connection stands: those that may start now.
    mutating func connected(_ id: UInt64) -> [Candidate] {
        guard let origin = started[id]?.origin, lanes[origin]?.leader == id else { return [] }
        lanes[origin]?.leader = nil
        lanes[origin]?.isOpen = true
        return next(origin)
    }

    /// The exchange has ended: those that share its failure, and those that may start now.
    mutating func finished(_ id: UInt64, isConnected: Bool, failure: HTTPFailure?) -> (failed: [Candidate], next: [Candidate]) {
        guard let (origin, counts) = started.removeValue(forKey: id), var lane = lanes[origin] else { return ([], []) }
        if counts { lane.underway -= 1 }
        var failed: [Candidate] = []
        if isConnected {
            lane.isOpen = true
        } else if let failure, failure.concernsServer {
            lane.isOpen = false
            if lane.leader == id { swap(&failed, &lane.waiting) }
        }
        if lane.leader == id { lane.leader = nil }
        lanes[origin] = lane
        return (failed, next(origin))
    }

    /// Takes a waiting exchange out; `nil`: it does not wait.
    mutating func remove(_ id: UInt64) -> Candidate? { take { $0.exchange.id == id }.first }

    mutating func removeExpired(_ now: ContinuousClock.Instant) -> [Candidate] { take { $0.exchange.deadline <= now } }

    mutating func removeAll() -> [Candidate] { take { _ in true } }

    /// The first deadline of those that wait.
    var nextDeadline: ContinuousClock.Instant? {
        lanes.values.lazy.flatMap(\.waiting).map(\.exchange.deadline).min()
    }

    private mutating func next(_ origin: Origin) -> [Candidate] {
        guard var lane = lanes[origin] else { return [] }
        var result: [Candidate] = []
        while lane.leader == nil, lane.underway < Self.maximumUnderway, !lane.waiting.isEmpty {
            let candidate = lane.waiting.removeFirst()
            var counts = true
            if case .stream = candidate.exchange.sink { counts = false }
            if counts { lane.underway += 1 }
            if !lane.isOpen { lane.leader = candidate.exchange.id }
            started[candidate.exchange.id] = (origin, counts)
            result.append(candidate)
        }
        lanes[origin] = lane
        return result
    }

    private mutating func take(_ isTaken: (Candidate) -> Bool) -> [Candidate] {
        var taken: [Candidate] = []
        for (origin, lane) in lanes where lane.waiting.contains(where: isTaken) {
            taken += lane.waiting.filter(isTaken)
            lanes[origin]?.waiting.removeAll(where: isTaken)
        }
        return taken
    }

    private static func origin(_ candidate: Candidate) -> Origin {
        Origin(
            scheme: candidate.target.scheme, host: candidate.target.host, port: candidate.target.port,
            endpoint: candidate.exchange.request.endpoint)
    }
}

extension HTTPFailure {
    /// Whether a failure to connect says something about the server (or the way to it) rather than about this one request.
    fileprivate var concernsServer: Bool {
        switch self {
        case .cancelled, .badURL, .badRequest, .bodyTooLarge, .redirected: false
        default: true
        }
    }
}
