internal import Facts
internal import Foundation
internal import Kubernetes
internal import Mesh
internal import TLS

/// What was got from one cluster.
struct ClusterResult: Sendable {
    let declaration: ClusterDeclaration
    /// `nil` where the kubeconfig cannot be used.
    let access: ClusterAccess?
    let contact: APIContact
    let evidence: ClusterEvidence
    /// Of the tables that this cluster alone tells.
    let facts: FactBatch
    let roots: Answer<PEMBundle>
    let mutualTLSPolicies: Answer<MutualTLSPolicies>
    let gatewaySight: Answer<GatewaySight>
    let discoverySelectors: Answer<[LabelSelector]>
    let ignoredNamespaces: Set<String>
    var probes: [GatewayProbe] = []
    /// One for each of the evidence's remote secrets.
    var remoteContacts: [RemoteContact] = []
    /// The service that this cluster's gateway is asked for.
    var service: Answer<ProbeService> = .failure(NoAnswer("it was not asked for"))
    /// The EndpointSlices of that service.
    var serviceSlices: Answer<[EndpointSlice]> = .failure(NoAnswer("they were not asked for"))
    /// `nil` where the kubeconfig cannot be used.
    var client: KubernetesClient?
    /// `nil` where the level does not allow to probe.
    var probe: ClusterProbe?
    /// `nil` where the level does not allow to ask istiod itself.
    var istiods: IstiodAnswers?
    /// `nil` where the signing key may not be read.
    var identity: IdentityProofs?
    /// `nil` where the level does not allow to deploy workloads.
    var workload: WorkloadProofResult?

    init(
        _ declaration: ClusterDeclaration, access: ClusterAccess, contact: APIContact, evidence: ClusterEvidence, revision: String
    ) {
        self.declaration = declaration
        self.access = access
        self.contact = contact
        self.evidence = evidence
        let facts = ClusterFacts(declaration, revision: revision, evidence: evidence)
        self.facts = facts.batch
        roots = facts.rootBundle
        mutualTLSPolicies = facts.mutualTLSPolicies
        gatewaySight = facts.gatewaySight
        (discoverySelectors, ignoredNamespaces) = (facts.discoverySelectors, facts.ignoredNamespaces)
    }

    /// Nothing can be asked, for want of a usable kubeconfig.
    init(_ declaration: ClusterDeclaration, unusable error: KubeconfigError, revision: String) {
        self.declaration = declaration
        access = nil
        contact = APIContact(outcome: .kubeconfig, detail: "\(error)")
        evidence = ClusterEvidence(nothing: NoAnswer("\(error)"))
        let facts = ClusterFacts(declaration, revision: revision, evidence: evidence)
        self.facts = facts.batch
        roots = facts.rootBundle
        mutualTLSPolicies = facts.mutualTLSPolicies
        gatewaySight = facts.gatewaySight
        (discoverySelectors, ignoredNamespaces) = (facts.discoverySelectors, facts.ignoredNamespaces)
    }
}

/// Puts the clusters' facts together and adds those that need all of them.
struct MeshFacts {
    private(set) var batch = FactBatch()
    private let results: [ClusterResult]

    init(mesh: MeshDeclaration, options: CollectOptions, now: Int, results: [ClusterResult], google: GoogleEvidence) {
        self.results = results
        let facts = GoogleFacts(google, clusters: results.map(\.declaration.name))
        batch.rows += [
            Rows.run(options, now: now),
            Rows.mesh(
                mesh, lookedUp: facts.names.number(of: mesh.fleetProject),
                configMaps: results.flatMap { $0.evidence.configMaps.value ?? [] }),
        ]
        batch.rows += Rows.clusterPairs(results.map(\.declaration.name))
        for fact in ["run", "mesh"] { batch.add(fact: fact, cluster: "", .collected) }
        let marks = results.map(\.mark)
        for result in results {
            batch.merge(result.facts)
            declared(result)
            network(result, marks: marks)
        }
        trust(now: now)
        for result in results {
            identity(result)
        }
        let sources = results.map { result in
            ServiceFacts.Source(
                cluster: result.declaration.name, services: result.evidence.services, pods: result.evidence.workloadPods,
                policies: result.mutualTLSPolicies, sight: result.gatewaySight.value)
        }
        batch.merge(ServiceFacts(sources).batch)
        let namespaces = results.map { result in
            NamespaceFacts.Source(
                cluster: result.declaration.name, namespaces: result.evidence.namespaces,
                gateway: result.evidence.gatewayNamespaces, pods: result.evidence.workloadPods,
                selectors: result.discoverySelectors)
        }
        batch.merge(NamespaceFacts(namespaces).batch)
        batch.merge(ProbeFacts(results, now: now).batch)
        let secrets = batch.rows.filter { $0.table == "remote_secret" }
        batch.merge(IstiodFacts(results, marks: marks, remoteSecrets: secrets).batch)
        batch.merge(WorkloadFacts(results).batch)
        batch.merge(facts.batch)
        batch.merge(GoogleDerivation.batch(google, order: results.map(\.declaration.name)))
    }

