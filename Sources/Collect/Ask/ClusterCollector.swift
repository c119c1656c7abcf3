internal import Facts
internal import HTTP
internal import Kubernetes
internal import Mesh

/// What one cluster answered.
struct ClusterAnswers: Sendable {
    var contact: APIContact
    var evidence: ClusterEvidence
    var groups: Answer<APIGroups>

    init(contact: APIContact, evidence: ClusterEvidence, groups: Answer<APIGroups>) {
        self.contact = contact
        self.evidence = evidence
        self.groups = groups
    }

    /// The server did not answer.
    init(nothing contact: APIContact) {
        let reason = NoAnswer(contact.detail)
        self.init(contact: contact, evidence: ClusterEvidence(nothing: reason), groups: .failure(reason))
    }

    /// The services that the cluster's gateway can be asked for, the best one first; at least one, or the reason why none.
    ///
    /// - Parameter ignored: namespaces that the cluster's istiod leaves out.
    func candidates(ignored: Set<String>) -> Answer<[ProbeService]> {
        both(evidence.workloadPods, evidence.services).flatMap { pods, services in
            let found = ProbeService.candidates(services: services, pods: pods, ignored: ignored)
            return found.isEmpty
                ? .failure(NoAnswer("no Service was found behind which a ready pod with a sidecar stands, to ask for"))
                : .success(found)
        }
    }
}

extension APIGroups {
    fileprivate var endpointSlices: Resource? {
        firstServed("discovery.k8s.io", ["v1", "v1beta1"]).map {
            Resource(group: "discovery.k8s.io", version: $0, "endpointslices")
        }
    }
}

/// Asks one cluster everything, in two waves over one connection: what depends on nothing, all at once and together with the
/// first contact; then what depends on the API groups or on names that the first wave gave.
struct ClusterCollector: Sendable {
    let client: KubernetesClient
    let progress: Progress
    /// As declared; `nil`: by the nodes.
    var platform: Platform?
    /// Told as soon as the cluster has shown what identifies it.
    var identified: @Sendable (EarlyIdentity) async -> Void = { _ in }

    private static let system = MeshConstants.systemNamespace

    /// What the first contact showed, and everything else. Where the server did not answer, nothing else is waited for, and every
    /// question has the same reason.
    func collect() async -> ClusterAnswers {
        async let asked = firstWave()
        let contact = await contact()
        progress.done(.version)
        if contact.outcome.isFinal {
            // Leaving cancels the rest.
            return ClusterAnswers(nothing: contact)
        }
        let wave = await asked
        if let anonymous = wave.anonymous {
            return ClusterAnswers(nothing: contact.refused(anonymous))
        }
        return ClusterAnswers(contact: contact, evidence: await secondWave(wave), groups: wave.groups)
    }

    /// The first request, by which the server is judged.
    private func contact() async -> APIContact {
        do {
            let (version, answer) = try await client.versionAndAnswer()
            return APIContact(version: version, answer: answer)
        } catch {
            return APIContact(error)
        }
    }

    // MARK: First wave

    private struct FirstWave: Sendable {
        var groups: Answer<APIGroups>
        var evidence: ClusterEvidence
        var secretNames: Answer<[ObjectMeta]>
        var labelledSecrets: Answer<[SecretObject]>
        /// The server's words, where it takes the caller for nobody.
        var anonymous: String?
    }

    private func firstWave() async -> FirstWave {
        async let groups = ask(.groups) { () throws(KubernetesError) in try await client.apiGroups() }
        async let namespaces = listMetadata(.namespaces, .namespaces)
        async let nodes = list(.nodes, .nodes, as: Node.self)
        async let controlPlanes = list(.controlPlanes, .deployments, labels: "app=istiod", as: Deployment.self)
        async let controlPlanePods = list(.controlPlanePods, .pods, labels: "app=istiod", as: Pod.self)
        async let systemDeployments = list(.systemDeployments, .deployments, in: Self.system, as: Deployment.self)
        async let gatewayDeployments = list(.gatewayDeployments, .deployments, labels: Self.gatewayLabel, as: Deployment.self)
        async let gatewayPods = list(.gatewayPods, .pods, labels: Self.gatewayLabel, as: Pod.self)
        async let workloadPods = list(.workloadPods, .pods, labels: "\(MeshConstants.tlsModeLabel)=istio", as: Pod.self)
        async let configMaps = list(.configMaps, .configMaps, in: Self.system, as: ConfigMap.self)
        async let rootCopies = list(
            .rootCopies, .configMaps, fields: "metadata.name=\(MeshConstants.rootConfigMap)", as: ConfigMap.self)
        async let webhooks = list(.webhooks, .mutatingWebhookConfigurations, as: WebhookConfiguration.self)
        async let services = list(.services, .services, as: Service.self)
        async let serviceEvents = list(
            .serviceEvents, .events, fields: "involvedObject.kind=Service", as: Event.self)
        async let secretNames = listMetadata(.secretNames, .secrets, in: Self.system)
        async let labelledSecrets = list(
            .remoteSecrets, .secrets, in: Self.system, labels: MeshConstants.multiClusterLabel, as: SecretObject.self)
        async let permissions = reviews()

        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.namespaces = await namespaces
        evidence.nodes = await nodes
        // Google's APIs are asked about the cluster while its other answers come.
        if let uid = evidence.namespaces.value?.first(where: { $0.name == "kube-system" })?.uid {
            await identified(EarlyIdentity(uid: uid, nodes: evidence.nodes.value))
        }
        evidence.controlPlanes = await controlPlanes
        evidence.controlPlanePods = await controlPlanePods
        evidence.gatewayDeployments = both(await systemDeployments, await gatewayDeployments).map { $0 + $1 }
        evidence.gatewayPods = await gatewayPods
        evidence.workloadPods = await workloadPods
        evidence.configMaps = await configMaps
        evidence.rootCopies = await rootCopies
        evidence.webhooks = await webhooks
        evidence.services = await services
        evidence.serviceEvents = await serviceEvents
        let known = await groups
        evidence.groups = known.map { Set($0.versions.keys) }
        let (reviews, anonymous) = await permissions
        evidence.permissions = reviews.filter { $0.permission.isServed(by: known.value) }
        return FirstWave(
            groups: known, evidence: evidence, secretNames: await secretNames,
            labelledSecrets: await labelledSecrets, anonymous: anonymous)
    }

