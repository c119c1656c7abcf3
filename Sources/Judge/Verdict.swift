import Facts

/// One row of a check's subject table.
package final class Subject: Sendable {
    /// Its name; `""` where a verdict is on the check as a whole.
    package let name: String
    private let world: Clusters
    private let members: Members
    private let kind: Kind

    enum Kind: Sendable {
        /// A row of a table of this scope.
        case row(FactScope)
        /// Stands for a cluster whose rows of the subject table are not known.
        case standIn
    }

    /// Positions among all clusters. Small on purpose: there are as many as there are pairs.
    enum Members: Sendable {
        case none
        case one(Int32)
        case two(Int32, Int32)
        case all
    }

    /// All clusters of a run, shared by its subjects.
    final class Clusters: Sendable {
        let names: [String]
        init(_ names: [String]) { self.names = names }
    }

    init(_ name: String, _ members: Members, of world: Clusters, kind: Kind) {
        self.name = name
        self.members = members
        self.world = world
        self.kind = kind
    }

    /// A subject by itself, of these clusters.
    convenience init(name: String, clusters: [String], positions: [Int] = [], kind: Kind = .row(.cluster)) {
        let members: Members =
            switch clusters.count {
            case 0: .none
            case 1: .one(0)
            case 2: .two(0, 1)
            default: .all
            }
        self.init(name, members, of: Clusters(clusters), kind: kind)
    }

    /// The clusters that it belongs to.
    package var clusters: [String] { positions.map { world.names[$0] } }

    /// Positions of ``clusters`` in the run's order.
    var positions: [Int] {
        switch members {
        case .none: []
        case .one(let one): [Int(one)]
        case .two(let one, let other): [Int(one), Int(other)]
        case .all: Array(world.names.indices)
        }
    }

    /// The first of ``positions``, and the second where there are two.
    var pair: (first: Int?, second: Int?) {
        switch members {
        case .none, .all: (nil, nil)
        case .one(let one): (Int(one), nil)
        case .two(let one, let other): (Int(one), Int(other))
        }
    }

    /// It stands for a cluster whose rows of the subject table are not known.
    var standsForCluster: Bool { if case .standIn = kind { true } else { false } }
    /// A row of a table of pairs.
    var isPair: Bool { if case .row(.pair) = kind { true } else { false } }
    /// A row of a table of the mesh.
    var isMesh: Bool { if case .row(.mesh) = kind { true } else { false } }
}

/// What one query gave: shared by its verdicts.
final class CheckResults: Sendable {
    let definition: Check
    let subjects: [Subject]
    private let findings: Texts
    private let brief: Texts
    /// Knows the texts of what is sound; nil where there are none.
    private let loader: TextLoader?

    /// - Parameter brief: of subjects to which the check does not apply, the columns of ``Check/brief``.
    init(_ definition: Check, _ subjects: [Subject], _ findings: Texts, brief: Texts, _ loader: TextLoader?) {
        self.definition = definition
        self.subjects = subjects
        self.findings = findings
        self.brief = brief
        self.loader = loader
    }

    /// One cell of a subject's row, by position among the check's columns; `found` is what the query gave for it.
    func text(_ position: Int, column: Int, found: Status?) -> String? {
        // To ask for all columns is dear.
        if brief.has(position), let place = definition.brief.firstIndex(of: column) { return brief.text(position, column: place) }
        return texts(position, found: found)?.text(position, column: column)
    }

    /// The texts in which a subject's row is to be found.
    func texts(_ position: Int, found: Status?) -> Texts? {
        if findings.has(position) { return findings }
        // What is neither a finding nor sound was not examined, and to ask again would find nothing.
        return found.map(TextLoader.knows) == true ? loader?.texts(of: definition) : nil
    }
}

/// What the engine has to add to a verdict; shared by those that say the same.
final class Remark: Sendable {
    /// The engine's own words; `""` where it leaves those of the check.
    let reason: String
    let blockedBy: [String]
    let accepted: Acceptance?

    init(reason: String = "", blockedBy: [String] = [], accepted: Acceptance? = nil) {
        self.reason = reason
        self.blockedBy = blockedBy
        self.accepted = accepted
    }
}

