import Facts
import GRDB

/// Runs one check's query after another over one connection and turns rows into verdicts. Every guard of the design is here.
struct Evaluation {
    let db: Database
    let frame: Frame
    let schema: FactSchema
    let level: Level
    let budget: Budget
    let loader: TextLoader

    /// One verdict per subject, in the order of the subject table; then those on subjects that do not exist.
    func verdicts(_ check: Check) -> [Verdict] {
        if let fault = check.fault { return [whole(check, "\(fault)")] }
        let table = frame.subjects(of: check.subject)
        let subjects = table.subjects
        let gaps = Gaps(check, frame, schema, level)
        let rows: Rows
        do {
            // Where nobody was asked, only that the check does not apply would be heard.
            let isHeard = subjects.isEmpty || check.mayNotApply || !subjects.allSatisfy(gaps.isMute)
            rows = isHeard ? try Rows(check, table, db, budget, isMute: gaps.isMute) : Rows(unasked: check, table)
        } catch let error as DatabaseError {
            return [whole(check, "\(check.file): the query failed: \(error.message ?? "\(error.resultCode)")")]
        } catch {
            return [whole(check, "\(check.file): the query \(error)")]
        }
        let unseen = unseenClusters(check, subjects)
        if subjects.isEmpty && unseen.isEmpty && rows.foreign.isEmpty {
            return [Verdict(check, frame.whole, .notApplicable, found: nil, reason: "no \(check.subject) to judge")]
        }
        return verdicts(check, rows, gaps, subjects, unseen)
    }

    private func verdicts(
        _ check: Check, _ rows: Rows, _ gaps: Gaps, _ subjects: [Subject], _ unseen: [Subject]
    ) -> [Verdict] {
        let foreign = rows.foreign.map { Subject($0, .none, of: frame.world, kind: .row(.cluster)) }
        let results = CheckResults(
            check, unseen.isEmpty && foreign.isEmpty ? subjects : subjects + unseen + foreign, rows.texts,
            brief: rows.brief, loader)
        func error(_ position: Int, _ reason: String) -> Verdict {
            Verdict(results, position, .error, found: nil, Remark(reason: "\(check.file): the query \(reason)"))
        }
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(results.subjects.count)
        for (index, subject) in subjects.enumerated() {
            let status = rows.statuses[index]
            // What nearly all are is sound at a glance.
            if !rows.isSound(index), let fault = rows.fault(check, subject, index) {
                verdicts.append(error(index, fault))
            } else {
                verdicts.append(gaps.heard(Verdict(results, index, status ?? .error, found: status), subject))
            }
        }
        for (index, subject) in unseen.enumerated() {
            let unknown = Verdict(
                results, subjects.count + index, .unknown, found: nil,
                Remark(reason: "the rows of \(check.subject) are not known"))
            verdicts.append(gaps.heard(unknown, subject))
        }
        for (index, subject) in foreign.enumerated() {
            let reason = "gave a row for \"\(subject.name)\", which is no row of \(check.subject)"
            verdicts.append(error(subjects.count + unseen.count + index, reason))
        }
        return verdicts
    }

    private func whole(_ check: Check, _ reason: String) -> Verdict {
        Verdict(check, frame.whole, .error, found: nil, reason: reason)
    }

    /// Clusters that have no subject only because the subjects' table was not collected there: zero rows prove nothing.
    private func unseenClusters(_ check: Check, _ subjects: [Subject]) -> [Subject] {
        guard let table = schema.table(check.subject), table.name != "cluster" else { return [] }
        if table.scope == .mesh {
            return subjects.isEmpty && frame.ledger.gap(table, clusters: []) != nil ? [frame.whole] : []
        }
        var seen = [Bool](repeating: false, count: frame.clusters.count)
        for subject in subjects {
            if let first = subject.pair.first { seen[first] = true }
            if let second = subject.pair.second { seen[second] = true }
        }
        return frame.clusters.indices.compactMap { position in
            let name = frame.clusters[position]
            guard !seen[position], frame.ledger.gap(table, clusters: [name]) != nil else { return nil }
            return Subject(name, .one(Int32(position)), of: frame.world, kind: .standIn)
        }
    }
}

