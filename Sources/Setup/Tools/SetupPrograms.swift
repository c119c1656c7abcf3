internal import Kubernetes
internal import Mesh

/// The user's programs that take part in setting up, where the plan asks for them.
package struct SetupPrograms: Sendable {
    /// The guide's installer.
    package var istioctl: UserProgram?
    /// The guide's `gen-eastwest-gateway.sh`, or one like it; without it isthmus writes what that prints.
    package var gatewayScript: UserProgram?
    /// For remote secrets the guide's way.
    package var asmcli: UserProgram?

    /// For registering clusters to the fleet.
    package var gcloud: UserProgram?

    package init() {}

    /// Does an act that a program does: gives istioctl its IstioOperator, or lets gcloud register a cluster.
    ///
    /// - Returns: whether something was written.
    func perform(_ act: Act, _ performer: ActPerformer, mesh: MeshIdentity) async throws(SetupFailure) -> Bool {
        if act.step == .register { return try await registrar(act.object, performer.report).register(act, performer) }
        guard let istioctl else {
            throw SetupFailure(
                cluster: performer.target.name, object: act.object.words, "the plan installs with istioctl, and none was named",
                remedy: "--istioctl PATH")
        }
        let installer = IstioctlInstaller(istioctl: istioctl, script: gatewayScript, performer: performer, mesh: mesh)
        return try await installer.install(act)
    }

    /// For one cluster's membership.
    func registrar(
        _ object: ObjectReference, _ report: @escaping @Sendable (SetupEvent) -> Void
    ) throws(SetupFailure) -> FleetRegistrar {
        guard let gcloud else {
            throw SetupFailure(
                cluster: object.cluster, object: object.words, "gcloud registers clusters to fleets, and none was named",
                remedy: "--gcloud PATH")
        }
        return FleetRegistrar(gcloud: gcloud, report: report)
    }

    /// Makes the remote secrets as the guide does.
    func createMesh(_ plan: SetupPlan, _ performers: [ActPerformer]) async throws(SetupFailure) {
        guard let asmcli else {
            throw SetupFailure(
                cluster: "", "the plan makes remote secrets with asmcli, and none was named", remedy: "--asmcli PATH")
        }
        try await AsmcliDiscovery(asmcli: asmcli, performers: performers, mesh: plan.mesh).createMesh()
    }
}

/// What a program makes, written into the journal before and after, so that it can be taken back as if isthmus had made it.
struct ProgramRecord: Sendable {
    let performer: ActPerformer
    let act: String
    let program: String
    private let desired: JSONValue
    private var lines: [(line: Int, object: ObjectReference, before: ObjectState?)] = []

    /// - Parameter desired: what undoing has to know; nothing secret.
    init(performer: ActPerformer, act: String, program: String, desired: JSONValue = .null) {
        self.performer = performer
        self.act = act
        self.program = program
        self.desired = desired
    }

    /// Before the program runs: what it may make or change, as it is.
    mutating func begin(_ objects: [ObjectReference]) async throws(SetupFailure) {
        for object in objects {
            let before = try await look(object)
            let intent = JournalIntent(
                act: act, object: object, verb: before == nil ? .create : .change, by: program, before: before, desired: desired)
            lines.append((try await performer.run.journal.write(.intent(intent)), object, before))
        }
    }

    /// After it has run, well or not: what it has made or changed.
    ///
    /// - Returns: whether it has changed anything.
    func end() async throws(SetupFailure) -> Bool {
        var isChanged = false
        for (line, object, before) in lines {
            let after = try await look(object)
            if let after, after.uid != before?.uid || after.fields != before?.fields {
                try await performer.run.journal.write(.done(line: line, after: after))
                isChanged = true
            } else {
                try await performer.run.journal.write(
                    .notDone(line: line, reason: after == nil ? "it is not there" : "it is as it was"))
            }
        }
        return isChanged
    }

    private func look(_ object: ObjectReference) async throws(SetupFailure) -> ObjectState? {
        do throws(KubernetesError) {
            return try await performer.target.client.find(object.path, as: JSONValue.self).map { ObjectState($0) }
        } catch {
            // A kind that the server does not know in this version is not there.
            throw SetupFailure(error, cluster: performer.target.name, object: object.words)
        }
    }
}
