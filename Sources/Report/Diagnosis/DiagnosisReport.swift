import Judge

extension HumanReport {
    /// The cause first: in one sentence, with its evidence, what it explains, the command that mends it, and how to know that it did.
    /// Then what would decide where causes remain possible.
    func diagnosis(_ context: DiagnosisContext, on page: inout Page) {
        let diagnosis = Diagnosis(reading, context)
        page.line([page.span("Seen \(timestamp(reading.judgement.run.now))", .faint)])
        if diagnosis.causes.isEmpty { noCause(diagnosis, on: &page) }
        for (index, suspect) in diagnosis.causes.enumerated() {
            page.gap()
            write(suspect, number: index + 1, on: &page)
        }
        questions(diagnosis, on: &page)
    }

    private func noCause(_ diagnosis: Diagnosis, on page: inout Page) {
        page.gap()
        let warnings = diagnosis.suspects.filter { $0.kind == .warning }
        let passed = counted(outcome.count(.pass), "observation")
        let unseen: [Status] = [.unknown, .blocked, .notExamined]
        let gaps = unseen.filter { outcome.count($0) > 0 }.map { $0.counted(outcome.count($0)) }
        if outcome.count(.pass) == 0 {
            page.prose("No cause is named, because nothing was seen.", .caution)
        } else {
            let rest = gaps.isEmpty ? "Nothing was left out." : "Not everything was looked at: \(gaps.joined(separator: ", "))."
            page.prose("Nothing is broken in what was looked at: \(passed) passed. \(rest)", gaps.isEmpty ? .good : .caution)
        }
        if !warnings.isEmpty {
            let names = warnings.map(\.check.id).joined(separator: ", ")
            page.prose("What works but is risky may still be what you see: \(names).")
        }
    }

    private func write(_ suspect: Diagnosis.Suspect, number: Int, on page: inout Page) {
        let all = reading.verdicts(of: suspect.check.id)
        let status: Status = suspect.verdicts.contains { $0.status == .fail } ? .fail : .error
        let lead = [page.span("\(status.sign(medium)) \(number)  ", status.style)]
        let indent = lead.width
        let sentences = sentences(suspect.verdicts)
        page.prose(lead: lead, sentences.first ?? suspect.check.title, .strong)
        more(sentences.count - 1, "like it", indent: indent, on: &page)
        let word = status == .fail ? "Not so: " : "Not judged: "
        page.line([Page.space(indent), page.span(word + suspect.check.title, .faint)])
        evidence(suspect.verdicts, among: all, of: suspect.check, indent: indent, on: &page)
        facts(suspect.facts, indent: indent, on: &page)
        explains(suspect, number: number, indent: indent, on: &page)
        remedies(suspect.verdicts, indent: indent, on: &page)
        if let proof = suspect.proof {
            page.whole([Page.space(indent), page.span("Then ", .strong), page.span(proof.command)])
            page.prose(lead: [Page.space(indent + 5)], "which shows \(proof.shows)")
        }
        page.whole([Page.space(indent), page.span("Why  ", .strong), page.span("isthmus explain \(suspect.check.id)")])
    }

    /// Which fact, from where; when stands at the top, because all of a run's facts are of one moment.
    private func facts(_ facts: [Diagnosis.Fact], indent: Int, on page: inout Page) {
        for (index, fact) in facts.enumerated() {
            let lead = [Page.space(indent), page.span(index == 0 ? "From " : "     ", .strong)]
            let whose = fact.clusters.isEmpty ? "" : " of \(subjects(fact.clusters))"
            page.prose(lead: lead, "\(fact.table)\(whose): \(fact.source)", limit: verbose ? .max : 2)
        }
    }

    private func explains(_ suspect: Diagnosis.Suspect, number: Int, indent: Int, on page: inout Page) {
        if suspect.explains.isEmpty { return }
        var text = "Explains \(suspect.explains.count) more, blocked: \(list(byCheck(suspect.explains)))"
        let own = Set(suspect.explains)
        let findings = reading.judgement.causes.filter(\.isFinding)
        let sharing = findings.enumerated().filter { $0.offset != number - 1 && !own.isDisjoint(with: $0.element.explains) }
        if !sharing.isEmpty {
            let shared = own.intersection(sharing.flatMap(\.element.explains)).count
            let others = sharing.map { String($0.offset + 1) }.joined(separator: ", ")
            text += "; \(shared) of them \(shared == 1 ? "waits" : "wait") for \(others) as well"
        }
        page.prose(lead: [Page.space(indent)], text, .faint)
    }

    private func questions(_ diagnosis: Diagnosis, on page: inout Page) {
        if diagnosis.questions.isEmpty { return }
        page.gap()
        page.line([page.span("What would decide", .strong)])
        let limit = verbose ? Int.max : 6
        for (index, question) in diagnosis.questions.prefix(limit).enumerated() {
            if index > 0 { page.gap() }
            let lead = [page.span("  \(question.status.sign(medium)) ", question.status.style)]
            page.heading(lead: lead, question.check.title, .plain, id: question.check.id)
            let indent = lead.width
            let names = question.subjects.filter { !$0.isEmpty }
            if !names.isEmpty { page.prose(lead: [Page.space(indent)], subjects(names), .faint) }
            page.prose(lead: [Page.space(indent)], "Not seen: \(question.reason)", limit: verbose ? .max : 3)
            page.prose(lead: [Page.space(indent)], question.tells)
            if !question.way.isEmpty {
                page.remedy(question.way, lead: [Page.space(indent), page.span("To look  ", .strong)])
            }
        }
        more(diagnosis.questions.count - limit, "that nobody looked at", indent: 2, on: &page)
    }
}

extension Diagnosis.Question {
    /// What the answer would decide.
    var tells: String {
        let numbers = about.map { String($0 + 1) }.joined(separator: ", ")
        switch kind {
        case .upstream where about.count > 1:
            return
                "If this fails, it explains \(numbers): one thing to mend instead of \(about.count). If it passes, each stands by itself."
        case .upstream: return "If this fails, it is the cause of \(numbers). If it passes, \(numbers) stands by itself."
        case .vantage:
            return
                "If this passes, \(numbers) is on the way from this machine alone, and the mesh does not feel it. If it fails, the mesh does."
        case .waiting:
            return "If this fails, it is a cause of its own: \(counted(waiting, "other")) cannot be judged before it is seen."
        }
    }
}
