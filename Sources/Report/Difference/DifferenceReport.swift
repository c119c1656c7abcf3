package import Facts
import Judge

/// The difference of two judgements, for people and for programs.
package struct DifferenceReport: Sendable {
    let difference: JudgementDifference
    let facts: [SuspiciousFact]

    /// - Parameter facts: what changed in the snapshots that were judged.
    package init(_ difference: JudgementDifference, facts: [FactChange] = []) {
        self.difference = difference
        self.facts = SuspiciousFact.sort(facts, by: difference)
    }

    /// For people: the two answers, the facts that changed, those first that a broken check read; then what is broken, still broken, no
    /// longer seen, mended, and seen at last.
    package func human(on medium: Medium, verbose: Bool = false) -> String {
        var page = Page(medium)
        header(on: &page)
        facts(verbose: verbose, on: &page)
        for group in JudgementDifference.Group.allCases { section(group, verbose: verbose, on: &page) }
        page.gap()
        page.line([page.span("\(counted(difference.unchanged, "verdict")) unchanged", .faint)])
        let versions = [difference.old, difference.new].map(\.run.toolVersion)
        if versions[0] != versions[1] {
            page.prose(
                lead: [page.span("! ", .caution)],
                "The snapshots were taken by isthmus \(versions[0]) and \(versions[1]): a fact that only one of them collects is not compared.",
                .caution)
        }
        return page.text
    }

    private func header(on page: inout Page) {
        let old = Outcome(difference.old)
        let new = Outcome(difference.new)
        let arrow = " \(page.medium.arrow) "
        let counts = JudgementDifference.Group.allCases.compactMap { group -> String? in
            let count = difference.changes(in: group).count
            return count > 0 ? "\(count) \(words(group).short)" : nil
        }
        page.items(
            [
                page.span(
                    word(old.answer) + arrow + word(new.answer), new.isReady ? .good : new.answer == .notReady ? .bad : .caution)
            ]
                + (counts.isEmpty ? [page.span("no verdict changed")] : counts.map { page.span($0) })
                + [page.span(facts.isEmpty ? "no fact changed" : "\(counted(facts.count, "fact")) changed")],
            indent: 0)
        page.line([page.span("\(timestamp(difference.old.run.now))\(arrow)\(timestamp(difference.new.run.now))", .faint)])
    }

    private func section(_ group: JudgementDifference.Group, verbose: Bool, on page: inout Page) {
        let changes = difference.changes(in: group)
        if changes.isEmpty { return }
        page.gap()
        page.line([page.span(words(group).title, .strong)])
        var order: [String] = []
        var byCheck: [String: [JudgementDifference.Change]] = [:]
        for change in changes {
            if byCheck[change.check] == nil { order.append(change.check) }
            byCheck[change.check, default: []].append(change)
        }
        if group == .newlySeen, !verbose { return brief(order.map { byCheck[$0] ?? [] }, on: &page) }
        for check in order { write(check, byCheck[check] ?? [], verbose: verbose, on: &page) }
    }

    /// What there is little to say of: one line per check.
    private func brief(_ changes: [[JudgementDifference.Change]], on page: inout Page) {
        let medium = page.medium
        var table = Table([.init(), .init(least: 20), .init(least: 12, rank: 1)])
        for changes in changes {
            let signs = distinct(changes.map { $0.old?.status.sign(medium) ?? "" }).joined(separator: " ")
            let subjects = changes.map(\.subject)
            let names = subjects.prefix(4).joined(separator: ", ") + (subjects.count > 4 ? " and \(subjects.count - 4) more" : "")
            table.add([
                page.span(
                    "\(signs) \(medium.arrow) \(changes.first?.new?.status.sign(medium) ?? "")",
                    changes.first?.new?.status.style ?? .faint),
                page.span(changes.first?.new?.definition.title ?? ""), page.span(names, .faint),
            ])
        }
        table.write(to: &page, indent: 2, widths: table.widths(in: medium.width - 2) ?? [medium.unicode ? 5 : 9, 12, 8])
    }

    private func write(_ check: String, _ changes: [JudgementDifference.Change], verbose: Bool, on page: inout Page) {
        page.heading(
            lead: [Page.space(2)], (changes.first?.new ?? changes.first?.old)?.definition.title ?? check, .plain, id: check)
        let medium = page.medium
        let shown = changes.prefix(verbose ? .max : 4)
        let rows = shown.map { change in
            let sign = "\(change.old?.status.sign(medium) ?? "") \(medium.arrow) \(change.new?.status.sign(medium) ?? "")"
            return (
                sign: page.span(sign, change.new?.status.style ?? .faint), subject: page.span(change.subject, .strong),
                change: change
            )
        }
        let signs = rows.map(\.sign.width).max() ?? 0
        let subjects = min(rows.map(\.subject.width).max() ?? 0, page.measure / 2)
        for row in rows {
            let subject = row.subject.cut(to: subjects, medium)
            let lead = [
                Page.space(4), row.sign, Page.space(signs - row.sign.width + 2), subject,
                Page.space(subjects - subject.width + 2),
            ]
            page.prose(lead: lead, story(row.change, medium), .faint, limit: verbose ? .max : 3)
        }
        if changes.count > shown.count {
            page.line([Page.space(4), page.span("and \(changes.count - shown.count) more (--verbose shows all)", .faint)])
        }
    }

    /// What is to be said of one change: then and now where both were observed, else the newer one's message.
    private func story(_ change: JudgementDifference.Change, _ medium: Medium) -> String {
        guard let new = change.new else { return "no longer there" }
        if new.accepted != nil { return "accepted: \(new.accepted?.reason ?? "")" }
        if let old = change.old, !old.observed.isEmpty, !new.observed.isEmpty, old.observed != new.observed {
            return "\(shortened(old.observed)) \(medium.arrow) \(shortened(new.observed))"
        }
        if change.group == .newlySeen || change.group == .mended { return shortened(new.observed) }
        return shortened(new.message.isEmpty ? new.observed : new.message)
    }

    private func word(_ answer: Outcome.Answer) -> String {
        switch answer {
        case .ready: "READY"
        case .notReady: "NOT READY"
        case .noFault: "NO FAULT FOUND"
        case .notJudged: "NOT JUDGED"
        case .nothingExamined: "NOTHING EXAMINED"
        }
    }

    func words(_ group: JudgementDifference.Group) -> (short: String, title: String) {
        switch group {
        case .broken: ("broken", "Broken: was sound before")
        case .found: ("found", "Found: could not be seen before")
        case .stillBroken: ("still broken", "Still broken")
        case .newlyUnknown: ("no longer seen", "No longer seen")
        case .mended: ("mended", "Mended")
        case .newlySeen: ("seen at last", "Seen at last, and sound")
        case .other: ("otherwise changed", "Otherwise changed")
        }
    }
}