    private mutating func add(_ fact: String, _ cluster: String, _ rows: Answer<[FactRow]>) {
        switch rows {
        case .success(let rows):
            batch.rows += rows
            batch.add(fact: fact, cluster: cluster, .collected)
        case .failure(let reason):
            batch.add(fact: fact, cluster: cluster, .failed, reason: reason.reason)
        }
    }

    private mutating func declared(_ result: ClusterResult) {
        let name = result.declaration.name
        add("cluster", name, .success([Rows.cluster(result.declaration, result.access)]))
        add("declared_server", name, .success(Rows.declaredServer(result.declaration)))
        batch.add(fact: "cluster_pair", cluster: name, .collected)
        add("api_server", name, .success([Rows.apiServer(name, result.contact)]))
        if let access = result.access {
            add("kubeconfig_use", name, .success([Rows.kubeconfigUse(name, access)]))
        } else {
            add("kubeconfig_use", name, .failure(NoAnswer(result.contact.detail)))
        }
    }

    private mutating func network(_ result: ClusterResult, marks: [ClusterMark]) {
        let name = result.declaration.name
        let gateways = result.evidence.gatewayServices
        add("gateway_probe", name, gateways.map { _ in result.probes.map { $0.row(name) } })
        add(
            "asked_service", name,
            result.evidence.workloadPods.map { pods in
                result.service.value.map { [Rows.askedService(name, $0, pods: pods, slices: result.serviceSlices.value)] } ?? []
            })
        add(
            "served_certificate", name,
            result.servedChains.map { chains in
                chains.flatMap { Rows.servedCertificates(name, address: $0.address, chain: $0.chain) }
            })
        let secrets = result.evidence.remoteSecrets
        let pairs = secrets.map { Array(zip($0, result.remoteContacts)) }
        add(
            "remote_secret", name,
            pairs.map { pairs in
                Rows.remoteSecrets(name, pairs.map(\.0)) { secret in
                    let uid = pairs.first { $0.0.secret == secret.secret && $0.0.key == secret.key }?.1.uid
                    return RemoteTarget.find(secret, uid: uid, among: marks)
                }
            })
        add("remote_secret_probe", name, pairs.map { $0.map { Rows.remoteSecretProbe(name, $0, $1.contact, uid: $1.uid) } })
    }

    /// Every served chain against the roots of every cluster.
    private mutating func trust(now: Int) {
        // Once for all that trust the same roots: a fleet of hundreds shares one set, and each verification reads certificates anew.
        let trusting = results.compactMap { source in
            source.roots.value.flatMap {
                $0.certificates.isEmpty ? nil : (source.declaration.name, Set($0.fingerprints), $0.certificates)
            }
        }
        for target in results {
            for probe in target.probes where !probe.chain.isEmpty {
                var verified: [Set<String>: ChainVerification] = [:]
                for (source, set, roots) in trusting {
                    let verification = verified[set] ?? Certificate.verify(chain: probe.chain, roots: roots, at: now)
                    verified[set] = verification
                    batch.rows.append(
                        Rows.chainTrust(
                            source: source, target: target.declaration.name, address: probe.address, verification))
                }
            }
        }
        for result in results {
            add("chain_trust", result.declaration.name, both(result.roots, result.servedChains).map { _ in [] })
        }
    }

    /// What the identity proofs showed.
    private mutating func identity(_ result: ClusterResult) {
        let name = result.declaration.name
        for fact in ["ca_key_use", "identity_proof"] {
            guard let proofs = result.identity else {
                batch.add(fact: fact, cluster: name, .notExamined, reason: "needs isthmus verify --with-ca-key")
                continue
            }
            let rows = proofs.rows.filter { $0.table == fact }
            add(fact, name, proofs.refusal.map { .failure($0) } ?? .success(rows))
        }
    }
}

extension ClusterResult {
    /// The chains that workloads served through this cluster's gateway.
    var servedChains: Answer<[GatewayProbe]> {
        evidence.gatewayServices.map { _ in probes.filter { !$0.chain.isEmpty } }
    }

    var mark: ClusterMark {
        let authority = access?.certificateAuthority.map { PEMBundle(String(decoding: $0, as: UTF8.self)).fingerprints } ?? []
        let ids = (evidence.meshControlPlanes.value ?? []).map { deployment in
            let id = deployment.container("discovery")?.environment("CLUSTER_ID") ?? ""
            return id.isEmpty ? MeshConstants.defaultClusterID : id
        }
        return ClusterMark(
            cluster: declaration.name, uid: evidence.kubeSystem.value??.uid, server: access.flatMap { ServerURL($0.server.url) },
            remoteServer: declaration.remoteServer.flatMap { ServerURL($0) }, authorities: Set(authority), clusterIDs: Set(ids))
    }
}
