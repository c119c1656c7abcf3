import Facts
import Judge

extension DifferenceReport {
    /// Facts that changed: those that a check read which turned, with these checks; then how many others.
    func facts(verbose: Bool, on page: inout Page) {
        if facts.isEmpty { return }
        let suspicious = facts.filter { !$0.turned.isEmpty }
        let rest = facts.filter(\.turned.isEmpty)
        page.gap()
        page.line([page.span("Facts that changed", .strong)])
        let limit = verbose ? Int.max : 10
        for fact in suspicious.prefix(limit) { write(fact, verbose: verbose, on: &page) }
        let more = suspicious.count - limit
        if more > 0 {
            page.line([Page.space(2), page.span("and \(more) more that a check turned by (--verbose shows all)", .faint)])
        }
        if verbose {
            for fact in rest { write(fact, verbose: true, on: &page) }
        } else if !rest.isEmpty {
            let tables = distinct(rest.map(\.change.table))
            let names = tables.prefix(6).joined(separator: ", ") + (tables.count > 6 ? " and \(tables.count - 6) more" : "")
            page.prose(
                lead: [Page.space(2)], "\(counted(rest.count, "fact")) that no check turned by (--verbose shows all): \(names)",
                .faint)
        }
    }

    private func write(_ fact: SuspiciousFact, verbose: Bool, on page: inout Page) {
        let change = fact.change
        let sign =
            switch change.kind {
            case .added: "+ "
            case .gone: "- "
            case .changed: "~ "
            }
        let lead = [
            Page.space(2), page.span(sign), page.span(change.table, .strong), page.span(" \(name(change))"), Page.space(2),
        ]
        let columns = change.columns.map { "\($0.name) \(word($0.old)) \(page.medium.arrow) \(word($0.new))" }
        let kind = change.kind == .added ? "is new" : "is gone"
        let text = columns.isEmpty ? kind : columns.joined(separator: "; ")
        if lead.width > page.measure / 2 {
            page.line(lead)
            page.prose(lead: [Page.space(6)], text, limit: verbose ? .max : 3)
        } else {
            page.prose(lead: lead, text, limit: verbose ? .max : 3)
        }
        if fact.turned.isEmpty { return }
        let turned = fact.turned.prefix(verbose ? .max : 4).map { "\($0.check) (\(words($0.group).short))" }
        let more = fact.turned.count > turned.count ? " and \(fact.turned.count - turned.count) more" : ""
        page.prose(lead: [Page.space(6)], "read by \(turned.joined(separator: ", "))\(more)", .faint)
    }

    /// The row's key, its clusters in brackets: `(west) 203.0.113.2 15443`; of the ledger: `root_certificate (west)`.
    private func name(_ change: FactChange) -> String {
        let clusters = change.clusters.isEmpty ? [] : ["(\(change.clusters.joined(separator: ", ")))"]
        if change.table == FactSchema.ledger { return (change.key.prefix(1).map(word) + clusters).joined(separator: " ") }
        var key = change.key.map(word)
        for cluster in change.clusters { if let index = key.firstIndex(of: cluster) { key.remove(at: index) } }
        return (clusters + key.filter { $0 != "\"\"" }).joined(separator: " ")
    }

    private func word(_ value: FactValue) -> String {
        switch value {
        case .null: "not observed"
        case .text(""): "\"\""
        case .text(let text): shortened(text)
        case .integer(let number): String(number)
        case .real(let number): String(number)
        }
    }
}
