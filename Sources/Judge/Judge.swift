import StrictYAML
package import Facts

/// Runs checks over a snapshot. Knows no network and no clock: the same snapshot gives the same verdicts, byte for byte.
package struct Judge: Sendable {
    package let catalogue: CheckCatalogue
    /// What one query may cost.
    package let budget: Budget

    package init(_ catalogue: CheckCatalogue, budget: Budget = Budget()) {
        self.catalogue = catalogue
        self.budget = budget
    }

    /// Judges a snapshot. Works on the calling thread and one more; do not call it on the cooperative pool.
    ///
    /// - Throws: ``SelectionFault``; a database error where the snapshot itself cannot be read. A check's fault is a verdict.
    package func judge(
        _ snapshot: Snapshot, selection: Selection = .all, accepted: [Acceptance] = []
    ) throws -> Judgement {
        let (checks, skipped) = try selection.apply(catalogue.checks)
        let readers = try Readers(snapshot)
        let frame = try Frame(readers, schema: snapshot.schema, tables: Set(checks.map(\.subject)))
        let run = try RunInfo(snapshot)
        var verdicts = try evaluate(checks, frame, readers, snapshot, level: run.level)
        let notes = Self.accept(&verdicts, accepted, now: run.now, checks: catalogue.checks)
        let causes = Blocking(checks).apply(&verdicts)
        var all: [Verdict] = []
        all.reserveCapacity(verdicts.reduce(0) { $0 + $1.count })
        for index in verdicts.indices {
            all += verdicts[index]
            verdicts[index] = []
        }
        return Judgement(run: run, checks: checks, verdicts: all, causes: causes, skipped: skipped, notes: notes)
    }

    /// The verdicts of each check, before they hear of each other.
    private func evaluate(
        _ checks: [Check], _ frame: Frame, _ readers: Readers, _ snapshot: Snapshot, level: Level
    ) throws -> [[Verdict]] {
        let loader = TextLoader(snapshot, frame, budget)
        // The longest first, so that none is left for the end while the other thread has nothing to do.
        let order = checks.indices.sorted { (cost(checks[$0], frame), $1) > (cost(checks[$1], frame), $0) }
        let found = try readers.share(order) { index, db in
            Evaluation(db: db, frame: frame, schema: snapshot.schema, level: level, budget: budget, loader: loader)
                .verdicts(checks[index])
        }
        var verdicts = [[Verdict]](repeating: [], count: checks.count)
        for (index, those) in zip(order, found) { verdicts[index] = those }
        return verdicts
    }

    /// How long a check will take beside others: the rows to judge, times the tables that are joined to them.
    private func cost(_ check: Check, _ frame: Frame) -> Int {
        frame.subjects(of: check.subject).subjects.count * check.reads.count
    }

    /// Marks what accepted findings cover, and says which of them are of no use.
    private static func accept(_ verdicts: inout [[Verdict]], _ accepted: [Acceptance], now: Int, checks: [Check]) -> [String] {
        var notes: [String] = []
        for acceptance in accepted {
            guard let check = checks.first(where: { $0.id == acceptance.check }) else {
                let hint = nearest(to: acceptance.check, among: checks.map(\.id)).map { " (did you mean \"\($0)\"?)" } ?? ""
                notes.append("\(acceptance.place): accepts a finding of \(acceptance.check), which is no check\(hint)")
                continue
            }
            // A check that was left out says nothing about the finding.
            guard let index = verdicts.firstIndex(where: { $0.first?.definition === check }) else { continue }
            let found = verdicts[index].indices.filter { acceptance.covers(verdicts[index][$0]) }
            if found.isEmpty {
                let subject = acceptance.subject.map { " on \($0)" } ?? ""
                notes.append(
                    "\(acceptance.place): accepts a finding of \(check.id)\(subject), but there is none: remove the entry")
            } else if now >= acceptance.expiresAt {
                notes.append(
                    "\(acceptance.place): the acceptance of \(check.id) expired on \(acceptance.expires), so its finding counts again"
                )
            } else {
                for verdict in found where verdicts[index][verdict].accepted == nil {
                    verdicts[index][verdict].accepted = acceptance
                }
            }
        }
        return notes
    }
}

extension RunInfo {
    /// Reads what a snapshot says of its run.
    package init(_ snapshot: Snapshot) throws {
        self.init()
        if let run = try snapshot.rows("run").first?.values {
            toolVersion = run["tool_version"]?.text ?? ""
            command = run["command"]?.text ?? ""
            level = run["level"]?.text.flatMap(Level.init(rawValue:)) ?? .read
            now = run["now"]?.integer ?? 0
        }
        if let mesh = try snapshot.rows("mesh").first?.values {
            meshID = mesh["mesh_id"]?.text
            fleetProject = mesh["fleet_project"]?.text ?? ""
            revision = mesh["revision"]?.text ?? ""
        }
        let identities = try snapshot.rows("cluster_identity")
        clusters = try snapshot.rows("cluster").map { row in
            let name = row.values["cluster"]?.text ?? ""
            let identity = identities.first { $0.values["cluster"]?.text == name }
            return Cluster(
                name: name, platform: identity?.values["platform"]?.text, server: row.values["server"]?.text ?? "")
        }
    }
}
