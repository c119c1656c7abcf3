package import Facts
import Judge

/// What a diagnosis needs to know beside the judgement.
package struct DiagnosisContext: Sendable {
    /// Where facts come from.
    package let schema: FactSchema
    /// The words of a command line that name the mesh, quoted for a shell: `-f mesh.yaml`.
    package let mesh: String
    /// Those that level probe takes besides; `""` for none.
    package let probing: String

    package init(schema: FactSchema, mesh: String, probing: String = "") {
        self.schema = schema
        self.mesh = mesh
        self.probing = probing.isEmpty ? "" : " \(probing)"
    }
}

/// A judgement turned round for somebody who faces a broken mesh: what is the cause, by which evidence, how one knows that it is mended,
/// and where several causes remain possible, which observation would decide.
///
/// Another view of the verdicts: it judges nothing anew.
struct Diagnosis: Sendable {
    /// Something that is named as what is wrong.
    struct Suspect: Sendable {
        let check: Check
        let kind: Kind
        /// What was found.
        let verdicts: [Verdict]
        let explains: [Cause.Explained]
        let facts: [Fact]
        /// nil where it cannot be told what would be seen, because the check itself is broken.
        let proof: Proof?

        enum Kind: String, Sendable {
            /// It fails by itself.
            case cause
            /// It works, but is risky or unsupported.
            case warning
            /// It could not be seen.
            case unseen
        }
    }

    /// A table that the evidence was taken from.
    struct Fact: Sendable, Equatable {
        let table: String
        /// As its declaration says.
        let source: String
        let clusters: [String]
    }

    /// How to know that it is mended.
    struct Proof: Sendable, Equatable {
        let command: String
        /// What the command then shows.
        let shows: String
    }

    /// An observation that nobody made, and that would tell causes apart.
    struct Question: Sendable {
        let check: Check
        let kind: Kind
        let subjects: [String]
        let status: Status
        /// Why it was not seen.
        let reason: String
        /// What to type to see it; `""` where the reason says all.
        let way: String
        /// The suspects that it speaks of, by position; of an unseen check that others wait for, none.
        let about: [Int]
        /// How many verdicts wait for it.
        let waiting: Int

        enum Kind: String, Sendable {
            /// If it fails, it explains the suspects.
            case upstream
            /// The same thing seen from pods, where the suspect was seen from this machine.
            case vantage
            /// Others wait for it.
            case waiting
        }
    }

    /// Causes first, in the order in which to mend them; then warnings; then what was tried and not seen.
    let suspects: [Suspect]
    /// The most telling first.
    let questions: [Question]

    init(_ reading: Reading, _ context: DiagnosisContext) {
        let judgement = reading.judgement
        let maker = SuspectMaker(reading: reading, context: context)
        let causes = judgement.causes.filter(\.isFinding).map { maker.cause($0) }
        let warnings = judgement.checks.compactMap { maker.suspect($0, .warning, .warning) }
        let unseen = judgement.checks.compactMap { maker.suspect($0, .unknown, .unseen) }
        suspects = causes + warnings + unseen
        questions = QuestionMaker(reading: reading, context: context).questions(about: causes)
    }

    /// Those that fail by themselves.
    var causes: [Suspect] { suspects.filter { $0.kind == .cause } }
}

extension DiagnosisContext {
    /// The command that looks at these checks alone.
    func look(at check: Check) -> String {
        switch check.level {
        case .read where check.needsSigningKey: "isthmus verify \(mesh) --with-ca-key --only \(check.id)"
        case .read: "isthmus preflight \(mesh) --only \(check.id)"
        case .probe: "isthmus preflight \(mesh) --level probe\(probing) --only \(check.id)"
        case .mutate: "isthmus verify \(mesh) --level mutate\(check.failover)\(probing) --only \(check.id)"
        }
    }

    /// The command that examines what a run left out.
    func examine(_ check: Check) -> String {
        switch check.level {
        case .read where check.needsSigningKey: "isthmus verify \(mesh) --with-ca-key"
        case .read: "isthmus diagnose \(mesh)"
        case .probe: "isthmus diagnose \(mesh) --level probe\(probing)"
        case .mutate: "isthmus verify \(mesh) --level mutate\(check.failover)\(probing)"
        }
    }
}

extension Check {
    /// Its facts come of certificates that are issued with the clusters' own keys.
    fileprivate var needsSigningKey: Bool { reads["identity_proof"] != nil || reads["ca_key_use"] != nil }

    /// What has to be asked for besides the level.
    fileprivate var failover: String { reads["workload_failover"] != nil ? " --failover" : "" }
}

/// Makes suspects of verdicts.
private struct SuspectMaker {
    let reading: Reading
    let context: DiagnosisContext

    func cause(_ cause: Cause) -> Diagnosis.Suspect {
        let subjects = Set(cause.subjects)
        let verdicts = reading.verdicts(of: cause.check.id).filter {
            ($0.status == .fail || $0.status == .error) && !$0.isAccepted && subjects.contains($0.subject)
        }
        return make(cause.check, .cause, verdicts, cause.explains)
    }

    /// nil where the check has no verdict of this status.
    func suspect(_ check: Check, _ status: Status, _ kind: Diagnosis.Suspect.Kind) -> Diagnosis.Suspect? {
        guard reading.tally(of: check.id).has(status) else { return nil }
        let verdicts = reading.verdicts(of: check.id).filter { $0.status == status && !$0.isAccepted }
        return verdicts.isEmpty ? nil : make(check, kind, verdicts, [])
    }

    private func make(
        _ check: Check, _ kind: Diagnosis.Suspect.Kind, _ verdicts: [Verdict], _ explains: [Cause.Explained]
    ) -> Diagnosis.Suspect {
        Diagnosis.Suspect(
            check: check, kind: kind, verdicts: verdicts, explains: explains, facts: facts(check, verdicts),
            proof: verdicts.contains { $0.status == .error } ? nil : proof(check, mended: verdicts.count))
    }

    /// The tables that the verdicts rest on. What the operator declares is no evidence, and what only helps is named where there is
    /// nothing else.
    private func facts(_ check: Check, _ verdicts: [Verdict]) -> [Diagnosis.Fact] {
        let seen = check.reads.keys.sorted().compactMap(context.schema.table).filter { $0.collector != "declared" }
        let needed = seen.filter { !check.optional.contains($0.name) }
        // Where all clusters are compared, those that are sound are evidence too.
        let concerned = check.span == .mesh ? Array(reading.verdicts(of: check.id)) : verdicts
        let clusters = distinct(concerned.flatMap(\.clusters))
        return (needed.isEmpty ? seen : needed).map {
            Diagnosis.Fact(table: $0.name, source: $0.source, clusters: $0.scope == .mesh ? [] : clusters)
        }
    }

    private func proof(_ check: Check, mended: Int) -> Diagnosis.Proof {
        // Looked at alone, the check shows what it found also where it is blocked now.
        let verdicts = reading.verdicts(of: check.id)
        let sound = verdicts.count { $0.status == .pass || ($0.status == .blocked && $0.found == .pass) }
        let idle = verdicts.count {
            $0.status == .notApplicable || ($0.status == .blocked && $0.found == .notApplicable)
        }
        var shows = "\(check.phase.title) \u{2714} \(sound + mended)"
        // Another finding of the check, or something of it that cannot be seen, stays when this one goes.
        if sound + idle + mended == verdicts.count { shows += ", and ends with 0" }
        return Diagnosis.Proof(command: context.look(at: check), shows: shows)
    }
}
