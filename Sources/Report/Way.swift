import Judge

/// How far a pod of one cluster gets to an address of another: what a check of the ladder says beside its verdict.
struct Way {
    private let verdict: Verdict
    /// `control-plane`, `gateway`, `gateway-status`.
    let kind: String

    /// nil where the check looks at something else, or nobody looked.
    init?(_ verdict: Verdict) {
        guard verdict.definition.isLadder, let kind = verdict.datum("kind") else { return nil }
        self.verdict = verdict
        self.kind = kind
    }

    /// host:port; nil where none was tried.
    var address: String? { rung == nil ? nil : verdict.datum("address") }
    var remoteAddress: String? { verdict.datum("remote_address") }
    var certificateIssuer: String? { verdict.datum("certificate_issuer") }
    var detail: String? { verdict.datum("detail") }
    /// The last rung that was tried; nil where none was.
    var rung: String? { verdict.datum("rung") }
    var outcome: String? { verdict.datum("outcome") }
    /// Milliseconds from the beginning until the rung was climbed; nil where it was not.
    var dns: Double? { milliseconds("dns_ms") }
    var tcp: Double? { milliseconds("tcp_ms") }
    var tls: Double? { milliseconds("tls_ms") }
    var total: Double? { milliseconds("total_ms") }
    /// Milliseconds until the last rung that was climbed.
    var time: Double? { total ?? tls ?? tcp ?? dns }

    /// The whole ladder in a line; nil where nothing was tried.
    var words: String? {
        guard let rung, let outcome else { return nil }
        let times = [("dns", dns), ("tcp", tcp), ("tls", tls), ("answer", total)].compactMap { name, time in
            time.map { "\(name) \(Way.tenths($0)) ms" }
        }
        return (["\(address ?? ""): \(rung): \(outcome)"] + times).joined(separator: ", ")
    }

    private func milliseconds(_ column: String) -> Double? { verdict.datum(column).flatMap(Double.init) }

    /// One decimal.
    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension Check {
    /// It looks from a pod of one cluster to an address of another, and says at which rung that breaks.
    var isLadder: Bool { span == .pair && data.contains("rung") && data.contains("outcome") && data.contains("kind") }
}
