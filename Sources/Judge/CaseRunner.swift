import Facts

/// Runs the cases and the sweeps of one check.
struct CaseRunner {
    let check: Check
    let file: CaseFile
    let catalogue: CheckCatalogue
    private(set) var failures: [String] = []
    private(set) var sweeps = 0
    private var usedExceptions: Set<String> = []

    init(check: Check, file: CaseFile, catalogue: CheckCatalogue) {
        self.check = check
        self.file = file
        self.catalogue = catalogue
    }

    /// - Throws: ``FactFault`` or a database error where a case's facts do not fit.
    mutating func run() throws {
        var statuses: Set<Status> = []
        for item in file.cases {
            let verdicts: [Verdict]
            do {
                verdicts = try judge(item.snapshot(catalogue.schema))
            } catch let fault as FactFault {
                fail(item, item.line, "\(fault)")
                continue
            }
            statuses.formUnion(verdicts.map(\.status))
            compare(item, verdicts)
            try sweepNulls(item, verdicts)
            try sweepLedger(item, verdicts)
        }
        try sweepEmpty()
        requireCoverage(statuses)
        for name in file.nullMayPass.keys.sorted() where !usedExceptions.contains(name) {
            failures.append("\(file.file): null_may_pass: \(name) is not needed: remove it")
        }
    }

    /// The verdicts of this check alone: nothing blocks it.
    private func judge(_ snapshot: Snapshot) throws -> [Verdict] {
        try Judge(catalogue).judge(snapshot, selection: Selection(only: [check.id])).verdicts
    }

    private mutating func fail(_ item: CaseFile.Case, _ line: Int, _ what: String) {
        failures.append("\(file.file):\(line): case \"\(item.name)\": \(what)")
    }

    private mutating func compare(_ item: CaseFile.Case, _ verdicts: [Verdict]) {
        var left = verdicts
        for expected in item.expect {
            guard let index = left.firstIndex(where: { $0.subject == expected.subject }) else {
                fail(
                    item, expected.line,
                    "no verdict on \"\(expected.subject)\"; there are: \(verdicts.map(\.subject).joined(separator: ", "))")
                continue
            }
            let verdict = left.remove(at: index)
            if verdict.status != expected.status {
                fail(
                    item, expected.line,
                    "\(expected.subject): expected \(expected.status.rawValue), got \(verdict.status.rawValue): \(verdict.message)"
                )
                continue
            }
            if let message = expected.message, message != verdict.message {
                fail(item, expected.line, "\(expected.subject): expected the message \"\(message)\", got \"\(verdict.message)\"")
            }
            if let part = expected.contains, !verdict.message.contains(part) {
                fail(item, expected.line, "\(expected.subject): expected \"\(part)\" in the message, got \"\(verdict.message)\"")
            }
            if let remedy = expected.remedy, remedy != verdict.remedy {
                fail(item, expected.line, "\(expected.subject): expected the remedy \"\(remedy)\", got \"\(verdict.remedy)\"")
            }
        }
        for verdict in verdicts where verdict.status == .fail || verdict.status == .warning {
            guard let column = verdict.lackingInRemedy.first else { continue }
            fail(item, item.line, "\(verdict.subject): the remedy is left out, since the query gave no {\(column)} for it")
        }
        for verdict in left {
            fail(
                item, item.line,
                "a verdict that expect does not name: \"\(verdict.subject)\" \(verdict.status.rawValue): \(verdict.message)")
        }
    }

    private mutating func requireCoverage(_ statuses: Set<Status>) {
        var missing: [String] = []
        if !statuses.contains(.pass) { missing.append("pass") }
        if check.severity != .info, statuses.isDisjoint(with: [.fail, .warning]) { missing.append("fail or warning") }
        if !statuses.contains(.unknown) { missing.append("unknown") }
        if !missing.isEmpty { failures.append("\(file.file): no case gives \(missing.joined(separator: ", no case gives "))") }
    }
}

