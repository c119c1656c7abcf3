import Judge
package import Setup

/// A plan for people: what speaks against it first, then per cluster and step what would be done.
package struct PlanReport: Sendable {
    private let plan: SetupPlan
    /// The arguments of `isthmus setup apply`.
    private let apply: String
    private let verbose: Bool

    /// - Parameter apply: what to type after `isthmus setup apply`.
    package init(_ plan: SetupPlan, apply: String, verbose: Bool = false) {
        self.plan = plan
        self.apply = apply
        self.verbose = verbose
    }

    package func render(on medium: Medium) -> String {
        var page = Page(medium)
        header(on: &page)
        for finding in plan.findings.sorted(by: { $0.severity.rank < $1.severity.rank }) { write(finding, on: &page) }
        for cluster in plan.clusters { write(cluster, on: &page) }
        footer(on: &page)
        return page.text
    }

    private func header(on page: inout Page) {
        let answer: (String, Style) =
            switch plan.outcome {
            case .stopped: ("CANNOT BE APPLIED", .bad)
            case .open: ("NOT KNOWN WHETHER IT CAN BE APPLIED", .caution)
            case .ready where plan.count(.create, .change) == 0: ("NOTHING TO DO", .good)
            case .ready: ("CAN BE APPLIED", .good)
            }
        let names = plan.clusters.map(\.name)
        let count = "\(counted(names.count, "cluster"))\(names.count <= 4 ? ": \(names.joined(separator: ", "))" : "")"
        page.items(
            [
                page.span(answer.0, answer.1), page.span("mesh \(plan.mesh.id.isEmpty ? "of an unknown id" : plan.mesh.id)"),
                page.span(count),
            ], indent: 0)
        var gates = [page.span("gates", .faint)]
        let standings = plan.clusters.flatMap(\.gates)
        func add(_ standing: Gate.Standing, _ sign: String, _ style: Style, _ words: String) {
            let count = standings.count { $0.standing == standing }
            if count > 0 { gates.append(page.span("\(sign) \(count)\(words)", style)) }
        }
        add(.good, Status.pass.sign(page.medium), .good, "")
        add(.bad, Status.fail.sign(page.medium), .bad, " failed")
        add(.open, Status.unknown.sign(page.medium), .unsure, " not known")
        add(.comes, page.medium.arrow, .faint, " looked at again before the step")
        page.items(gates, indent: 0)
        page.items(permissions(on: page), indent: 0)
    }

    private func permissions(on page: Page) -> [Piece] {
        let all = plan.clusters.flatMap(\.permissions)
        if all.isEmpty { return [] }
        let (allowed, missing) = (all.count { $0.allowed == true }, all.count { $0.allowed == false })
        let open = all.count - allowed - missing
        var pieces = [page.span("permissions", .faint)]
        if allowed > 0 { pieces.append(page.span("\(Status.pass.sign(page.medium)) \(allowed)", .good)) }
        if missing > 0 { pieces.append(page.span("\(Status.fail.sign(page.medium)) \(missing) missing", .bad)) }
        if open > 0 { pieces.append(page.span("\(Status.unknown.sign(page.medium)) \(open) not known", .unsure)) }
        return pieces
    }

    private func write(_ finding: Finding, on page: inout Page) {
        let status = finding.severity.status
        page.gap()
        let who = finding.cluster.isEmpty ? "" : "\(finding.cluster): "
        page.prose(lead: [page.span("\(status?.sign(page.medium) ?? "*") ", status?.style ?? .faint)], who + finding.text)
        if !finding.remedy.isEmpty { page.whole([Page.space(2), page.span("Fix  ", .faint), page.span(finding.remedy)]) }
    }

    private func write(_ cluster: ClusterPlan, on page: inout Page) {
        page.gap()
        page.line([page.span(cluster.name, .strong), Page.space(2), page.span(cluster.server, .faint)])
        for gate in cluster.gates where gate.standing == .bad || gate.standing == .open && verbose {
            let lead = page.span("  \(gate.status.sign(page.medium)) ", gate.status.style)
            page.prose(lead: [lead], "\(gate.message) (\(gate.check))")
        }
        let open = cluster.gates.filter { $0.standing == .open }
        if !open.isEmpty, !verbose {
            let names = distinct(open.map(\.check))
            let shown = names.prefix(6).joined(separator: ", ") + (names.count > 6 ? " and \(names.count - 6) more" : "")
            page.prose(lead: [page.span("  \(Status.unknown.sign(page.medium)) ", .unsure)], "not known: \(shown)", .unsure)
        }
        permissions(cluster.permissions.filter { $0.allowed != true }, on: &page)
        if cluster.acts.isEmpty { page.line([Page.space(2), page.span("nothing is planned", .faint)]) }
        let steps = SetupStep.allCases.map { step in (step, cluster.acts.filter { $0.step == step }) }
        // One table for all steps, so that their columns stand under each other.
        var table = Table([.init(), .init(gap: 1), .init(least: 20, rank: 1), .init(least: 16)])
        let spelled = steps.filter { verbose || !$0.1.allSatisfy { $0.verb == .leave } }.flatMap(\.1)
        for act in spelled { table.add(row(act, on: page)) }
        let widths = table.widths(in: page.medium.width - 2) ?? [1, 8, 20, 16]
        var next = 0
        for (step, acts) in steps where !acts.isEmpty {
            page.line([Page.space(2), page.span(step.title, .faint)])
            guard verbose || !acts.allSatisfy({ $0.verb == .leave }) else {
                asWanted(acts, on: &page)
                continue
            }
            for act in acts {
                table.write(next..<next + 1, to: &page, indent: 2, widths: widths)
                next += 1
                details(act, on: &page)
            }
        }
    }

    /// A step in which nothing is to be done.
    private func asWanted(_ acts: [Act], on page: inout Page) {
        let names = acts.count == 1 ? "\(acts[0].object.kind) \(acts[0].object.name)" : counted(acts.count, "object")
        let reasons = distinct(acts.map(ActSummary.words)).filter { $0 != "as wanted" }
        let words = reasons.count == 1 ? reasons[0] : "as wanted"
        page.line([Page.space(2), page.span("= ", .faint), page.span("\(names)  "), page.span(words, .faint)])
    }

    /// What the credential lacks: one line for each kind of object.
    private func permissions(_ missing: [Permission], on page: inout Page) {
        func kind(_ permission: Permission) -> [String] {
            [
                permission.resource, permission.group, permission.namespace, permission.name ?? "",
                "\(permission.allowed == false)",
            ]
        }
        let groups = Dictionary(grouping: missing, by: kind)
        for key in distinct(missing.map(kind)) {
            guard let group = groups[key], let first = group.first else { continue }
            let status: Status = first.allowed == false ? .fail : .unknown
            let place = first.namespace.isEmpty ? first.name.map { " \($0)" } ?? "" : " in \(first.namespace)"
            let what = first.group.isEmpty ? first.resource : "\(first.resource).\(first.group)"
            let reason = first.reason.isEmpty ? "" : " (\(first.reason))"
            page.prose(
                lead: [page.span("  \(status.sign(page.medium)) ", status.style)],
                "permission \(status == .fail ? "missing" : "not known"): \(group.map(\.verb).joined(separator: ", ")) \(what)\(place)\(reason)"
            )
        }
    }

    private func row(_ act: Act, on page: Page) -> [Piece] {
        let sign = act.verb.sign(page.medium)
        let isUsual = act.object.namespace.isEmpty || act.object.namespace == "istio-system"
        let says = act.verb == .create || act.verb == .leave
        return [
            page.span(sign.0, sign.1), page.span(act.object.kind),
            page.span(isUsual ? act.object.name : "\(act.object.namespace)/\(act.object.name)"),
            page.span(says ? ActSummary.words(act) : "", act.verb == .leave ? .faint : .plain),
        ]
    }

    /// What has to be read whole: why an act cannot be done, and every field of a change.
    private func details(_ act: Act, on page: inout Page) {
        guard act.verb != .create, act.verb != .leave else { return }
        let indent = Page.space(6)
        if !act.reason.isEmpty { page.prose(lead: [indent], act.reason, act.verb.sign(page.medium).1) }
        for field in act.fields {
            let owner = field.owner.isEmpty ? "" : act.forces ? "   taken over from \(field.owner)" : "   owner: \(field.owner)"
            page.line([indent, page.span(ActSummary.words(field, arrow: page.medium.arrow)), page.span(owner, .caution)])
        }
    }

    private func footer(on page: inout Page) {
        page.gap()
        var items = [
            page.span("\(plan.count(.create)) to create"), page.span("\(plan.count(.change)) to change"),
            page.span("\(plan.count(.leave)) as wanted"),
        ]
        let stopped = plan.count(.conflict, .refused)
        if stopped > 0 { items.append(page.span("\(stopped) in conflict or refused", .bad)) }
        if plan.count(.unknown) > 0 { items.append(page.span("\(plan.count(.unknown)) not known", .unsure)) }
        page.items(items, indent: 0)
        if plan.outcome == .ready, plan.count(.create, .change) > 0 {
            page.whole([page.span("isthmus setup apply \(apply)", .strong)])
        } else if plan.outcome == .ready {
            page.whole([page.span("What it does not prove is proved by  isthmus verify")])
        }
        page.line([page.span("exit \(plan.outcome.exitCode)", .faint)])
    }
}

extension Finding.Severity {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    fileprivate var status: Status? {
        switch self {
        case .error: .fail
        case .unknown: .unknown
        case .warning: .warning
        case .note: nil
        }
    }
}

extension Verb {
    fileprivate func sign(_ medium: Medium) -> (String, Style) {
        switch self {
        case .create: ("+", .good)
        case .change: ("~", .caution)
        case .leave: ("=", .faint)
        case .conflict, .refused: (Status.fail.sign(medium), .bad)
        case .unknown: ("?", .unsure)
        }
    }
}
