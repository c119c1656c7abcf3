package import Judge

/// How one judgement differs from another: the verdicts that changed, old to new, and those that are still bad.
///
/// A verdict is the same one when check and subject are the same. Accepting a finding changes it: it no longer counts as failed.
package struct JudgementDifference: Sendable {
    /// Where a changed verdict belongs. Each belongs to one group only.
    package enum Group: String, Sendable, Hashable, CaseIterable {
        /// It fails (or warns, or is in error) and was sound before.
        case broken
        /// It fails (or warns, or is in error), and could not be seen before.
        case found
        /// It failed before and still does.
        case stillBroken = "still_broken"
        /// It was seen before and no longer is: unknown, blocked, not examined.
        case newlyUnknown = "newly_unknown"
        /// It failed, warned or was in error before, and no longer does.
        case mended
        /// It was not seen before, and now passes.
        case newlySeen = "newly_seen"
        /// Anything else: from one kind of not seen to another, no longer there, accepted.
        case other
    }

    /// One verdict, then and now; nil where there was none.
    package struct Change: Sendable {
        package let group: Group
        package let check: String
        package let subject: String
        package let old: Verdict?
        package let new: Verdict?
    }

    package let old: Judgement
    package let new: Judgement
    /// In the order of the new judgement; what is no longer there comes last.
    package let changes: [Change]
    /// Verdicts that are as they were and not bad.
    package let unchanged: Int

    package init(from old: Judgement, to new: Judgement) {
        self.old = old
        self.new = new
        let before = Dictionary(old.verdicts.map { (Key($0), $0) }, uniquingKeysWith: { first, _ in first })
        var left = before
        var changes: [Change] = []
        var unchanged = 0
        for verdict in new.verdicts {
            let key = Key(verdict)
            left[key] = nil
            if let group = JudgementDifference.group(before[key], verdict) {
                changes.append(
                    Change(group: group, check: verdict.check, subject: verdict.subject, old: before[key], new: verdict))
            } else {
                unchanged += 1
            }
        }
        for verdict in old.verdicts {
            guard left.removeValue(forKey: Key(verdict)) != nil else { continue }
            changes.append(Change(group: .other, check: verdict.check, subject: verdict.subject, old: verdict, new: nil))
        }
        self.changes = changes
        self.unchanged = unchanged
    }

    package func changes(in group: Group) -> [Change] { changes.filter { $0.group == group } }

    /// Whether every verdict is as it was.
    package var isEmpty: Bool { changes.allSatisfy { $0.group == .stillBroken } }

    /// - Returns: nil for a verdict that is as it was and not bad.
    private static func group(_ old: Verdict?, _ new: Verdict) -> Group? {
        let now = Condition(new)
        guard let old else {
            switch now {
            case .bad, .worrying: return .found
            case .dark: return .newlyUnknown
            case .sound: return .newlySeen
            case .accepted: return .other
            }
        }
        let then = Condition(old)
        switch (then, now) {
        case (.bad, .bad): return .stillBroken
        case (.dark, .bad), (.dark, .worrying): return .found
        case (_, .bad): return .broken
        case (.bad, .sound), (.bad, .worrying), (.worrying, .sound): return .mended
        case (.sound, .worrying), (.accepted, .worrying): return .broken
        case (.bad, .dark), (.worrying, .dark), (.sound, .dark), (.accepted, .dark): return .newlyUnknown
        case (.dark, .sound): return .newlySeen
        case (.accepted, .sound): return .mended
        case (.bad, .accepted), (.worrying, .accepted), (.sound, .accepted), (.dark, .accepted): return .other
        case (.dark, .dark): return old.status == new.status ? nil : .other
        case (.sound, .sound), (.worrying, .worrying), (.accepted, .accepted): return nil
        }
    }

    private struct Key: Hashable {
        let check: String
        let subject: String

        init(_ verdict: Verdict) {
            check = verdict.check
            subject = verdict.subject
        }
    }

    /// What a verdict means to the reader.
    private enum Condition {
        case sound, worrying, bad, dark, accepted

        init(_ verdict: Verdict) {
            if verdict.accepted != nil {
                self = .accepted
                return
            }
            switch verdict.status {
            case .pass, .notApplicable: self = .sound
            case .warning: self = .worrying
            case .fail, .error: self = .bad
            case .unknown, .blocked, .notExamined: self = .dark
            }
        }
    }
}