    private static let gatewayLabel = "\(MeshConstants.eastWestGatewayLabel.key)=\(MeshConstants.eastWestGatewayLabel.value)"

    /// Asks for every permission at once. Where all reviews are refused because the caller is nobody, the server's words.
    private func reviews() async -> ([PermissionReview], anonymous: String?) {
        let (reviews, refusals) = await client.review(Permission.reading)
        progress.done(.permissions)
        let isNobody =
            refusals.count == reviews.count && refusals.allSatisfy { $0.isForbidden && "\($0)".contains("system:anonymous") }
        return (reviews, isNobody ? refusals.first.map { "\($0.cause)" } : nil)
    }

    // MARK: Second wave

    private func secondWave(_ wave: FirstWave) async -> ClusterEvidence {
        let first = wave.evidence
        async let gateways = served(.gateways, wave.groups, "networking.istio.io", "gateways", as: GatewayResource.self)
        async let destinationRules = served(
            .destinationRules, wave.groups, "networking.istio.io", "destinationrules", as: DestinationRule.self)
        async let authentications = served(
            .peerAuthentications, wave.groups, "security.istio.io", "peerauthentications", as: PeerAuthentication.self)
        async let authorizations = served(
            .authorizationPolicies, wave.groups, "security.istio.io", "authorizationpolicies", as: AuthorizationPolicy.self)
        async let membership = membership(wave.groups)
        async let revisions = controlPlaneRevisions(wave.groups)
        async let endpointSlices = endpointSlices(wave.groups, of: first.gatewayServices)
        async let secrets = remoteSecrets(wave)
        async let caSecrets = caSecrets(wave.secretNames)
        async let identities = identities(first.namespaces)
        async let copies = rootCopies(first.rootCopies, namespaces: first.namespaces)
        async let platform = platformAnswers(groups: wave.groups, nodes: first.nodes)

        var evidence = first
        (evidence.kubeSystem, evidence.systemNamespace) = await identities
        evidence.gateways = await gateways
        evidence.destinationRules = await destinationRules
        evidence.peerAuthentications = await authentications
        evidence.authorizationPolicies = await authorizations
        evidence.membership = await membership
        evidence.controlPlaneRevisions = await revisions
        evidence.endpointSlices = await endpointSlices
        evidence.remoteSecrets = await secrets
        evidence.caSecrets = await caSecrets
        evidence.rootCopies = await copies
        let facts = await platform
        evidence.addressPools = facts.pools
        evidence.bareMetalClusters = facts.bareMetal
        evidence.masqueradeAgent = facts.masquerade
        return evidence
    }

    private func membership(_ groups: Answer<APIGroups>) async -> Answer<ClusterEvidence.Membership> {
        defer { progress.done(.membership) }
        switch groups {
        case .failure(let reason): return .failure(reason)
        case .success(let groups):
            guard let version = groups.preferred("hub.gke.io") else {
                return .success(ClusterEvidence.Membership(hasDefinition: false, object: nil))
            }
            let path = Resource(group: "hub.gke.io", version: version, "memberships").path(name: "membership")
            do throws(KubernetesError) {
                return .success(
                    ClusterEvidence.Membership(hasDefinition: true, object: try await client.get(path, as: JSONValue.self)))
            } catch {
                guard error.isNotFound else { return .failure(reason(error)) }
                // Only an existing definition has an object of that name to miss.
                return .success(ClusterEvidence.Membership(hasDefinition: error.missesObject("membership"), object: nil))
            }
        }
    }

