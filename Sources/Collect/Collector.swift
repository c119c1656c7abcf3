internal import AtOnce
package import Facts
internal import Foundation
package import HTTP
internal import Kubernetes
package import Mesh
internal import TLS

/// Asks every cluster of a mesh, and the network from this machine, for the facts; decides nothing.
///
/// All clusters are asked at the same time, and one that hangs delays no other. What was not got is in the ledger with its
/// reason. A cancelled collection still gives what it has; what it lacks is then `failed`.
package struct Collector: Sendable {
    private let mesh: MeshDeclaration
    private let http: HTTPClient
    private let options: CollectOptions
    private let report: @Sendable (CollectEvent) -> Void

    /// - Parameter progress: called from any task, in the order of each cluster's events.
    package init(
        mesh: MeshDeclaration, http: HTTPClient, options: CollectOptions,
        progress: @escaping @Sendable (CollectEvent) -> Void = { _ in }
    ) {
        self.mesh = mesh
        self.http = http
        self.options = options
        report = progress
    }

    /// More clusters than this are asked in turns, so that descriptors and memory do not run out.
    private static let clustersAtOnce = 64

    /// Collects every table that ``CollectOptions/level`` permits; the others get ledger entries that say why not.
    package func collect() async -> FactBatch {
        let now = Int(Date().timeIntervalSince1970)
        let shared = SharedProbes(
            tls: TLSProber(), remote: RemoteSecretProber(http: http, options: options),
            plugins: ExecCache(trust: ExecTrust(allowed: options.allowExec)))
        let leads = mesh.clusters.map(GoogleLead.init)
        // Google is asked while the clusters are; only putting both together waits for both.
        async let google = GoogleCollector(mesh: mesh, http: http, options: options, report: report).collect(leads)
        let read = await leads.atOnce(limit: Self.clustersAtOnce) { await collect($0, shared) }
        let seen = options.level >= .probe ? await probed(read) : read
        let ordered = options.withCAKey ? await identified(seen, shared.tls, now: now) : seen
        let proven = options.level >= .mutate ? await proven(ordered) : ordered
        return MeshFacts(mesh: mesh, options: options, now: now, results: proven, google: await google).batch
    }

    /// What all clusters' collections share.
    private struct SharedProbes: Sendable {
        let tls: TLSProber
        let remote: RemoteSecretProber
        let plugins: ExecCache
    }

    /// Collects one cluster, up to what only all clusters together tell.
    private func collect(_ lead: GoogleLead, _ shared: SharedProbes) async -> ClusterResult {
        let declaration = lead.declaration
        let progress = Progress(cluster: declaration.name, report: report)
        progress.tell(.started)
        let access: ClusterAccess
        do throws(KubeconfigError) {
            access = try Kubeconfig.load(.file(declaration.kubeconfig)).resolve(context: declaration.context)
        } catch {
            progress.tell(.failed("\(error)"))
            await lead.tell(access: nil, evidence: ClusterEvidence(nothing: NoAnswer("\(error)")))
            return ClusterResult(declaration, unusable: error, revision: mesh.revision)
        }
        let client = KubernetesClient(
            access: access, http: http, timeout: options.timeout, connectTimeout: options.connectTimeout, plugins: shared.plugins)
        await lead.access.tell(access)
        let collector = ClusterCollector(client: client, progress: progress, platform: declaration.platform) {
            await lead.identity.tell($0)
        }
        let answers = await collector.collect()
        let (contact, evidence) = (answers.contact, answers.evidence)
        await lead.tell(access: access, evidence: evidence)
        var result = ClusterResult(declaration, access: access, contact: contact, evidence: evidence, revision: mesh.revision)
        let candidates = answers.candidates(ignored: result.ignoredNamespaces)

        let prober = GatewayProber(prober: shared.tls, connectTimeout: options.connectTimeout)
        async let gateways = prober.probeAll(
            evidence.gatewayServices.value ?? [], names: candidates.map { $0.map(\.serverName) })
        async let contacts = (evidence.remoteSecrets.value ?? []).atOnce { await shared.remote.probe($0) }
        async let slices = slices(of: candidates, collector, answers.groups)
        result.service = candidates.map { $0[0] }
        result.client = client
        result.probes = await gateways
        progress.done(.gatewayProbes)
        result.serviceSlices = await slices
        result.remoteContacts = await contacts
        progress.done(.remoteSecretProbes)
        progress.tell(!contact.outcome.isFinal ? .finished : .failed(contact.detail))
        return result
    }

    /// What stands behind the service that the gateway is asked for.
    private func slices(
        of candidates: Answer<[ProbeService]>, _ collector: ClusterCollector, _ groups: Answer<APIGroups>
    ) async -> Answer<[EndpointSlice]> {
        switch candidates {
        case .failure(let reason): .failure(reason)
        case .success(let all): await collector.endpointSlices(of: all[0], groups)
        }
    }

    /// Comes from every cluster to every other one, with certificates of its own authority and with others.
    private func identified(_ results: [ClusterResult], _ prober: TLSProber, now: Int) async -> [ClusterResult] {
        SecretBytes.shieldProcess()
        return await results.atOnce(limit: Self.clustersAtOnce) { result in
            var result = result
            result.identity = await IdentityProofs.run(from: result, to: results, prober, now: now, options)
            return result
        }
    }

    /// Lets workloads of every cluster call those of all the others.
    private func proven(_ results: [ClusterResult]) async -> [ClusterResult] {
        let proofs = await WorkloadProof(results, options, report: report).prove()
        return zip(results, proofs).map { result, proof in
            var result = result
            result.workload = proof
            return result
        }
    }

    /// Lets a pod in every cluster look at all the others, all at the same time; meanwhile every istiod is asked what it knows.
    private func probed(_ results: [ClusterResult]) async -> [ClusterResult] {
        await results.atOnce(limit: Self.clustersAtOnce) { [options, report] source in
            async let istiods = IstiodProbe.ask(source)
            var result = source
            result.probe = await ClusterProbe.run(from: source, to: results, options, report: report)
            result.istiods = await istiods
            return result
        }
    }
}
