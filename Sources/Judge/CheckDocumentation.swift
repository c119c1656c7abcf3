import Facts

extension CheckCatalogue {
    /// The reference of all checks, as `docs/checks.md` has it.
    package var markdown: String {
        var text = """
            # Checks

            <!-- Made from the front matter of checks/<phase>/*.sql by `isthmus checks docs`. Edit those. -->

            Every check is one query over the [facts](facts.md) and gives one verdict per row of its subject table. A check whose
            requirements are not sound is `blocked` by them; one whose facts were not collected is `unknown`, never green.

            """
        if !guide.isEmpty { text += guideTable }
        for phase in Phase.allCases {
            let checks = checks.filter { $0.phase == phase }
            if checks.isEmpty { continue }
            text += "\n## \(phase.title)\n\n| check | of every | severity | level | says |\n|---|---|---|---|---|\n"
            for check in checks {
                text +=
                    "| [`\(check.id)`](#\(check.id)) | \(check.subject) | \(check.severity.rawValue) | \(check.level.rawValue) | "
                text += "\(check.title.replacing("|", with: "\\|")) |\n"
            }
            for check in checks { text += check.markdown }
        }
        return text
    }

    /// What the documentation asks for, and which checks answer it.
    private var guideTable: String {
        var text = "\n## What the guide asks for\n\n| prerequisite | checks |\n|---|---|\n"
        for prerequisite in guide {
            let answers = checks.filter { $0.guide.contains(prerequisite.id) }.map { "[`\($0.id)`](#\($0.id))" }
            text += "| \(prerequisite.sentence.replacing("|", with: "\\|")) | \(answers.joined(separator: ", ")) |\n"
        }
        return text
    }
}

extension Check: CustomStringConvertible {
    fileprivate var markdown: String {
        var text = "\n### \(id)\n\n\(title).\n\n\(why.trimmed)\n\n"
        if !requires.isEmpty {
            text += "Stands on: \(requires.map { "[`\($0.check)`](#\($0.check))" }.joined(separator: ", ")).  \n"
        }
        text += "Reads: \(reads.keys.sorted().map { "[`\($0)`](facts.md#\($0))" }.joined(separator: ", ")).\n"
        for (name, sentence) in words { text += "\n- **\(name)**: \(sentence.trimmed)" }
        if let remedy {
            text += "\n\n```\n\(remedy.variants.map { $0.heading + $0.template.text.trimmed }.joined(separator: "\n"))\n```"
        }
        if let docs { text += "\n\nRead on: <\(docs)>" }
        return text + "\n"
    }

    private var words: [(String, String)] {
        Status.fromQuery.flatMap { status in
            (messages[status]?.variants ?? []).map { variant in
                (status.rawValue + (variant.reason.isEmpty ? "" : ", \(variant.reason)"), variant.template.text)
            }
        }
    }

    /// The whole check for people, as `isthmus checks show` prints it.
    package var description: String {
        var text = "\(id): \(title)\n\n\(why.trimmed)\n\n"
        func line(_ name: String, _ value: String) { text += name.padded(to: 10) + value + "\n" }
        line("file", file)
        line("of every", "\(subject) (span \(span.rawValue))")
        line("severity", severity.rawValue)
        line("level", level.rawValue)
        line("requires", requires.isEmpty ? "nothing" : requires.map(\.check).joined(separator: ", "))
        line("reads", reads.keys.sorted().joined(separator: ", "))
        for (name, sentence) in words { line(name, sentence.trimmed) }
        if let remedy {
            text += "\nremedy\n"
            for variant in remedy.variants {
                text += (variant.heading + variant.template.text.trimmed).split(separator: "\n").map { "  \($0)\n" }.joined()
            }
        }
        if let docs { text += "\n\(docs)\n" }
        if let fault { text += "\nThis check cannot be run: \(fault)\n" }
        return text + "\n" + sql.trimmed
    }
}

extension Wording.Variant {
    fileprivate var heading: String { reason.isEmpty ? "" : "# \(reason)\n" }
}

extension String {
    fileprivate var trimmed: String {
        let kept = drop { $0.isWhitespace }
        return String(kept.reversed().drop { $0.isWhitespace }.reversed())
    }

    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
