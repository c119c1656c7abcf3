import Judge

/// A judgement arranged for reading: checks by id and by phase, verdicts by check, and how many there are of each status, so that
/// nobody has to go through a quarter of a million verdicts for the few that are shown.
struct Reading {
    struct Chapter {
        let phase: Phase
        let checks: [Check]
    }

    let judgement: Judgement
    /// The phases in the story's order, which is the order of the checks.
    let phases: [Chapter]
    /// The number under which each check stands among the causes; of several, the first.
    let causeNumbers: [String: Int]
    private let checks: [String: Check]
    private let ranges: [String: Range<Int>]
    private let tallies: [String: Tally]

    init(_ judgement: Judgement) {
        self.judgement = judgement
        checks = Dictionary(judgement.checks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        causeNumbers = Dictionary(judgement.causes.enumerated().map { ($1.check.id, $0 + 1) }, uniquingKeysWith: min)
        let byPhase = Dictionary(grouping: judgement.checks, by: \.phase)
        phases = byPhase.keys.sorted().map { Chapter(phase: $0, checks: byPhase[$0] ?? []) }
        var ranges: [String: Range<Int>] = [:]
        var tallies: [String: Tally] = [:]
        let verdicts = judgement.verdicts
        var start = 0
        while start < verdicts.count {
            let check = verdicts[start].definition
            let end = verdicts[start...].firstIndex { $0.definition !== check && $0.check != check.id } ?? verdicts.endIndex
            precondition(ranges[check.id] == nil, "the judge gives verdicts by check")
            ranges[check.id] = start..<end
            tallies[check.id] = Tally(verdicts[start..<end])
            start = end
        }
        self.ranges = ranges
        self.tallies = tallies
    }

    func level(_ check: String) -> Level? { checks[check]?.level }

    func verdicts(of check: String) -> ArraySlice<Verdict> { judgement.verdicts[ranges[check] ?? 0..<0] }

    func tally(of check: String) -> Tally { tallies[check] ?? Tally() }

    /// Where the verdicts of one status stand among all of the judgement, without accepted findings, in order.
    ///
    /// Not the verdicts themselves: there can be hundreds of thousands, and a copy of each is dear.
    func positions(_ status: Status, of checks: [Check]) -> [Int] {
        let verdicts = judgement.verdicts
        return checks.filter { tally(of: $0.id).has(status) }.flatMap { check in
            (ranges[check.id] ?? 0..<0).filter { verdicts[$0].status == status && !verdicts[$0].isAccepted }
        }
    }

    /// The accepted findings, in order.
    var accepted: [Verdict] {
        judgement.checks.filter { tally(of: $0.id).accepted > 0 }.flatMap { verdicts(of: $0.id).filter(\.isAccepted) }
    }

    /// Names of the clusters, in the operator's order.
    var clusters: [String] { judgement.run.clusters.map(\.name) }
}

/// The words for a number of things: `1 check`, `2 checks`.
func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
}

/// A time as RFC 3339 in UTC. From days to a date after Howard Hinnant's `civil_from_days`: the Gregorian calendar, March first.
func timestamp(_ epoch: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let second = ((epoch % 86400) + 86400) % 86400
    return "\(date(epoch))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
}

/// The day of a time, in UTC: `2026-11-22`.
func date(_ epoch: Int) -> String {
    let days = (epoch - ((epoch % 86400) + 86400) % 86400) / 86400 + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month))-\(two(day))"
}

extension Cause {
    /// Something is wrong there; else it only could not be told, and others wait for it.
    var isFinding: Bool { status == .fail || status == .error }
}