/// Lets a check's verdicts hear the ledger: what was not collected proves nothing, neither good nor bad.
private struct Gaps {
    private let check: Check
    private let meshWide: Gap?
    private let byCluster: [Gap?]
    /// The same for a cluster that is the second of two: without what is told by the first alone.
    private let bySecond: [Gap?]
    private let hasNone: Bool
    /// Of optional tables: heard only where the query does not know without them.
    private let optional: [FactTable]
    private let frame: Frame

    private struct Gap {
        let status: Status
        let remark: Remark

        init(_ gap: Ledger.Gap) {
            status = gap.status
            remark = Remark(reason: gap.reason)
        }
    }

    init(_ check: Check, _ frame: Frame, _ schema: FactSchema, _ level: Level) {
        self.check = check
        self.frame = frame
        let all = check.reads.keys.sorted().compactMap { $0 == FactSchema.ledger ? nil : schema.table($0) }
        let tables = all.filter { !check.optional.contains($0.name) }
        optional = all.filter { check.optional.contains($0.name) }
        // The fact is asked for at a higher level only, whatever else the ledger says of it.
        let beyond = Ledger.Gap(
            status: .notExamined, reason: "it needs the level \(check.level.rawValue), and this run had \(level.rawValue)")
        func worst(_ gaps: [Ledger.Gap?]) -> Gap? {
            let gaps = gaps.compactMap { $0 }
            // Unknown is worse than not examined.
            guard let worst = gaps.first(where: { $0.status == .unknown }) ?? gaps.first else { return nil }
            return Gap(check.level > level ? beyond : worst)
        }
        let mesh = check.span == .mesh ? tables : tables.filter { $0.scope == .mesh }
        meshWide = worst(mesh.map { frame.ledger.gap($0, clusters: frame.clusters) })
        let own = tables.filter { $0.scope != .mesh }
        func ofEach(_ tables: [FactTable]) -> [Gap?] {
            frame.clusters.map { cluster in worst(tables.map { frame.ledger.gap($0, clusters: [cluster]) }) }
        }
        byCluster = ofEach(own)
        bySecond = own.contains(where: \.isKnownBySource) ? ofEach(own.filter { !$0.isKnownBySource }) : byCluster
        hasNone = meshWide == nil && byCluster.allSatisfy { $0 == nil }
    }

    /// Whether a subject is not examined, whatever the query says of it, unless it does not apply.
    func isMute(_ subject: Subject) -> Bool { !hasNone && gap(subject)?.status == .notExamined }

    func heard(_ verdict: Verdict, _ subject: Subject) -> Verdict {
        if verdict.status == .notApplicable || verdict.status == .error { return verdict }
        guard let gap = gap(subject) ?? (verdict.found == .unknown ? optionalGap(subject) : nil) else { return verdict }
        var verdict = verdict
        // The query knows what is missed, the ledger why.
        let isUnknown = verdict.found == .unknown && gap.status == .unknown
        verdict.remark = isUnknown ? Remark(reason: "\(verdict.message) (\(gap.remark.reason))") : gap.remark
        verdict.status = gap.status
        return verdict
    }

    private func optionalGap(_ subject: Subject) -> Gap? {
        let gaps = optional.compactMap { frame.ledger.gap($0, clusters: check.span == .mesh ? frame.clusters : subject.clusters) }
        return (gaps.first { $0.status == .unknown } ?? gaps.first).map { Gap($0) }
    }

    private func gap(_ subject: Subject) -> Gap? {
        if hasNone { return nil }
        let (first, second) = subject.pair
        let ofFirst = first.flatMap { byCluster[$0] }
        // A row of one cluster that names another needs the other's facts only where the check looks at both.
        let ofSecond = check.span == .cluster ? nil : second.flatMap { bySecond[$0] }
        var worst: Gap?
        for gap in [meshWide, ofFirst, ofSecond] {
            guard let gap else { continue }
            if worst == nil || (worst?.status == .notExamined && gap.status == .unknown) { worst = gap }
        }
        return worst
    }
}
