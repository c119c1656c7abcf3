import Facts
import Judge

/// Finds the observations that would tell causes apart: what nobody looked at, and what a finding could be the symptom of.
struct QuestionMaker {
    private let reading: Reading
    private let context: DiagnosisContext
    private let checks: [String: Check]

    init(reading: Reading, context: DiagnosisContext) {
        self.reading = reading
        self.context = context
        checks = Dictionary(reading.judgement.checks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter causes: in their order; questions name them by position.
    func questions(about causes: [Diagnosis.Suspect]) -> [Diagnosis.Question] {
        var found = Found()
        for (number, cause) in causes.enumerated() {
            let ground = Ground(cause.verdicts)
            for requirement in cause.check.requires where requirement.when == .failed && requirement.blocks != .unknown {
                upstream(requirement, of: cause, number, ground, into: &found)
            }
            vantage(of: cause, number, ground, into: &found)
        }
        for cause in reading.judgement.causes where !cause.isFinding && !cause.explains.isEmpty {
            let subjects = Set(cause.subjects)
            let unseen = reading.verdicts(of: cause.check.id).filter { $0.isUnseen && subjects.contains($0.subject) }
            found.add(cause.check, .waiting, unseen, about: nil, waiting: cause.explains.count)
        }
        let order: [Diagnosis.Question.Kind] = [.upstream, .vantage, .waiting]
        return order.flatMap { kind in
            found.entries.filter { $0.kind == kind }
                .enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
                .map { question($0.element) }
        }
    }

    /// A check that was not seen where the cause was found, and that would explain it.
    private func upstream(
        _ requirement: Requirement, of cause: Diagnosis.Suspect, _ number: Int, _ ground: Ground, into found: inout Found
    ) {
        guard let check = checks[requirement.check] else { return }
        let unseen = reading.unseen(of: check).filter { ground.touches($0, requirement.of) }
        found.add(check, .upstream, unseen.filter { $0.status != .blocked }, about: number)
        // What it waits for is what is to be looked at.
        for root in distinct(unseen.filter { $0.status == .blocked }.flatMap(\.blockedBy)) {
            guard let rootCheck = checks[root] else { continue }
            found.add(rootCheck, .upstream, reading.unseen(of: rootCheck).filter { $0.status != .blocked }, about: number)
        }
    }

    /// What this machine saw of the network may be this machine's own way: pods look from elsewhere.
    private func vantage(of cause: Diagnosis.Suspect, _ number: Int, _ ground: Ground, into found: inout Found) {
        guard reads(cause.check, "network") else { return }
        for check in reading.judgement.checks {
            guard let requirement = check.requires.first(where: { $0.check == cause.check.id }),
                reads(check, "probe") || reads(check, "pod")
            else { continue }
            let unseen = reading.unseen(of: check).filter { $0.status == .notExamined && ground.carries($0, requirement.of) }
            found.add(check, .vantage, unseen, about: number)
        }
    }

    private func reads(_ check: Check, _ collector: String) -> Bool {
        check.reads.keys.contains { context.schema.table($0)?.collector == collector }
    }

    private func question(_ entry: Found.Entry) -> Diagnosis.Question {
        let first = entry.verdicts.first
        let level = reading.judgement.run.level
        var way = first?.remedy ?? ""
        if first?.status == .notExamined, entry.check.level > level || way.isEmpty { way = context.examine(entry.check) }
        return Diagnosis.Question(
            check: entry.check, kind: entry.kind, subjects: entry.verdicts.map(\.subject), status: first?.status ?? .unknown,
            reason: first?.message ?? "", way: way, about: entry.about, waiting: entry.waiting)
    }
}

/// Questions while they are being found; one check is asked for once.
private struct Found {
    struct Entry {
        let check: Check
        let kind: Diagnosis.Question.Kind
        var verdicts: [Verdict]
        var about: [Int]
        var waiting: Int

        /// How much the answer would tell.
        var weight: Int { about.count * 1_000_000 + waiting }
    }

    private(set) var entries: [Entry] = []

    mutating func add(_ check: Check, _ kind: Diagnosis.Question.Kind, _ verdicts: [Verdict], about: Int?, waiting: Int = 0) {
        if verdicts.isEmpty { return }
        if let index = entries.firstIndex(where: { $0.check.id == check.id }) {
            let known = Set(entries[index].verdicts.map(\.subject))
            entries[index].verdicts += verdicts.filter { !known.contains($0.subject) }
            if let about, !entries[index].about.contains(about) { entries[index].about.append(about) }
            entries[index].waiting = max(entries[index].waiting, waiting)
        } else {
            entries.append(Entry(check: check, kind: kind, verdicts: verdicts, about: about.map { [$0] } ?? [], waiting: waiting))
        }
    }
}

/// The clusters and pairs that findings speak of.
private struct Ground {
    private var clusters: Set<String> = []
    private var sources: Set<String> = []
    private var targets: Set<String> = []
    private var pairs: Set<[String]> = []

    init(_ verdicts: [Verdict]) {
        for verdict in verdicts {
            let names = verdict.clusters
            clusters.formUnion(names)
            if names.count == 2, verdict.definition.span == .pair {
                pairs.insert(names)
                sources.insert(names[0])
                targets.insert(names[1])
            } else {
                sources.formUnion(names)
                targets.formUnion(names)
            }
        }
    }

    /// Whether a verdict that stands on the findings speaks of what they speak of.
    func carries(_ verdict: Verdict, _ side: Requirement.Side) -> Bool {
        let names = verdict.clusters
        guard names.count == 2, pairs.isEmpty, side != .both else { return touches(verdict, .both) }
        return clusters.contains(side == .source ? names[0] : names[1])
    }

    /// Whether a verdict speaks of what the findings speak of; of a pair's source or target alone where only that counts.
    func touches(_ verdict: Verdict, _ side: Requirement.Side) -> Bool {
        let names = verdict.clusters
        if names.isEmpty || verdict.definition.span == .mesh { return true }
        if names.count == 2, verdict.definition.span == .pair, !pairs.isEmpty { return pairs.contains(names) }
        switch side {
        case .source: return !sources.isDisjoint(with: names)
        case .target: return !targets.isDisjoint(with: names)
        case .both: return !clusters.isDisjoint(with: names)
        }
    }
}

extension Verdict {
    /// Nobody saw what it is about.
    var isUnseen: Bool { [.unknown, .notExamined, .blocked].contains(status) }
}

extension Reading {
    /// The verdicts of a check that nobody saw.
    fileprivate func unseen(of check: Check) -> [Verdict] {
        guard tally(of: check.id).has(.unknown, .notExamined, .blocked) else { return [] }
        return verdicts(of: check.id).filter(\.isUnseen)
    }
}