/// What one check says of one subject.
///
/// Small, and its texts are made when they are asked for: of four hundred thousand verdicts few are read.
package struct Verdict: Sendable {
    private let results: CheckResults
    private let position: Int32
    package internal(set) var status: Status
    /// What the query gave, before the ledger and other checks were heard; nil where it gave nothing valid.
    package let found: Status?
    var remark: Remark?

    init(_ results: CheckResults, _ position: Int, _ status: Status, found: Status?, _ remark: Remark? = nil) {
        self.results = results
        self.position = Int32(position)
        self.status = status
        self.found = found
        self.remark = remark
    }

    /// A verdict by itself; `values` are the query's columns in order, none where it gave no row.
    init(_ definition: Check, _ subject: Subject, _ status: Status, found: Status?, reason: String = "", values: [String?] = []) {
        let texts = values.isEmpty ? Texts(columns: definition.columns.count) : Texts(definition, values: values)
        let results = CheckResults(definition, [subject], texts, brief: Texts(columns: definition.brief.count), nil)
        self.init(results, 0, status, found: found, reason.isEmpty ? nil : Remark(reason: reason))
    }

    package var definition: Check { results.definition }
    var of: Subject { results.subjects[place] }
    /// Position among the subjects of its check: first those of the table, then others.
    var place: Int { Int(position) }

    /// The check's id.
    package var check: String { definition.id }
    /// The subject's name; `""` where the verdict is on the check as a whole.
    package var subject: String { of.name }
    package var clusters: [String] { of.clusters }
    package var observed: String { value("observed") ?? "" }
    package var expected: String { value("expected") ?? "" }
    package var evidence: String { value("evidence") ?? "" }

    /// The checks that are the roots of what this one is blocked by.
    package internal(set) var blockedBy: [String] {
        get { remark?.blockedBy ?? [] }
        set { remark = Remark(reason: remark?.reason ?? "", blockedBy: newValue, accepted: remark?.accepted) }
    }

    /// The accepted finding that covers this verdict.
    package internal(set) var accepted: Acceptance? {
        get { remark?.accepted }
        set { remark = Remark(reason: remark?.reason ?? "", blockedBy: remark?.blockedBy ?? [], accepted: newValue) }
    }

    /// Whether an accepted finding covers this verdict.
    package var isAccepted: Bool { remark?.accepted != nil }

    /// What to type, for what the query itself found; `""` where there is nothing.
    package var remedy: String {
        switch status {
        case .fail, .warning, .unknown: found == status ? definition.remedy.map(command) ?? "" : ""
        default: ""
        }
    }

    /// The columns for want of which there is no ``remedy``, though the check has one for this.
    var lackingInRemedy: [String] {
        guard found == status, let template = definition.remedy?.template(for: value(Wording.reasonColumn)) else { return [] }
        return template.columns.filter { value($0) == nil }
    }

    /// One sentence for people.
    package var message: String {
        if let reason = remark?.reason, !reason.isEmpty { return reason }
        if let template = definition.messages[status]?.template(for: value(Wording.reasonColumn)) { return render(template) }
        return status == .notApplicable ? "\(definition.title): does not apply" : definition.title
    }

    /// Whether the message is that of another verdict, as far as this can be told without making either.
    package func certainlySaysTheSame(as other: Verdict) -> Bool {
        let own = remark?.reason ?? ""
        if !own.isEmpty { return remark === other.remark }
        guard other.remark?.reason.isEmpty ?? true, definition === other.definition, status == other.status else { return false }
        return definition.messages[status]?.isConstant ?? true
    }

    /// One of the columns that the check gives to programs; nil where it is none, or was not observed.
    package func datum(_ column: String) -> String? { definition.data.contains(column) ? value(column) : nil }

    /// Message parameters: the query's columns that are not reserved. Missing are NULL ones, and for what is sound those that its
    /// message does not name.
    package var parameters: [String: String] {
        guard let texts = results.texts(place, found: found) else { return [:] }
        var parameters: [String: String] = [:]
        for (index, name) in definition.columns.enumerated() where !Check.reserved.contains(name) {
            parameters[name] = texts.text(place, column: index)
        }
        return parameters
    }

    private static let absent = "(not observed)"

    private func render(_ template: Template) -> String { template.rendered { value($0) ?? Self.absent } ?? "" }

    /// Values come from clusters and from Google, and what is shown here is pasted into a shell. What lacks a value is no command.
    private func command(_ wording: Wording) -> String {
        let template = wording.template(for: value(Wording.reasonColumn))
        return template?.rendered { name in value(name).map { definition.shell.contains(name) ? $0 : $0.shellWord } } ?? ""
    }

    private func value(_ column: String) -> String? {
        if column == "subject" { return subject }
        if column == "status" { return found?.rawValue }
        guard let index = definition.columns.firstIndex(of: column) else { return nil }
        return results.text(place, column: index, found: found)
    }
}
