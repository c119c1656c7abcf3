/// What one question to a cluster gave: the whole answer, or the reason why there is none. Half an answer is none.
typealias Answer<Value> = Result<Value, NoAnswer>

/// Why a question was not answered, in words for people; holds no secret.
struct NoAnswer: Error, Sendable, Hashable {
    /// What was asked, and what was seen.
    var detail: String
    /// A command or a sentence that says what to do; empty where there is nothing.
    var mend: String

    init(_ detail: String, mend: String = "") {
        self.detail = detail.capped
        self.mend = mend
    }

    /// With what to do at its end.
    var reason: String { mend.isEmpty ? detail : "\(detail). Mend: \(mend)" }
}

/// Both answers, or the first reason for which there is none.
func both<A, B>(_ a: Answer<A>, _ b: Answer<B>) -> Answer<(A, B)> {
    a.flatMap { a in b.map { (a, $0) } }
}

extension Result {
    /// The answer, where there is one.
    var value: Success? { try? get() }
}
