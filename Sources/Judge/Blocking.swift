/// Lets verdicts hear those that they stand on, and finds the causes.
struct Blocking {
    private let checks: [Check]
    private let indexes: [String: Int]
    private let depths: [String: Int]

    init(_ checks: [Check]) {
        self.checks = checks
        indexes = Dictionary(checks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        depths = RequiresGraph.depths(Dictionary(checks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }))
    }

    private func depth(_ index: Int) -> Int { depths[checks[index].id] ?? 0 }

    /// Blocks, and returns the causes in order.
    func apply(_ verdicts: inout [[Verdict]]) -> [Cause] {
        /// What others stand on, by check and by what of it blocks them.
        var blockers: [Requirement.Condition: [Blockers?]] = [:]
        var wanted: [Requirement.Condition: Set<String>] = [:]
        let hearers = checks.indices.filter { index in
            verdicts[index].indices.contains { verdicts[index][$0].canBeBlocked }
        }.map { checks[$0] }
        for condition in Requirement.Condition.allCases {
            blockers[condition] = [Blockers?](repeating: nil, count: checks.count)
            wanted[condition] = Set(hearers.flatMap(\.requires).filter { $0.when == condition }.map(\.check))
        }
        // Blocking one verdict after another makes many with the same words: they are kept once.
        var remarks: [Roots: Remark] = [:]
        for index in checks.indices.sorted(by: { (depth($0), $0) < (depth($1), $1) }) {
            let check = checks[index]
            let required = check.requires.compactMap { requirement in
                indexes[requirement.check].flatMap { blockers[requirement.when]?[$0] }.map {
                    (side: requirement.of, reach: requirement.blocks, blockers: $0)
                }
            }
            for position in verdicts[index].indices where !required.isEmpty {
                let verdict = verdicts[index][position]
                if !verdict.canBeBlocked { continue }
                let roots = required.reduce(into: Roots()) {
                    if !$1.reach.includes(verdict.status) { return }
                    $1.blockers.add(to: &$0, for: verdict, of: $1.side)
                }
                if roots.isEmpty { continue }
                let remark = remarks[roots] ?? Remark(blocks: roots.sorted().map { checks[$0].id })
                remarks[roots] = remark
                verdicts[index][position].status = .blocked
                verdicts[index][position].remark = remark
            }
            for condition in Requirement.Condition.allCases where wanted[condition]?.contains(check.id) == true {
                blockers[condition]?[index] = Blockers(check, verdicts[index], condition, own: index, indexes)
            }
        }
        return causes(verdicts)
    }

    private func causes(_ verdicts: [[Verdict]]) -> [Cause] {
        var explains = [[Cause.Explained]](repeating: [], count: checks.count)
        for check in checks.indices {
            for position in verdicts[check].indices where verdicts[check][position].status == .blocked {
                let verdict = verdicts[check][position]
                for root in verdict.blockedBy {
                    if let index = indexes[root] { explains[index].append(.init(check: verdict.check, subject: verdict.subject)) }
                }
            }
        }
        var causes: [(index: Int, cause: Cause)] = []
        for index in checks.indices {
            func those(_ condition: (Status) -> Bool) -> [Verdict] {
                verdicts[index].indices.filter { condition(verdicts[index][$0].status) && verdicts[index][$0].accepted == nil }
                    .map { verdicts[index][$0] }
            }
            let findings = those(Requirement.Condition.failed.blocks)
            // What is merely not known is a cause only where something waits for it.
            let told = findings.isEmpty && !explains[index].isEmpty ? those { $0.blocks && $0 != .blocked } : findings
            guard let first = told.first else { continue }
            let status = told.contains { $0.status == .fail } ? .fail : first.status
            causes.append(
                (index, Cause(check: checks[index], status: status, subjects: told.map(\.subject), explains: explains[index])))
        }
        func rank(_ entry: (index: Int, cause: Cause)) -> (Int, Int, Int, Int, Int) {
            let isFinding = entry.cause.status == .fail || entry.cause.status == .error
            return (
                isFinding ? 0 : 1, entry.cause.check.phase.order, depth(entry.index), -entry.cause.explains.count, entry.index
            )
        }
        return causes.sorted { rank($0) < rank($1) }.map(\.cause)
    }
}

