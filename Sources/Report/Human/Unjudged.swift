import Judge

extension HumanReport {
    /// What works but is risky, one line per check with a line per different message.
    func warnings(on page: inout Page) {
        let warned = reading.judgement.checks.filter { reading.tally(of: $0.id).has(.warning) }
        if warned.isEmpty { return }
        page.gap()
        for check in warned {
            let verdicts = reading.verdicts(of: check.id).filter { $0.status == .warning && $0.accepted == nil }
            let sign = page.span("! ", Status.warning.style)
            page.heading(lead: [sign], check.title, .plain, id: check.id)
            let messages = sentences(verdicts)
            let limit = verbose ? Int.max : 2
            for message in messages.prefix(limit) {
                page.prose(lead: [Page.space(2)], message, .faint, limit: verbose ? .max : 3)
            }
            if messages.count > limit {
                page.line([Page.space(2), page.span("and \(messages.count - limit) more (--verbose shows all)", .faint)])
            }
            if verbose {
                for remedy in distinct(verdicts.map(\.remedy).filter { !$0.isEmpty }) {
                    page.remedy(remedy, lead: [Page.space(2), page.span("Fix  ", .strong)])
                }
            }
        }
    }

    /// Everything that no verdict was reached on, aloud: each reason once, with the checks that it concerns.
    func unjudged(on page: inout Page) {
        section("Unknown: tried, and not seen", .unknown, on: &page)
        section("Not examined", .notExamined, on: &page)
        section("Nothing to judge", .notApplicable, on: &page)
        leftOut(on: &page)
        accepted(on: &page)
    }

    private func section(_ title: String, _ status: Status, on page: inout Page) {
        // What is not known and blocks others stands among the causes already, with what waits for it.
        let checks = reading.judgement.checks.filter { status == .notApplicable || !isUnseenCause($0) }
        let verdicts = reading.judgement.verdicts
        let groups = byReason(verdicts, at: reading.positions(status, of: checks))
        if groups.isEmpty { return }
        page.gap()
        page.line([page.span(title, .strong)])
        let limit = verbose ? Int.max : 12
        for group in groups.prefix(limit) {
            let reason = group.reason.isEmpty ? "no reason given" : group.reason
            page.prose(lead: [page.span("  \(status.sign(medium)) ", status.style)], reason, limit: verbose ? .max : 3)
            if status == .notExamined { wayToLook(group.checks.map(\.check), on: &page) }
            let named = group.checks.map { (check: $0.check, subjects: $0.positions.lazy.map { verdicts[$0].subject }) }
            page.prose(lead: [Page.space(4)], list(named), .faint, limit: verbose ? .max : 3)
        }
        if groups.count > limit {
            let rest = groups.dropFirst(limit).reduce(0) { $0 + $1.count }
            page.line([
                Page.space(2),
                page.span("and \(rest) more, for \(groups.count - limit) other reasons (--verbose shows all)", .faint),
            ])
        }
    }

    /// How to have examined what the run's level left out.
    private func wayToLook(_ checks: [String], on page: inout Page) {
        guard
            let level = checks.lazy.compactMap({ reading.level($0) })
                .first(where: { $0 > max(.read, reading.judgement.run.level) })
        else { return }
        switch level {
        case .read, .probe: page.whole([Page.space(4), page.span("To look  ", .strong), page.span("--level \(level.rawValue)")])
        case .mutate: page.whole([Page.space(4), page.span("To look  ", .strong), page.span("isthmus verify --level mutate")])
        }
    }

    /// Others wait for the check, in which nothing is wrong: all of it that was not seen is that cause.
    private func isUnseenCause(_ check: Check) -> Bool {
        guard let number = reading.causeNumbers[check.id] else { return false }
        return !reading.judgement.causes[number - 1].isFinding
    }

    private func leftOut(on page: inout Page) {
        if reading.judgement.skipped.isEmpty { return }
        page.gap()
        page.line([page.span("Left out, as you asked", .strong)])
        var order: [String] = []
        var byReason: [String: [String]] = [:]
        for skipped in reading.judgement.skipped {
            if byReason[skipped.reason] == nil { order.append(skipped.reason) }
            byReason[skipped.reason, default: []].append(skipped.check)
        }
        for reason in order {
            let checks = (byReason[reason] ?? []).map { (check: $0, subjects: [""]) }
            page.prose(lead: [page.span("  \(Status.notExamined.sign(medium)) ", .faint)], "\(reason): \(list(checks))")
        }
    }

    private func accepted(on page: inout Page) {
        let verdicts = reading.accepted
        if verdicts.isEmpty { return }
        page.gap()
        page.line([page.span("Accepted by you", .strong)])
        let limit = verbose ? Int.max : 20
        for verdict in verdicts.prefix(limit) {
            page.prose(
                lead: [page.span("  \(verdict.status.sign(medium)) ", .faint)],
                "\(verdict.check) (\(verdict.subject)), until \(verdict.accepted?.expires ?? ""): \(verdict.accepted?.reason ?? "")"
            )
        }
        if verdicts.count > limit {
            page.line([Page.space(2), page.span("and \(verdicts.count - limit) more (--verbose shows all)", .faint)])
        }
    }
}

/// Verdicts that were not reached for the same reason.
private struct ReasonGroup {
    let reason: String
    /// Each check once, with the positions of its verdicts.
    var checks: [(check: String, positions: [Int])] = []

    var count: Int { checks.reduce(0) { $0 + $1.positions.count } }

    /// Verdicts come by check.
    mutating func add(_ position: Int, of check: String) {
        if checks.last?.check != check { checks.append((check, [])) }
        checks[checks.count - 1].positions.append(position)
    }
}

private func byReason(_ verdicts: [Verdict], at positions: [Int]) -> [ReasonGroup] {
    var groups: [ReasonGroup] = []
    var known: [String: Int] = [:]
    var group = 0
    var last: Int?
    for position in positions {
        let verdict = verdicts[position]
        // Neighbours mostly say the same, and making a sentence is dear beside seeing that.
        let saysTheSame = last.map { verdict.certainlySaysTheSame(as: verdicts[$0]) } ?? false
        last = position
        if !saysTheSame {
            let reason = verdict.message
            group = known[reason] ?? groups.count
            if group == groups.count {
                known[reason] = group
                groups.append(ReasonGroup(reason: reason))
            }
        }
        groups[group].add(position, of: verdict.check)
    }
    return groups
}
