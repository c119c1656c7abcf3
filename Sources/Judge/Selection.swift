import StrictYAML
import Facts

/// Which checks are judged: `--only` and `--skip`, each a list of id globs or phases.
package struct Selection: Sendable, Equatable {
    package var only: [String]
    package var skip: [String]

    package init(only: [String] = [], skip: [String] = []) {
        self.only = only
        self.skip = skip
    }

    /// Every check.
    package static let all = Selection()

    /// Parts the checks.
    ///
    /// - Throws: ``SelectionFault`` where a pattern selects nothing: it is mistyped.
    package func apply(_ checks: [Check]) throws -> (judged: [Check], skipped: [Skipped]) {
        for pattern in only + skip where !checks.contains(where: { Self.matches(pattern, $0) }) {
            let known = checks.map(\.id) + Phase.allCases.map(\.rawValue)
            throw SelectionFault(pattern: pattern, nearest: nearest(to: pattern, among: known))
        }
        var judged: [Check] = []
        var skipped: [Skipped] = []
        for check in checks {
            if let pattern = skip.first(where: { Self.matches($0, check) }) {
                skipped.append(Skipped(check: check.id, reason: "--skip \(pattern)"))
            } else if !only.isEmpty, !only.contains(where: { Self.matches($0, check) }) {
                skipped.append(Skipped(check: check.id, reason: "not in --only \(only.joined(separator: ","))"))
            } else {
                judged.append(check)
            }
        }
        return (judged, skipped)
    }

    private static func matches(_ pattern: String, _ check: Check) -> Bool {
        pattern == check.phase.rawValue || globMatches(pattern, check.id)
    }
}

extension CheckCatalogue {
    /// These checks, and all that they stand on, directly or through others: each gets the verdicts that it gets among all checks.
    package func selection(of isWanted: (Check) -> Bool) -> Selection {
        var wanted: Set<String> = []
        func add(_ check: Check) {
            guard wanted.insert(check.id).inserted else { return }
            for requirement in check.requires { self.check(requirement.check).map(add) }
        }
        for check in checks where isWanted(check) { add(check) }
        return Selection(only: checks.map(\.id).filter(wanted.contains))
    }
}

/// A pattern of `--only` or `--skip` that selects no check.
package struct SelectionFault: Error, CustomStringConvertible, Equatable {
    package let pattern: String
    package let nearest: String?

    package var description: String {
        let hint = nearest.map { " (did you mean \"\($0)\"?)" } ?? ""
        return "\"\(pattern)\" is no check and no phase\(hint); `isthmus checks list` names them"
    }
}
