package import Judge

/// The report for programs: one JSON object, described by docs/report.schema.json.
///
/// Keys are sorted, and a verdict is one line, so two reports can be compared with any tool. `check` and `subject` together
/// identify a verdict from run to run. `schema` rises when a field changes its meaning or goes away; new fields may come without.
/// Everything is written as it is made: memory does not grow with the number of verdicts.
package struct JSONReport: Sendable {
    /// The version of the format.
    package static let schema = 1

    private let judgement: Judgement
    private let context: ReportContext
    private let diagnosing: DiagnosisContext?

    /// - Parameter diagnosing: Also write the object `diagnosis`, as `isthmus diagnose` does.
    package init(
        _ judgement: Judgement, _ context: ReportContext = ReportContext(), diagnosing: DiagnosisContext? = nil
    ) {
        self.judgement = judgement
        self.context = context
        self.diagnosing = diagnosing
    }

    /// Writes the report, piece by piece.
    package func write(to drain: @escaping ([UInt8]) throws -> Void) throws {
        let outcome = context.outcome(of: judgement)
        var json = JSONWriter(Sink(drain: drain))
        try json.object { json in
            try json.string("answer", outcome.answer.rawValue)
            try causes(to: &json)
            try json.array("clusters") { json in
                for cluster in judgement.run.clusters {
                    try json.object(flat: true) { json in
                        try json.string("name", cluster.name)
                        try optional("platform", cluster.platform, to: &json)
                        try json.string("server", cluster.server)
                    }
                }
            }
            if let diagnosing { try Diagnosis(Reading(judgement), diagnosing).write(at: judgement.run.now, to: &json) }
            try json.integer("exitCode", Int(outcome.exitCode))
            try json.strings("notes", judgement.notes)
            try json.bool("ready", outcome.isReady)
            try run(to: &json)
            try json.integer("schema", JSONReport.schema)
            try json.array("skipped") { json in
                for skipped in judgement.skipped {
                    try json.object(flat: true) { json in
                        try json.string("check", skipped.check)
                        try json.string("reason", skipped.reason)
                    }
                }
            }
            try summary(outcome, to: &json)
            try json.array("verdicts") { json in
                for verdict in judgement.verdicts { try write(verdict, to: &json) }
            }
        }
        try json.finish()
    }

    private func causes(to json: inout JSONWriter) throws {
        try json.array("causes") { json in
            for cause in judgement.causes {
                try json.object { json in
                    try json.string("check", cause.check.id)
                    try json.array("explains") { json in
                        for explained in cause.explains {
                            try json.object(flat: true) { json in
                                try json.string("check", explained.check)
                                try json.string("subject", explained.subject)
                            }
                        }
                    }
                    try json.string("status", cause.status.rawValue)
                    try json.strings("subjects", cause.subjects)
                }
            }
        }
    }

    private func run(to json: inout JSONWriter) throws {
        let run = judgement.run
        try json.object("run") { json in
            try optional("brokenOff", context.brokenOff, to: &json)
            try json.string("command", run.command)
            if let duration = context.duration {
                try json.decimal("durationSeconds", duration)
            } else {
                try json.null("durationSeconds")
            }
            try json.string("fleetProject", run.fleetProject)
            try json.string("level", run.level.rawValue)
            try optional("meshID", run.meshID, to: &json)
            try json.string("revision", run.revision)
            try optional("snapshot", context.snapshot, to: &json)
            try json.string("time", timestamp(run.now))
            try json.string("toolVersion", run.toolVersion)
        }
    }

    private func summary(_ outcome: Outcome, to json: inout JSONWriter) throws {
        var numbers = Dictionary(uniqueKeysWithValues: Status.allCases.map { ($0.rawValue, outcome.count($0)) })
        numbers["accepted"] = outcome.accepted
        numbers["skipped"] = outcome.skipped
        numbers["verdicts"] = judgement.verdicts.count
        try json.object("summary") { json in
            for (name, number) in numbers.sorted(by: { $0.key < $1.key }) { try json.integer(name, number) }
        }
    }

    private func write(_ verdict: Verdict, to json: inout JSONWriter) throws {
        let check = verdict.definition
        try json.object(flat: true) { json in
            if let accepted = verdict.accepted {
                try json.object("accepted") { json in
                    try json.string("expires", accepted.expires)
                    try json.string("reason", accepted.reason)
                }
            } else {
                try json.null("accepted")
            }
            try json.strings("blockedBy", verdict.blockedBy)
            try json.string("check", verdict.check)
            try json.strings("clusters", verdict.clusters)
            try optional("docs", check.docs, to: &json)
            try json.string("evidence", verdict.evidence)
            try json.string("expected", verdict.expected)
            try json.string("message", verdict.message)
            try json.string("observed", verdict.observed)
            try json.string("phase", check.phase.rawValue)
            if let way = Way(verdict) { try write(way, to: &json) }
            try json.string("remedy", verdict.remedy)
            try json.string("severity", check.severity.rawValue)
            try json.string("status", verdict.status.rawValue)
            try json.string("subject", verdict.subject)
            try json.string("title", check.title)
        }
    }

    private func write(_ way: Way, to json: inout JSONWriter) throws {
        try json.object("reachability", flat: true) { json in
            try optional("address", way.address, to: &json)
            try optional("certificateIssuer", way.certificateIssuer, to: &json)
            try optional("detail", way.detail, to: &json)
            try optional("dnsMs", way.dns, to: &json)
            try json.string("kind", way.kind)
            try optional("outcome", way.outcome, to: &json)
            try optional("remoteAddress", way.remoteAddress, to: &json)
            try optional("rung", way.rung, to: &json)
            try optional("tcpMs", way.tcp, to: &json)
            try optional("tlsMs", way.tls, to: &json)
            try optional("totalMs", way.total, to: &json)
        }
    }

    private func optional(_ key: String, _ value: Double?, to json: inout JSONWriter) throws {
        if let value { try json.decimal(key, value) } else { try json.null(key) }
    }

    private func optional(_ key: String, _ value: String?, to json: inout JSONWriter) throws {
        if let value { try json.string(key, value) } else { try json.null(key) }
    }
}
