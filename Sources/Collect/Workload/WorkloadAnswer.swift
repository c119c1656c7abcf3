internal import Foundation
internal import Secrecy

/// What a client of the workload proof wrote down about one instance, or about the shared name.
struct WorkloadAnswer: Sendable, Equatable {
    /// The rung at which a request ended, in the words of column `workload_request.outcome`.
    enum Outcome: String, Sendable, CaseIterable {
        case answered
        /// Another server than the one that was asked.
        case otherServer = "other-server"
        case name
        /// The sidecar knows nobody who could answer.
        case noEndpoint = "no-endpoint"
        case refused, timeout, cut, tls
        /// By an authorization policy.
        case denied
        /// Another HTTP status.
        case http
        case other
    }

    /// The last request.
    private(set) var attempt = ProbeTranscript.Attempt()
    /// What came back, made safe to print.
    private(set) var body = ""
    private(set) var tries = 0
    /// Under the shared name: all requests, and those that failed or were answered by somebody unexpected.
    private(set) var requests = 0, failed = 0
    /// How often each place answered in the last series without failure.
    private(set) var heard: [Int: Int] = [:]

    init(_ data: Data) {
        attempt = ProbeTranscript(data).attempts["request"] ?? attempt
        for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let rest = String(parts[1])
            switch parts[0] {
            case "b": body = printable(rest.trimmingCharacters(in: .whitespaces), limit: 3000)
            case "tries": tries = Int(rest) ?? 0
            case "requests": requests = Int(rest) ?? 0
            case "failed": failed = Int(rest) ?? 0
            case "heard":
                let numbers = rest.split(separator: " ").compactMap { Int($0) }
                if numbers.count == 2, numbers[1] > 0 { heard[numbers[0]] = numbers[1] }
            default: continue
            }
        }
    }

    /// The words of a server's answer after its nonce: its place, and what its sidecar said; `nil` where no server of this run answered.
    private func words(of run: ProbeRun) -> (place: Int, ends: String)? {
        let words = body.split(separator: " ", maxSplits: 3).map(String.init)
        guard attempt.status == 200, words.count >= 3, words[0] == "isthmus", words[1] == run.nonce, let place = Int(words[2])
        else {
            return nil
        }
        return (place, words.count > 3 ? words[3] : "")
    }

    /// How the last request ended, and in which words.
    ///
    /// - Parameter place: of the server that was asked.
    func outcome(from place: Int, of run: ProbeRun) -> (Outcome, String) {
        if let words = words(of: run) {
            return words.place == place ? (.answered, "") : (.otherServer, "the server at place \(words.place) answered")
        }
        let said = "HTTP \(attempt.status): \(body)".capped
        switch (attempt.status, attempt.exit) {
        case (503, _): return (unavailable, said)
        case (403, _) where body.contains("RBAC"): return (.denied, said)
        case (1..., _): return (.http, said)
        case (_, 6): return (.name, attempt.message)
        case (_, 7): return (.refused, attempt.message)
        case (_, 28): return (.timeout, attempt.message)
        case (_, 52), (_, 56): return (.cut, attempt.message)
        default: return (.other, attempt.message.isEmpty ? "curl ended with \(attempt.exit)" : attempt.message)
        }
    }

    /// Why the client's own sidecar answered 503, by Envoy's words.
    private var unavailable: Outcome {
        let words = body.lowercased()
        let signs: [(String, Outcome)] = [
            ("no healthy upstream", .noEndpoint), ("connection refused", .refused), ("timeout", .timeout),
            ("certificate_verify_failed", .tls), ("alert", .tls), ("wrong_version_number", .tls), ("connection reset", .cut),
            ("connection termination", .cut), ("tls_error", .cut), ("tls error", .cut),
        ]
        return signs.first { words.contains($0.0) }?.1 ?? .http
    }

    /// The SPIFFE identities of the connection on which the answer came, as the server's sidecar verified and served them; empty
    /// where it names none, `nil` where no server answered.
    func identities(of run: ProbeRun) -> (client: String, server: String)? {
        guard let words = words(of: run) else { return nil }
        // Each proxy on the way appends an element; the last is of the server's own.
        let last = words.ends.split(separator: ",").last ?? ""
        var values: [Substring: String] = [:]
        for pair in last.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            values[parts[0].drop { $0 == " " }] = String(parts[1].filter { $0 != "\"" })
        }
        return (values["URI"] ?? "", values["By"] ?? "")
    }
}