extension Remark {
    fileprivate convenience init(blocks ids: [String]) {
        self.init(reason: "blocked by \(ids.joined(separator: ", "))", blockedBy: ids)
    }
}

extension Verdict {
    /// A broken check stays an error, and what nobody asked for stays just that.
    fileprivate var canBeBlocked: Bool { status != .error && status != .notExamined }

    /// The clusters that the verdict speaks of, by position; nil where it speaks of the whole mesh.
    fileprivate var ground: Ground? {
        guard !subject.isEmpty else { return nil }
        let (first, second) = of.pair
        // A row of one cluster that names another speaks of both only where the check looks at both.
        let speaksOfBoth = of.isPair || definition.span == .pair
        guard !of.isMesh, let first else { return nil }
        if let second, speaksOfBoth { return .pair(first, second) }
        return .one(first)
    }
}

extension Requirement.Condition {
    fileprivate func blocks(_ status: Status) -> Bool {
        switch self {
        case .unsound: status.blocks
        case .failed: status == .fail || status == .error
        }
    }
}

/// Positions of clusters in the run's order.
private enum Ground: Hashable {
    case one(Int)
    case pair(Int, Int)
}

/// Indexes of the checks that are at the root of something.
private typealias Roots = Set<Int>

/// The verdicts of one check on which others cannot stand, found by what they speak of.
private struct Blockers {
    private let table: String
    /// By position in the table of subjects.
    private var bySubject: [Int: Roots] = [:]
    /// Of stand-ins for a cluster whose subjects are not known.
    private var byStandIn: [Int: Roots] = [:]
    private var byGround: [Ground: Roots] = [:]
    private var bySource: [Int: Roots] = [:]
    private var byTarget: [Int: Roots] = [:]
    private var meshWide: Roots = []
    private var all: Roots = []

    /// nil where there is none.
    init?(_ check: Check, _ verdicts: [Verdict], _ condition: Requirement.Condition, own: Int, _ indexes: [String: Int]) {
        table = check.subject
        let itself: Roots = [own]
        func add(_ roots: Roots, to known: inout Roots?) { known = known?.union(roots) ?? roots }
        // By position: a verdict taken out of the array is a copy with references to count.
        for index in verdicts.indices where condition.blocks(verdicts[index].status) && verdicts[index].accepted == nil {
            let verdict = verdicts[index]
            let roots = verdict.status == .blocked ? Roots(verdict.blockedBy.compactMap { indexes[$0] }) : itself
            all.formUnion(roots)
            add(roots, to: &bySubject[verdict.place])
            guard let ground = verdict.ground else {
                meshWide.formUnion(roots)
                continue
            }
            add(roots, to: &byGround[ground])
            switch ground {
            case .one(let cluster): if verdict.of.standsForCluster { add(roots, to: &byStandIn[cluster]) }
            case .pair(let source, let target):
                add(roots, to: &bySource[source])
                add(roots, to: &byTarget[target])
            }
        }
        if all.isEmpty { return nil }
    }

    /// Adds the roots of what a verdict of another check stands on.
    func add(to roots: inout Roots, for verdict: Verdict, of side: Requirement.Side) {
        func add(_ found: Roots?) { if let found { roots.formUnion(found) } }
        guard verdict.definition.span != .mesh, let ground = verdict.ground else { return add(all) }
        add(meshWide)
        if verdict.definition.subject == table {
            add(bySubject[verdict.place])
            if case .one(let cluster) = ground { add(byStandIn[cluster]) }
            return
        }
        add(byGround[ground])
        switch ground {
        case .one(let cluster):
            if side != .target { add(bySource[cluster]) }
            if side != .source { add(byTarget[cluster]) }
        case .pair(let source, let target):
            if side != .target { add(byGround[.one(source)]) }
            if side != .source { add(byGround[.one(target)]) }
        }
    }
}
