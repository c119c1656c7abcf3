/// The pauses between attempts: growing, with jitter, so that many clients do not come back in step.
struct Backoff {
    /// What an outcome asks for.
    enum Request {
        case no
        case soon
        /// `Retry-After`, in seconds.
        case after(Int)
    }

    static let maximumAttempts = 4
    static let base: Duration = .milliseconds(100)
    static let cap: Duration = .seconds(2)

    /// Attempts made so far.
    var attempts = 0

    /// How long to wait before the next attempt; `nil`: there should be none.
    func next(_ request: Request) -> Duration? {
        guard attempts < Self.maximumAttempts else { return nil }
        let step = min(Self.base * (1 << (attempts - 1)), Self.cap)
        let jittered = step * Double.random(in: 0.5...1)
        return switch request {
        case .no: nil
        case .soon: jittered
        case .after(let seconds): .seconds(seconds) + jittered
        }
    }

    /// What a status asks for: 429 and 503 mean "later".
    static func asked(status: Int, headers: [HTTPHeader]) -> Request {
        guard status == 429 || status == 503 else { return .no }
        guard let text = headers.first(named: "Retry-After") else { return .soon }
        if let seconds = Int(text) { return .after(max(0, seconds)) }
        guard let date = epochSeconds(httpDate: text), let now = headers.first(named: "Date").flatMap(epochSeconds(httpDate:))
        else {
            return .soon
        }
        // The server's own clock on both sides, so that skew does not matter.
        return .after(max(0, date - now))
    }

    /// What a failure asks for: a connection that broke or was refused may work in a moment; a name, a certificate or a timeout
    /// will not.
    static func asked(failure: HTTPFailure) -> Request {
        switch failure {
        case .refused, .reset, .closed: .soon
        default: .no
        }
    }
}
