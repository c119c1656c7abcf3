package import Facts
import Judge

/// A fact that changed, with the checks that turned and read it.
package struct SuspiciousFact: Sendable {
    package let change: FactChange
    /// By id, the worst first.
    package let turned: [Turned]

    package struct Turned: Sendable, Hashable {
        package let check: String
        package let group: JudgementDifference.Group
    }

    /// Facts in the order in which to look at them: first those that a check read which is now broken, and of these what few things
    /// changed in; last those that no check turned by.
    static func sort(_ changes: [FactChange], by difference: JudgementDifference) -> [SuspiciousFact] {
        let readers = Readers(difference)
        // What changed everywhere tells less than what changed in one place.
        let counts = Dictionary(changes.map { ($0.table, 1) }, uniquingKeysWith: +)
        let facts = changes.map { SuspiciousFact(change: $0, turned: readers.of($0)) }
        func rank(_ fact: SuspiciousFact) -> (Int, Int, Int) {
            guard let first = fact.turned.first else { return (.max, 0, 0) }
            // A fact of the very way that broke, before one of the cluster at its end.
            let isNear = !readers.judgesPairs(first.check) || fact.change.clusters.count == 2
            return (readers.weight(first.group), isNear ? 0 : 1, counts[fact.change.table] ?? 0)
        }
        return facts.enumerated().sorted {
            let (one, other) = (rank($0.element), rank($1.element))
            return one != other ? one < other : $0.offset < $1.offset
        }.map(\.element)
    }
}

/// The checks that turned, by the table that they read.
private struct Readers {
    private struct Reader {
        let check: Check
        let group: JudgementDifference.Group
        /// The clusters of the verdicts that turned.
        var clusters: Set<String>
    }

    private var byTable: [String: [Reader]] = [:]
    private let causes: [String: Int]
    private let pairs: Set<String>

    init(_ difference: JudgementDifference) {
        pairs = Set((difference.old.checks + difference.new.checks).filter { $0.span == .pair }.map(\.id))
        causes = Dictionary(
            difference.new.causes.filter(\.isFinding).enumerated().map { ($1.check.id, $0) }, uniquingKeysWith: min)
        var readers: [String: Reader] = [:]
        var order: [String] = []
        for change in difference.changes where change.group != .stillBroken {
            guard let verdict = change.new ?? change.old else { continue }
            let key = "\(change.group.rawValue) \(change.check)"
            if readers[key] == nil { order.append(key) }
            readers[key, default: Reader(check: verdict.definition, group: change.group, clusters: [])].clusters
                .formUnion(verdict.clusters)
        }
        for key in order {
            guard let reader = readers[key] else { continue }
            for table in reader.check.reads.keys { byTable[table, default: []].append(reader) }
        }
    }

    /// The checks that turned and read what changed, the worst first.
    func of(_ change: FactChange) -> [SuspiciousFact.Turned] {
        let columns = Set(change.columns.map(\.name))
        // A table that could not be read any more turns whoever reads it.
        let table = change.table == FactSchema.ledger ? change.key.first?.text ?? "" : change.table
        let readers = (byTable[table] ?? []).filter { reader in
            let read = reader.check.reads[table] ?? []
            let reads = change.table == FactSchema.ledger || change.kind != .changed || !columns.isDisjoint(with: read)
            let isHere =
                change.clusters.isEmpty || reader.check.span == .mesh || !reader.clusters.isDisjoint(with: change.clusters)
            return reads && isHere
        }
        return readers.sorted { (weight($0.group), cause($0)) < (weight($1.group), cause($1)) }
            .map { SuspiciousFact.Turned(check: $0.check.id, group: $0.group) }
    }

    func judgesPairs(_ check: String) -> Bool { pairs.contains(check) }

    private func cause(_ reader: Reader) -> Int { causes[reader.check.id] ?? .max }

    func weight(_ group: JudgementDifference.Group) -> Int {
        switch group {
        case .broken: 0
        case .found: 1
        case .newlyUnknown: 2
        case .other, .stillBroken: 3
        case .mended: 4
        case .newlySeen: 5
        }
    }
}
