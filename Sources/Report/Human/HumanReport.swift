package import Judge

/// The report for people. Its first screen answers: is it ready, what is wrong first, what do I type now.
///
/// Causes come first, each with what was observed against what was expected, what it explains, and a command to paste. Then the warnings,
/// the result by phase, and aloud everything that was not judged: unknown, not examined, nothing to judge, left out, accepted.
/// All text passes through `Page`, which lets no hidden character onto the terminal; a line that does not fit is cut in
/// the middle, except commands, which are to be pasted and are always whole.
package struct HumanReport: Sendable {
    let reading: Reading
    let context: ReportContext
    let outcome: Outcome
    let medium: Medium
    let verbose: Bool
    let diagnosing: DiagnosisContext?

    /// - Parameters:
    ///   - verbose: Show every check with what was observed, and shorten no list.
    ///   - diagnosing: Name the cause first, as `isthmus diagnose` does.
    package init(
        _ judgement: Judgement, _ context: ReportContext = ReportContext(), on medium: Medium, verbose: Bool = false,
        diagnosing: DiagnosisContext? = nil
    ) {
        reading = Reading(judgement)
        self.context = context
        self.outcome = context.outcome(of: judgement)
        self.medium = medium
        self.verbose = verbose
        self.diagnosing = diagnosing
    }

    /// The whole report, ending with a line break.
    package func render() -> String {
        var page = Page(medium)
        header(on: &page)
        proofs(on: &page)
        if let diagnosing { diagnosis(diagnosing, on: &page) } else { causes(on: &page) }
        warnings(on: &page)
        phases(on: &page)
        matrix(on: &page)
        unjudged(on: &page)
        footer(on: &page)
        return page.text
    }

    private func header(on page: inout Page) {
        let run = reading.judgement.run
        let (answer, style) = headline
        let names = reading.clusters
        let number = counted(names.count, "cluster")
        var items = [
            run.meshID.map { "mesh \($0)" } ?? "mesh id not known",
            names.isEmpty ? number : "\(number): \(names.joined(separator: ", "))",
            "level \(run.level.rawValue)",
        ]
        if let duration = context.duration { items.append(HumanReport.seconds(duration)) }
        func line(_ items: [String]) -> [Piece] {
            [page.span(answer, style)] + items.flatMap { [Page.space(3), page.span($0)] }
        }
        if line(items).width > page.medium.width { items[1] = number }
        if line(items).width <= page.medium.width {
            page.line(line(items))
        } else {
            page.line([page.span(answer, style)])
            page.items(items.map { page.span($0) }, indent: 0)
        }
        if let reason = context.brokenOff {
            page.prose(
                lead: [page.span("! ", .caution)],
                "The run was broken off: \(reason). This is what was seen until then; the rest is not examined.", .caution)
        }
    }

    /// The answer as it is shown, with what stands between it and `READY`.
    private var headline: (String, Style) {
        let unseen: [Status] = [.unknown, .blocked, .notExamined]
        var rest = unseen.filter { outcome.count($0) > 0 }.map { $0.counted(outcome.count($0)) }
        if outcome.skipped > 0 { rest.append("\(counted(outcome.skipped, "check")) left out") }
        switch outcome.answer {
        case .ready: return (outcome.accepted > 0 ? "READY, \(outcome.accepted) accepted" : "READY", .good)
        case .notReady:
            let causes = reading.judgement.causes.count(where: \.isFinding)
            if causes == 0 { return ("NOT READY, a warning counts as a failure", .bad) }
            return (causes == 1 ? "NOT READY" : "NOT READY, \(causes) causes", .bad)
        case .noFault: return ((["NO FAULT FOUND"] + rest).joined(separator: ", "), .caution)
        case .notJudged: return ("NOT JUDGED, \(counted(outcome.count(.error), "verdict")) in error", .bad)
        case .nothingExamined: return ("NOTHING EXAMINED", .caution)
        }
    }

    private func footer(on page: inout Page) {
        for (index, note) in reading.judgement.notes.enumerated() {
            if index == 0 { page.gap() }
            page.prose(lead: [page.span("! ", .caution)], note, .caution)
        }
        page.gap()
        var items = Status.worstFirst.filter { outcome.count($0) > 0 }.map { status in
            page.span("\(status.sign(medium)) \(status.counted(outcome.count(status)))", status.style)
        }
        if outcome.accepted > 0 { items.append(page.span("\(outcome.accepted) accepted", .faint)) }
        if outcome.skipped > 0 { items.append(page.span("\(outcome.skipped) left out", .faint)) }
        if items.isEmpty { items = [page.span("No verdicts.", .caution)] }
        page.items(items, indent: 0)
        let exit = page.span("exit \(outcome.exitCode): \(outcome.exitMeaning)")
        guard let snapshot = context.snapshot else { return page.line([exit]) }
        // A path is there to be copied: whole, on a line of its own where both do not fit.
        let path = page.span("Snapshot: \(snapshot)")
        if path.width + 3 + exit.width <= page.medium.width {
            page.whole([path, Page.space(3), exit])
        } else {
            page.whole([path])
            page.line([exit])
        }
    }

    /// Text for reading: fingerprints shortened, except in the verbose report.
    func short(_ text: String) -> String { verbose ? text : shortened(text) }

    static func seconds(_ duration: Double) -> String {
        let hundredths = Int((duration * 100).rounded())
        if hundredths >= 6000 { return "\(hundredths / 6000) min \(hundredths / 100 % 60) s" }
        if hundredths >= 1000 { return "\(hundredths / 100) s" }
        return "\(hundredths / 100).\(String(hundredths % 100 + 100).dropFirst()) s"
    }
}

extension Page {
    /// Short things side by side, on as many lines as it takes; none is broken.
    mutating func items(_ items: [Piece], indent: Int) {
        var line: [Piece] = []
        for item in items {
            let needed = line.width + (line.isEmpty ? indent : 3) + item.width
            if !line.isEmpty, needed > medium.width {
                self.line(line)
                line = []
            }
            line += [Page.space(line.isEmpty ? indent : 3), item]
        }
        if !line.isEmpty { self.line(line) }
    }
}
