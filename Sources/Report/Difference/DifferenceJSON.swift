import Facts
import Judge

extension DifferenceReport {
    /// For programs: one object with the two answers and the changes; keys sorted, a change in one line.
    package func json(to drain: @escaping ([UInt8]) throws -> Void) throws {
        var json = JSONWriter(Sink(drain: drain))
        try json.object { json in
            try json.array("changes") { json in
                for change in difference.changes {
                    try json.object(flat: true) { json in
                        try json.string("check", change.check)
                        try json.string("group", change.group.rawValue)
                        try side("new", change.new, to: &json)
                        try side("old", change.old, to: &json)
                        try json.string("subject", change.subject)
                    }
                }
            }
            try json.array("facts") { json in
                for fact in facts { try write(fact, to: &json) }
            }
            try summary("new", difference.new, to: &json)
            try summary("old", difference.old, to: &json)
            try json.integer("schema", JSONReport.schema)
            try json.object("summary") { json in
                for group in JudgementDifference.Group.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
                    try json.integer(group.rawValue, difference.changes(in: group).count)
                }
                try json.integer("unchanged", difference.unchanged)
            }
        }
        try json.finish()
    }

    private func side(_ key: String, _ verdict: Verdict?, to json: inout JSONWriter) throws {
        guard let verdict else { return try json.null(key) }
        try json.object(key) { json in
            try json.bool("accepted", verdict.accepted != nil)
            try json.string("message", verdict.message)
            try json.string("observed", verdict.observed)
            try json.string("status", verdict.status.rawValue)
        }
    }

    private func summary(_ key: String, _ judgement: Judgement, to json: inout JSONWriter) throws {
        let outcome = Outcome(judgement)
        try json.object(key) { json in
            try json.string("answer", outcome.answer.rawValue)
            try json.bool("ready", outcome.isReady)
            try json.string("time", timestamp(judgement.run.now))
        }
    }

    private func write(_ fact: SuspiciousFact, to json: inout JSONWriter) throws {
        let change = fact.change
        try json.object(flat: true) { json in
            try json.strings("clusters", change.clusters)
            try json.array("columns", flat: true) { json in
                for column in change.columns {
                    try json.object(flat: true) { json in
                        try json.string("name", column.name)
                        try value("new", column.new, to: &json)
                        try value("old", column.old, to: &json)
                    }
                }
            }
            try json.array("key", flat: true) { json in
                for part in change.key { try value(nil, part, to: &json) }
            }
            try json.string("kind", change.kind.rawValue)
            try json.string("table", change.table)
            try json.array("turned", flat: true) { json in
                for turned in fact.turned {
                    try json.object(flat: true) { json in
                        try json.string("check", turned.check)
                        try json.string("group", turned.group.rawValue)
                    }
                }
            }
        }
    }

    private func value(_ key: String?, _ value: FactValue, to json: inout JSONWriter) throws {
        switch value {
        case .null: try json.null(key)
        case .text(let text): try json.string(key, text)
        case .integer(let number): try json.integer(key, number)
        case .real(let number): try json.decimal(key, number)
        }
    }
}