// Each sweep spoils a case in one way and looks for a verdict that nothing supports any more.
extension CaseRunner {
    /// NULL means not observed: a subject whose column is NULL cannot pass by it.
    private mutating func sweepNulls(_ item: CaseFile.Case, _ verdicts: [Verdict]) throws {
        let passing = verdicts.filter { $0.status == .pass }
        guard !passing.isEmpty else { return }
        for (name, read) in check.reads.sorted(by: { $0.key < $1.key }) {
            if check.optional.contains(name) { continue }
            guard let table = catalogue.schema.table(name), let rows = item.facts[name] else { continue }
            for column in table.columns where column.isNullable && read.contains(column.name) {
                let touched = rows.filter { $0.values[column.name] != .null }
                guard !touched.isEmpty else { continue }
                var spoilt = item
                spoilt.facts[name] = rows.map { row in
                    var row = row
                    row.values[column.name] = .null
                    return row
                }
                sweeps += 1
                let after = try judge(spoilt.snapshot(catalogue.schema)).filter { $0.status == .pass }
                let name = "\(name).\(column.name)"
                for verdict in after where touched.contains(where: { belongs($0, table, to: verdict) }) {
                    if file.nullMayPass[name] != nil {
                        usedExceptions.insert(name)
                    } else {
                        fail(item, item.line, "\(verdict.subject) still passes with \(name) NULL (\(column.null ?? ""))")
                    }
                }
            }
        }
    }

    private func belongs(_ row: FactRow, _ table: FactTable, to verdict: Verdict) -> Bool {
        if check.span == .mesh || table.scope == .mesh { return true }
        let clusters = table.scope.clusterColumns.compactMap { row.values[$0]?.text }
        let own = check.span == .cluster && table.scope == .cluster ? Array(verdict.clusters.prefix(1)) : verdict.clusters
        if clusters.count == 2, own.count == 2 { return clusters == own }
        return !Set(clusters).isDisjoint(with: own)
    }

    /// What was not collected proves nothing, whether its rows are there or not.
    private mutating func sweepLedger(_ item: CaseFile.Case, _ verdicts: [Verdict]) throws {
        let decided: Set<Status> = [.pass, .fail, .warning]
        let before = Set(verdicts.filter { decided.contains($0.status) }.map(\.subject))
        guard !before.isEmpty else { return }
        sweeps += 1
        for verdict in try judge(item.snapshot(catalogue.schema, ledger: false)) where decided.contains(verdict.status) {
            fail(item, item.line, "\(verdict.subject) gives \(verdict.status.rawValue) with an empty ledger")
        }
        for name in check.reads.keys.sorted() {
            guard let table = catalogue.schema.table(name), name != FactSchema.ledger else { continue }
            var spoilt = item
            spoilt.gaps += (table.scope == .mesh ? [""] : item.clusters).map {
                LedgerEntry(fact: name, cluster: $0, status: .failed, reason: "spoilt by the test")
            }
            sweeps += 1
            if check.optional.contains(name) {
                spoilt.facts[name] = []
                try sweepOptional(item, spoilt, verdicts, name)
                continue
            }
            for verdict in try judge(spoilt.snapshot(catalogue.schema)) where decided.contains(verdict.status) {
                fail(item, item.line, "\(verdict.subject) gives \(verdict.status.rawValue) though \(name) was not collected")
            }
            // The frame of a snapshot is always there; the rows of other tables are missing when they were not collected.
            guard table.collector != "declared" else { continue }
            spoilt.facts[name] = []
            sweeps += 1
            for verdict in try judge(spoilt.snapshot(catalogue.schema)) {
                let escaped = verdict.status == .notApplicable && (before.contains(verdict.subject) || verdict.subject.isEmpty)
                if decided.contains(verdict.status) || escaped {
                    fail(
                        item, item.line,
                        "\"\(verdict.subject)\" gives \(verdict.status.rawValue) though \(name) was not collected and has no rows"
                    )
                }
            }
        }
    }

    /// Without what only helps, a check says less, never the contrary.
    private mutating func sweepOptional(_ item: CaseFile.Case, _ spoilt: CaseFile.Case, _ before: [Verdict], _ name: String)
        throws
    {
        let passing = Set(before.filter { $0.status == .pass }.map(\.subject))
        for verdict in try judge(spoilt.snapshot(catalogue.schema)) {
            let isContrary = verdict.status == .fail && passing.contains(verdict.subject)
            guard isContrary || verdict.status == .error else { continue }
            fail(item, item.line, "\(verdict.subject) gives \(verdict.status.rawValue) without \(name), which is optional")
        }
    }

    /// Nothing at all is known.
    private mutating func sweepEmpty() throws {
        sweeps += 1
        for verdict in try judge(Snapshot.inMemory(schema: catalogue.schema))
        where ![.notApplicable, .unknown].contains(verdict.status) {
            failures.append("\(file.file): \"\(verdict.subject)\" gives \(verdict.status.rawValue) on an empty snapshot")
        }
    }
}