    private func controlPlaneRevisions(_ groups: Answer<APIGroups>) async -> Answer<[ObjectMeta]> {
        defer { progress.done(.controlPlaneRevisions) }
        switch groups {
        case .failure(let reason): return .failure(reason)
        case .success(let groups):
            guard let version = groups.preferred("mesh.cloud.google.com") else { return .success([]) }
            let resource = Resource(group: "mesh.cloud.google.com", version: version, "controlplanerevisions")
            do throws(KubernetesError) {
                let path = resource.path(namespace: Self.system)
                return .success(try await client.listMetadata(path, as: MetadataObject.self).items.map(\.metadata))
            } catch {
                // The group may serve other kinds alone.
                return error.isNotFound ? .success([]) : .failure(reason(error))
            }
        }
    }

    /// The EndpointSlices of every namespace that has a gateway Service.
    private func endpointSlices(_ groups: Answer<APIGroups>, of services: Answer<[Service]>) async -> Answer<[EndpointSlice]> {
        defer { progress.done(.endpointSlices) }
        switch both(groups, services) {
        case .failure(let reason): return .failure(reason)
        case .success(let (groups, services)):
            guard let resource = groups.endpointSlices else { return .failure(Self.noSlices) }
            return await inEach(Set(services.compactMap(\.metadata.namespace))) { namespace in
                await list(.endpointSlices, resource, in: namespace, as: EndpointSlice.self)
            }
        }
    }

    /// The EndpointSlices of one Service.
    func endpointSlices(of service: ProbeService, _ groups: Answer<APIGroups>) async -> Answer<[EndpointSlice]> {
        switch groups {
        case .failure(let reason): return .failure(reason)
        case .success(let groups):
            guard let resource = groups.endpointSlices else { return .failure(Self.noSlices) }
            return await list(
                .endpointSlices, resource, in: service.namespace, labels: "kubernetes.io/service-name=\(service.name)",
                as: EndpointSlice.self)
        }
    }

    private static let noSlices = NoAnswer("the server has no discovery.k8s.io API of version v1 or v1beta1")

    /// Reads the labelled Secrets, and those that bear a remote secret's name without the label.
    private func remoteSecrets(_ wave: FirstWave) async -> Answer<[RemoteSecret]> {
        defer { progress.done(.unlabelledSecrets) }
        guard case .success(let (names, labelled)) = both(wave.secretNames, wave.labelledSecrets) else {
            return both(wave.secretNames, wave.labelledSecrets).map { _ in [] }
        }
        let known = Set(labelled.map(\.metadata.name))
        let missing = names.map(\.name).filter { $0.hasPrefix(MeshConstants.remoteSecretPrefix) && !known.contains($0) }
        let rest: Answer<[SecretObject]> = await inEach(Set(missing)) { name in
            await ask(.unlabelledSecrets) { () throws(KubernetesError) in
                let path = Resource.secrets.path(namespace: Self.system, name: name)
                return [try await client.find(path, as: SecretObject.self)].compactMap(\.self)
            }
        }
        let allowed = Rows.allowedOptions(wave.evidence.meshControlPlanes.value ?? [])
        return rest.map { rest in
            (labelled + rest).sorted { $0.metadata.name < $1.metadata.name }.flatMap { RemoteSecret.read($0, allowed: allowed) }
        }
    }

    /// Out of the list of all Secrets' metadata; where that is refused, each of the two by its name.
    private func caSecrets(_ names: Answer<[ObjectMeta]>) async -> Answer<[ObjectMeta]> {
        let wanted = ["cacerts", "istio-ca-secret"]
        guard case .failure = names else { return names.map { $0.filter { wanted.contains($0.name) } } }
        return await inEach(Set(wanted)) { name in
            await ask(.secretNames) { () throws(KubernetesError) in
                let path = Resource.secrets.path(namespace: Self.system, name: name)
                return [try await client.findMetadata(path, as: MetadataObject.self)?.metadata].compactMap(\.self)
            }
        }
    }

    /// kube-system and istio-system, out of the list of namespaces; where that is refused, each by its name.
    private func identities(_ namespaces: Answer<[ObjectMeta]>) async -> (Answer<ObjectMeta?>, Answer<ObjectMeta?>) {
        if case .success(let all) = namespaces {
            return (.success(all.first { $0.name == "kube-system" }), .success(all.first { $0.name == Self.system }))
        }
        @Sendable func find(_ name: String) async -> Answer<ObjectMeta?> {
            await ask(.namespaces) { () throws(KubernetesError) in
                try await client.findMetadata(Resource.namespaces.path(name: name), as: MetadataObject.self)?.metadata
            }
        }
        async let kube = find("kube-system")
        async let system = find(Self.system)
        return await (kube, system)
    }

    /// The copies of the root out of one list; where that is refused, each namespace's by its name.
    private func rootCopies(_ copies: Answer<[ConfigMap]>, namespaces: Answer<[ObjectMeta]>) async -> Answer<[ConfigMap]> {
        guard case .failure(let refusal) = copies, case .success(let namespaces) = namespaces else { return copies }
        let each: Answer<[ConfigMap]> = await inEach(Set(namespaces.map(\.name))) { namespace in
            await ask(.rootCopies) { () throws(KubernetesError) in
                let path = Resource.configMaps.path(namespace: namespace, name: MeshConstants.rootConfigMap)
                return [try await client.find(path, as: ConfigMap.self)].compactMap(\.self)
            }
        }
        return each.mapError { _ in refusal }
    }
}
