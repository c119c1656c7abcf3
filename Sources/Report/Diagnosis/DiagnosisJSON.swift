import Judge

extension Diagnosis {
    /// The object `diagnosis` of docs/report.schema.json.
    ///
    /// - Parameter time: When the facts were taken, in seconds since 1970.
    func write(at time: Int, to json: inout JSONWriter) throws {
        try json.object("diagnosis") { json in
            // The one that is named first; null where nothing fails.
            if let first = causes.first { try json.string("first", first.check.id) } else { try json.null("first") }
            try json.array("questions") { json in
                for question in questions { try write(question, to: &json) }
            }
            try json.array("suspects") { json in
                for suspect in suspects { try write(suspect, at: time, to: &json) }
            }
        }
    }

    private func write(_ question: Question, to json: inout JSONWriter) throws {
        try json.object { json in
            try json.strings("about", question.about.map { suspects[$0].check.id })
            try json.string("check", question.check.id)
            try json.string("kind", question.kind.rawValue)
            try json.string("reason", question.reason)
            try json.string("status", question.status.rawValue)
            try json.strings("subjects", question.subjects)
            try json.string("tells", question.tells)
            try json.string("way", question.way)
        }
    }

    private func write(_ suspect: Suspect, at time: Int, to json: inout JSONWriter) throws {
        try json.object { json in
            try json.string("check", suspect.check.id)
            try json.array("evidence") { json in
                for verdict in suspect.verdicts {
                    try json.object(flat: true) { json in
                        try json.string("evidence", verdict.evidence)
                        try json.string("expected", verdict.expected)
                        try json.string("observed", verdict.observed)
                        try json.string("sentence", verdict.message)
                        try json.string("subject", verdict.subject)
                    }
                }
            }
            try json.integer("explains", suspect.explains.count)
            try json.array("facts") { json in
                for fact in suspect.facts {
                    try json.object(flat: true) { json in
                        try json.strings("clusters", fact.clusters)
                        try json.string("source", fact.source)
                        try json.string("table", fact.table)
                        try json.string("time", timestamp(time))
                    }
                }
            }
            try json.string("kind", suspect.kind.rawValue)
            if let proof = suspect.proof {
                try json.object("proof") { json in
                    try json.string("command", proof.command)
                    try json.string("shows", proof.shows)
                }
            } else {
                try json.null("proof")
            }
            try json.strings("remedies", distinct(suspect.verdicts.map(\.remedy).filter { !$0.isEmpty }))
            try json.string("sentence", suspect.verdicts.first?.message ?? suspect.check.title)
        }
    }
}
