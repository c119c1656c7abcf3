internal import AtOnce
package import Facts
package import Judge
package import Kubernetes
package import Mesh

/// Makes a plan of what the snapshot shows and what each server says in dry runs. Changes nothing.
package struct Planner: Sendable {
    let mesh: MeshDeclaration
    let options: SetupOptions
    let clients: [String: KubernetesClient]
    let version: String

    /// Servers that are asked at the same time.
    private static let clustersAtOnce = 32
    /// Requests to one server at the same time.
    private static let requestsAtOnce = 8

    /// - Parameters:
    ///   - clients: by cluster; where one is missing, nothing can be planned for that cluster.
    ///   - version: of this isthmus.
    package init(mesh: MeshDeclaration, options: SetupOptions, clients: [String: KubernetesClient], version: String) {
        self.mesh = mesh
        self.options = options
        self.clients = clients
        self.version = version
    }

    /// The mesh that a plan would be for.
    ///
    /// - Throws: `FactFault`, as ``plan(_:_:now:resuming:)``.
    package func identity(_ snapshot: Snapshot) throws -> MeshIdentity { try MeshIdentity(mesh, SeenFacts(snapshot)) }

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - run: with which an apply goes on. What it began may not have taken effect yet, and is looked at again.
    /// - Throws: `FactFault` where the snapshot is not one of this isthmus. What servers refuse stands in the plan.
    package func plan(
        _ snapshot: Snapshot, _ judgement: Judgement, now: Int, resuming run: JournalContents? = nil
    ) async throws -> SetupPlan {
        let seen = try SeenMesh(mesh, snapshot, options)
        let workings = await seen.clusters.atOnce(limit: Self.clustersAtOnce) { await objects(of: $0, seen) }
        let tokens = Dictionary(uniqueKeysWithValues: zip(seen.clusters.map(\.name), workings.map(\.token)))
        let lines = await Array(zip(seen.clusters, workings)).atOnce(limit: Self.clustersAtOnce) { cluster, working in
            await secrets(in: cluster, working, seen, tokens)
        }
        let pending = Dictionary(
            uniqueKeysWithValues: zip(seen.clusters, lines).map { ($0.name, Set($1.acts.filter { $0.verb.writes }.map(\.step))) })
        let aliased = !lines.contains(where: \.lacksAliases)
        let registering = Set(
            zip(seen.clusters, lines).filter { $1.acts.contains { $0.step == .register && $0.verb.writes } }.map(\.0.name))
        let labelled = Set(seen.clusters.filter { $0.label == "" }.map(\.name))
        let gates = Gates.of(
            seen.clusters.map(\.name), judgement, pending: pending, begun: run?.begun ?? [:], registering: registering,
            labelled: labelled, aliased: aliased)
        let plans = await Array(zip(seen.clusters, lines)).atOnce(limit: Self.clustersAtOnce) { cluster, line in
            await plan(cluster, line, gates[cluster.name] ?? [])
        }
        return SetupPlan(
            madeAt: now, isthmusVersion: version, mesh: seen.identity, options: options, clusters: plans,
            findings: seen.findings + lines.flatMap(\.findings) + reachFindings(seen, judgement) + resumeFindings(run))
    }

    /// What is known of one cluster while its plan is made.
    private struct Line: Sendable {
        var acts: [Act] = []
        var findings: [Finding] = []
        var injection: Gate?
        var token = ReaderToken()
        var held = HeldSecrets()
        /// Trust domains of others are not accepted, and this plan does not change that.
        var lacksAliases = false
    }

    private func has(_ step: SetupStep) -> Bool { options.steps.contains(step) }

    private func dryRun(_ cluster: SeenCluster) -> DryRun? {
        guard !cluster.uid.isEmpty, let client = clients[cluster.name] else { return nil }
        return DryRun(client: client, cluster: cluster.name, takeOver: Set(options.takeOver))
    }

    /// The cluster's own objects, and what its secrets tell.
    private func objects(of cluster: SeenCluster, _ seen: SeenMesh) async -> Line {
        var line = Line()
        guard let dryRun = dryRun(cluster) else { return line }
        if dryRun.client.access.insecureSkipTLSVerify {
            line.findings.append(
                Finding(
                    .error, cluster: cluster.name,
                    "its kubeconfig does not verify the server (insecure-skip-tls-verify): whoever stands in between would get tokens of "
                        + "every cluster", remedy: "give the kubeconfig the server's certificate-authority-data"))
        }
        if has(.register) {
            let planned = FleetRegistration.plan(cluster, fleet: mesh.fleetProject, context: dryRun.client.access.context)
            line.acts += [planned.act].compactMap(\.self)
            line.findings += [planned.finding].compactMap(\.self)
        }
        let groups: APIGroups
        do throws(KubernetesError) {
            groups = try await dryRun.client.apiGroups()
        } catch {
            line.findings.append(Finding(.unknown, cluster: cluster.name, "its API groups were not read: \(error.cause)"))
            return line
        }
        if has(.network), !cluster.network.isEmpty, cluster.label != nil {
            line.acts.append(await networkAct(cluster, dryRun))
        }
        if let missing = seen.missingAliases[cluster.name] {
            if has(.network) { await aliases(missing, cluster, dryRun, &line) } else { line.lacksAliases = true }
        }
        if has(.gateway), let revision = cluster.revision, !cluster.network.isEmpty {
            await gateway(cluster, revision, groups, seen, dryRun, &line)
        }
        if has(.expose) { line.acts.append(await exposeAct(groups, seen, dryRun)) }
        if has(.discovery), options.discovery == .native, seen.clusters.count > 1 {
            async let token = ReaderToken.look(dryRun, meshID: seen.identity.id)
            async let rights = ReaderRights.look(dryRun, meshID: seen.identity.id)
            line.held = await HeldSecrets.look(dryRun.client)
            line.token = await token
            line.acts += line.token.acts + (await rights.acts)
            line.findings += await rights.findings
        }
        return line
    }

    private func networkAct(_ cluster: SeenCluster, _ dryRun: DryRun) async -> Act {
        var act = await dryRun.act(.network, NetworkManifest.namespace(network: cluster.network))
        if let label = cluster.label, !label.isEmpty, label != cluster.network {
            act.verb = .conflict
            act.reason = "it is labelled with the network \(label); a network that is stated is never overwritten"
        }
        return act
    }

    private func aliases(_ missing: [String], _ cluster: SeenCluster, _ dryRun: DryRun, _ line: inout Line) async {
        let planned = await TrustAliases.look(dryRun, revision: cluster.revision ?? "", missing: missing)
        line.acts += [planned.act].compactMap(\.self)
        line.findings += [planned.finding].compactMap(\.self)
        line.lacksAliases = planned.act?.verb.writes != true
    }

    private func gateway(
        _ cluster: SeenCluster, _ revision: String, _ groups: APIGroups, _ seen: SeenMesh, _ dryRun: DryRun, _ line: inout Line
    ) async {
        let service = GatewayServiceWish.make(cluster.declaration, platform: cluster.platform, onPremises: cluster.onPremises)
        let wish = GatewayWish(
            meshID: seen.identity.id, network: cluster.network, revision: revision, service: service.wish)
        async let injection = InjectionProof.look(dryRun.client, cluster: cluster.name, wish)
        let planned = await GatewayPlanning(dryRun: dryRun, wish: wish, installer: options.installer).acts(groups)
        line.acts += planned.acts
        line.findings += service.faults + planned.findings
        line.injection = await injection
    }

    private func exposeAct(_ groups: APIGroups, _ seen: SeenMesh, _ dryRun: DryRun) async -> Act {
        let version = groups.firstServed("networking.istio.io", ExposeManifest.versions)
        let desired = ExposeManifest.gateway(
            version: version ?? ExposeManifest.versions[0], hosts: options.expose, meshID: seen.identity.id)
        guard version != nil else {
            return Act(
                step: .expose, object: ObjectReference(cluster: dryRun.cluster, desired), verb: .refused, desired: desired,
                reason: "the server has no networking.istio.io: Istio's CustomResourceDefinitions are not installed")
        }
        return await dryRun.act(.expose, desired)
    }

    /// The remote secrets that a cluster is to hold: one for every other.
    private func secrets(in cluster: SeenCluster, _ line: Line, _ seen: SeenMesh, _ tokens: [String: ReaderToken]) async -> Line {
        var line = line
        guard has(.discovery), options.discovery == .native, let dryRun = dryRun(cluster) else { return line }
        let others = seen.clusters.filter {
            $0.name != cluster.name && RemoteSecretManifest.fault(clusterID: $0.clusterID) == nil && clients[$0.name] != nil
        }
        let held = line.held
        line.acts += await others.atOnce(limit: Self.requestsAtOnce) { other -> Act in
            let source = RemoteSecretSource(
                cluster: other.name, clusterID: other.clusterID,
                server: other.declaration.remoteServer ?? clients[other.name]?.access.server.url ?? other.server,
                serviceAccount: RemoteSecretManifest.serviceAccount)
            var act = await held.act(
                for: source, token: tokens[other.name] ?? ReaderToken(), working: cluster.working(for: other),
                meshID: seen.identity.id, dryRun)
            if act.verb.writes, act.reason.isEmpty { act.reason = other.reach(from: cluster.name) }
            return act
        }
        return line
    }

    private func plan(_ cluster: SeenCluster, _ line: Line, _ judged: [Gate]) async -> ClusterPlan {
        let acts = line.acts.enumerated().sorted { ($0.element.step, $0.offset) < ($1.element.step, $1.offset) }.map(\.element)
        var gates = judged
        if let injection = line.injection, acts.contains(where: { $0.step == .gateway && $0.verb != .leave }) {
            gates.append(injection)
        }
        let asked = Permissions.needed(for: acts, steps: options.steps)
        let permissions = if let client = clients[cluster.name] { await Permissions.ask(client, asked) } else { asked }
        return ClusterPlan(
            name: cluster.name, uid: cluster.uid, server: clients[cluster.name]?.access.server.url ?? cluster.server, acts: acts,
            gates: gates.filter { has($0.step) || $0.step == .network }, permissions: permissions,
            waits: waits(cluster, acts))
    }

    private func waits(_ cluster: SeenCluster, _ acts: [Act]) -> [Wait] {
        func object(_ apiVersion: String, _ kind: String, _ name: String) -> ObjectReference {
            ObjectReference(
                cluster: cluster.name, apiVersion: apiVersion, kind: kind, namespace: MeshConstants.systemNamespace, name: name)
        }
        var waits: [Wait] = []
        let steps = Set(acts.map(\.step))
        if steps.contains(.gateway) {
            let service = object("v1", "Service", MeshConstants.eastWestGateway)
            waits.append(
                Wait(
                    step: .gateway, object: object("apps/v1", "Deployment", MeshConstants.eastWestGateway), condition: .podsReady)
            )
            waits.append(Wait(step: .gateway, object: service, condition: .addressAssigned))
            waits.append(Wait(step: .expose, object: service, condition: .portAnswers))
        }
        if let token = acts.first(where: { $0.object.name == RemoteSecretManifest.tokenSecret }) {
            waits.append(Wait(step: .discovery, object: token.object, condition: .tokenIssued))
        }
        if steps.contains(.discovery), !cluster.istiod.isEmpty {
            waits.append(
                Wait(step: .discovery, object: object("apps/v1", "Deployment", cluster.istiod), condition: .peersSynced))
        }
        return waits
    }

    private func resumeFindings(_ run: JournalContents?) -> [Finding] {
        guard let run else { return [] }
        return [
            Finding(
                .note,
                "run \(run.beginning.run) has not ended: isthmus setup apply goes on with it, and waits for what it began")
        ]
    }

    private func reachFindings(_ seen: SeenMesh, _ judgement: Judgement) -> [Finding] {
        guard has(.discovery), seen.clusters.count > 1 else { return [] }
        let unusable = judgement.verdicts.filter { $0.check == "server-address-usable" && $0.status == .fail && !$0.isAccepted }
        let wrong = unusable.map { verdict in
            Finding(
                .error, cluster: verdict.subject, "its remote secrets would lead nowhere: \(verdict.message)",
                remedy:
                    "write the address that the other clusters can use into mesh.yaml: clusters[\(verdict.subject)].remoteServer: "
                    + "https://ADDRESS")
        }
        guard judgement.run.level == .read else { return wrong }
        return wrong + [
            Finding(
                .unknown,
                "whether the clusters' pods reach each other's API servers and gateways is not proved: this run looked at level read",
                remedy: "leave out --level read: setup looks at level probe by itself")
        ]
    }
}
