import Facts
package import Judge

/// One check explained to whoever met it in a report: what it looks at, why it matters, how it fails, what each way of failing means and
/// how to mend it, and where the lab has seen it.
package struct Explanation: Sendable {
    private let check: Check
    private let catalogue: CheckCatalogue
    private let examples: [CheckExample]
    private let faults: [KnownFault]

    /// - Parameters:
    ///   - examples: What it says of what is not sound, from its own cases.
    ///   - faults: Faults of the lab's catalogue that turn it; those of which it is the cause come first.
    package init(_ check: Check, in catalogue: CheckCatalogue, examples: [CheckExample], faults: [KnownFault]) {
        self.check = check
        self.catalogue = catalogue
        self.examples = examples
        self.faults = faults
    }

    /// - Parameter verbose: every example and every fault in full.
    package func human(on medium: Medium, verbose: Bool = false) -> String {
        var page = Page(medium)
        page.heading(lead: [], check.title, .strong, id: check.id)
        page.gap()
        for paragraph in paragraphs(check.why) { page.prose(lead: [Page.space(2)], paragraph) }
        page.gap()
        scope(on: &page)
        examples(on: &page, verbose: verbose)
        faults(on: &page, verbose: verbose)
        page.gap()
        if let docs = check.docs { label("Read on", docs, on: &page, isCommand: true) }
        label("Query", "isthmus checks show \(check.id)", on: &page, isCommand: true)
        if let fault = check.fault {
            page.gap()
            page.prose(lead: [page.span("! ", .caution)], "This check cannot be run: \(fault)", .caution)
        }
        return page.text
    }

    /// Lines of running text joined; what a blank line parts stays apart.
    private func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .split { $0.allSatisfy(\.isWhitespace) }.map { $0.joined(separator: " ") }
    }

    private func label(_ name: String, _ text: String, on page: inout Page, isCommand: Bool = false) {
        let lead = [page.span(name, .strong), Page.space(11 - name.count)]
        if isCommand { page.whole(lead + [page.span(text)]) } else { page.prose(lead: lead, text) }
    }

    private func scope(on page: inout Page) {
        let whose =
            switch check.span {
            case .cluster: "from that cluster's facts"
            case .pair: "from the facts of both clusters"
            case .mesh: "from the facts of all clusters"
            }
        label(
            "Judges", "every \(check.subject), \(whose); level \(check.level.rawValue); severity \(check.severity.rawValue)",
            on: &page)
        for (index, name) in check.reads.keys.sorted().enumerated() {
            let source = catalogue.schema.table(name).map { $0.source } ?? ""
            let lead = [page.span(index == 0 ? "Reads" : "", .strong), Page.space(index == 0 ? 6 : 11)]
            page.prose(lead: lead, "\(name): \(source)")
        }
        let below = check.requires.map { requirement in
            requirement.when == .failed ? "\(requirement.check) (only where that failed)" : requirement.check
        }
        if !below.isEmpty { label("Waits for", distinct(below).joined(separator: ", "), on: &page) }
        let above = catalogue.checks.filter { $0.requires.contains { $0.check == check.id } }.map(\.id)
        if !above.isEmpty { label("Explains", above.joined(separator: ", "), on: &page) }
    }

    private func examples(on page: inout Page, verbose: Bool) {
        if examples.isEmpty { return }
        page.gap()
        page.line([page.span("What it says", .strong), page.span("   of the made-up clusters of its own tests", .faint)])
        let limit = verbose ? Int.max : 6
        var lastRemedy = ""
        for example in examples.prefix(limit) {
            page.prose(lead: [page.span("  \(example.status.sign(page.medium)) ", example.status.style)], example.message)
            page.prose(lead: [Page.space(4)], "That is: \(example.name)", .faint)
            // One command for several findings is said once.
            if !example.remedy.isEmpty, example.remedy != lastRemedy {
                page.remedy(example.remedy, lead: [Page.space(4), page.span("Fix  ", .strong)])
                lastRemedy = example.remedy
            }
        }
        rest(examples.count - limit, "like these", on: &page)
    }

    private func faults(on page: inout Page, verbose: Bool) {
        guard let first = faults.first else { return }
        page.gap()
        page.line([page.span("Seen in real clusters", .strong), page.span("   made wrong by lab/fault apply", .faint)])
        for fault in verbose ? faults : [first] {
            page.heading(lead: [Page.space(2)], fault.title, .plain, id: fault.name)
            for (name, text) in [
                ("Symptom", fault.symptom), ("Evidence", fault.evidence), ("Cause", fault.cause), ("Remedy", fault.remedy),
            ] {
                page.prose(lead: [Page.space(4), page.span(name, .strong), Page.space(10 - name.count)], text)
            }
        }
        if verbose { return }
        for fault in faults.dropFirst().prefix(6) {
            page.line([Page.space(2), page.span(fault.title), Page.space(2), page.span(fault.name, .faint)])
        }
        rest(faults.count - 7, "faults", on: &page)
    }

    private func rest(_ count: Int, _ what: String, on page: inout Page) {
        if count > 0 { page.line([Page.space(2), page.span("and \(count) more \(what) (--verbose shows all)", .faint)]) }
    }
}
