internal import AtOnce
internal import Kubernetes
internal import Mesh

/// Follows what is known of clusters to Google's answers about them.
struct GoogleAsker: Sendable {
    /// `nil` where nothing can be asked.
    let api: GoogleAPI?
    let mesh: MeshDeclaration
    /// Why nothing can be asked.
    let missing: NoAnswer

    private var fleetProject: String { mesh.fleetProject }

    // MARK: The fleet

    /// What does not wait for any cluster: the fleet host project, its memberships, feature and quotas.
    func fleet() async -> GoogleEvidence {
        var evidence = GoogleEvidence(
            access: .none(reason: missing.reason), fleetProject: fleetProject, memberships: Listing(missing: missing),
            meshFeature: .failure(missing), membershipQuotas: Listing(missing: missing))
        guard let api, !fleetProject.isEmpty else { return evidence }
        async let memberships = api.memberships(fleetProject)
        async let feature = api.meshFeature(fleetProject)
        async let quotas = api.membershipQuotas(fleetProject)
        async let project = project(fleetProject, roles: [.fleet])
        async let early: Void = declaredKinds(api)
        evidence.memberships = await memberships
        evidence.meshFeature = await feature
        evidence.membershipQuotas = await quotas
        evidence.projects[fleetProject] = await project
        await early
        return evidence
    }

    /// Clusters on premises stand in the fleet host project nearly always: their lists need not wait for them.
    private func declaredKinds(_ api: GoogleAPI) async {
        let kinds = mesh.clusters.flatMap { GoogleMarks($0).onPremisesKinds }.uniqued
        if !kinds.isEmpty { _ = await api.onPremises(fleetProject, kinds) }
    }

    // MARK: One cluster

    /// Asks about one cluster, as soon as anything tells where to ask.
    func follow(_ lead: GoogleLead) async -> FollowedCluster {
        var marks = GoogleMarks(lead.declaration)
        if let access = await lead.access.value { marks.add(access) }
        // Each stage asks for what it can; the next one finds it asked already.
        let named = marks
        async let first: Void = prefetch(named)
        marks.add(await lead.identity.value)
        let identified = marks
        async let second: Void = prefetch(identified, isIdentified: true)
        let evidence = await lead.evidence.value
        if let membership = evidence.membership.value { marks.add(membership) }
        let found = await recognise(marks)
        _ = await (first, second)
        return FollowedCluster(marks: marks, evidence: evidence, found: found)
    }

    /// Asks for the projects that the marks name, and all that the cluster found there leads to.
    private func prefetch(_ marks: GoogleMarks, isIdentified: Bool = false) async {
        guard api != nil, isIdentified || !marks.likelyProjects.isEmpty else { return }
        async let projects = each(marks.likelyProjects) { await project($0, roles: [.cluster]) }
        let found = isIdentified ? await recognise(marks) : await recogniseByNames(marks)
        if let cluster = found.gke.value { await surroundings(of: cluster) }
        _ = await projects
    }

    /// Without waiting for the memberships.
    private func recogniseByNames(_ marks: GoogleMarks) async -> FoundResources {
        var found = FoundResources(nothing: missing)
        found.gke = marks.gkeCluster(membership: nil, lists: await lists(of: marks.likelyProjects))
        return found
    }

    private func recognise(_ marks: GoogleMarks) async -> FoundResources {
        var found = FoundResources(nothing: missing)
        guard let api else {
            if !marks.mayBeGKE { found.gke.found = .success(nil) }
            if marks.onPremisesKinds.isEmpty, marks.platform != nil { found.onPremises.found = .success(nil) }
            return found
        }
        let memberships: Listing<FleetMembership>
        if fleetProject.isEmpty {
            memberships = Listing(missing: NoAnswer("no fleet was declared (fleetProject in mesh.yaml)"))
        } else {
            memberships = await api.memberships(fleetProject)
        }
        (found.membership, found.rivals) = marks.membership(among: memberships, gke: marks.declaredCluster)
        found.gke = await gke(marks, membership: found.membership.value, memberships: memberships)
        if found.membership.value == nil, let resource = found.gke.value?.resource {
            // Its resource may tell the membership where the UID does not.
            (found.membership, found.rivals) = marks.membership(among: memberships, gke: resource)
        }
        let kinds = marks.onPremisesKinds
        let link = ResourcePath(found.membership.value?.endpoint?.onPremCluster?.resourceLink ?? "")["projects"]
        let projects = [await known(link), fleetProject].filter(isResourceName).uniqued
        let list = kinds.isEmpty ? Listing() : await onPremises(projects, kinds)
        found.onPremises = marks.onPremisesCluster(membership: found.membership.value, list: list)
        return found
    }

    /// Looks where names lead; where none does, in every project of the fleet's memberships.
    private func gke(
        _ marks: GoogleMarks, membership: FleetMembership?, memberships: Listing<FleetMembership>
    ) async -> Recognised<GKECluster> {
        var named = marks.likelyProjects
        if let project = membership?.gkeCluster?.project { named.append(await known(project)) }
        named = named.uniqued
        if !named.isEmpty { return marks.gkeCluster(membership: membership, lists: await lists(of: named)) }
        guard marks.mayBeGKE, marks.server != nil else { return marks.gkeCluster(membership: membership, lists: [:]) }
        let all = memberships.items.compactMap { $0.gkeCluster?.project } + [fleetProject].filter(isResourceName)
        return marks.gkeCluster(membership: membership, lists: await lists(of: all.uniqued))
    }

    /// A project by the name under which it is asked for: the fleet host project is declared by its id mostly, and stands in
    /// links by its number.
    private func known(_ project: String) async -> String {
        guard let api, isNumber(project), !fleetProject.isEmpty, !isNumber(fleetProject) else { return project }
        return (await api.project(fleetProject).value ?? nil)?.number == project ? fleetProject : project
    }

    private func lists(of projects: [String]) async -> [String: Listing<GKECluster>] {
        guard let api else { return [:] }
        return await each(projects) { await api.gkeClusters($0) }
    }

    private func onPremises(_ projects: [String], _ kinds: [OnPremisesKind]) async -> Listing<OnPremisesCluster> {
        guard let api else { return Listing(missing: missing) }
        return Listing(merging: await projects.atOnce { await api.onPremises($0, kinds) })
    }

    // MARK: Projects and networks

    /// Everything that is asked of a project in these roles. Services and permissions of all roles are asked for at once, so that a
    /// project that turns out to have another role is not asked again.
    func project(_ name: String, roles: Set<ProjectRole>, regions: [String] = []) async -> GoogleProjectEvidence {
        var evidence = GoogleProjectEvidence(name, nothing: missing)
        guard let api else { return evidence }
        async let resource = api.project(name)
        async let services = api.services(name)
        async let granted = api.permissions(name)
        let nothing = evidence, isCluster = roles.contains(.cluster)
        async let clusters = isCluster ? api.gkeClusters(name) : nothing.clusters
        async let policy = isCluster ? api.loadBalancerPolicy(name) : nothing.loadBalancerPolicy
        async let host = isCluster ? api.sharedVPCHost(name) : nothing.sharedVPCHost
        async let rules = isCluster ? api.forwardingRules(name) : nothing.forwardingRules
        async let compute = roles == [.fleet] ? nothing.compute : api.computeProject(name)
        evidence.regions = await each(regions) { await api.region(name, $0) }
        evidence.resource = await resource
        evidence.services = await services
        evidence.granted = await granted
        evidence.clusters = await clusters
        evidence.loadBalancerPolicy = await policy
        evidence.sharedVPCHost = await host
        evidence.forwardingRules = await rules
        evidence.compute = await compute
        evidence.isFleet = roles.contains(.fleet)
        evidence.isCluster = roles.contains(.cluster)
        evidence.isHost = roles.contains(.host)
        return evidence
    }

    /// What stands around a GKE cluster: its projects, region and network.
    private func surroundings(of cluster: GKECluster) async {
        async let own = each([cluster.resource?.project].compactMap(\.self)) {
            await project($0, roles: [.cluster], regions: [cluster.region])
        }
        async let host = each([cluster.vpc?.project].compactMap(\.self)) { await project($0, roles: [.host]) }
        async let network = each([cluster.vpc].compactMap(\.self)) { await self.network($0, regions: [cluster.region]) }
        _ = await (own, host, network)
    }

    func network(_ name: VPCName, regions: [String]) async -> GoogleNetworkEvidence {
        var evidence = GoogleNetworkEvidence(name, nothing: missing)
        guard let api else { return evidence }
        async let network = api.network(name)
        async let firewalls = api.firewalls(name)
        async let subnetworks = api.subnetworks(name.project)
        async let routes = api.routes(name.project)
        async let tunnels = api.vpnTunnels(name.project)
        async let regional = each(regions) { await api.firewalls(name, region: $0) }
        evidence.routers = await api.routers(name.project).filter { name.isNamed(by: $0.network) }
        evidence.routerStatus = await each(evidence.routers.items.map(\.key)) { await api.routerStatus(name.project, $0) }
        evidence.network = await network
        evidence.firewalls = await firewalls
        evidence.regionalFirewalls = await regional
        evidence.subnetworks = await subnetworks.filter { name.isNamed(by: $0.network) }
        evidence.routes = await routes.filter { name.isNamed(by: $0.network) }
        evidence.vpnTunnels = await tunnels.filter { $0.leads(into: evidence) }
        return evidence
    }

    /// Adds the clusters, and with all their roles and regions the projects and networks that they stand in.
    func complete(_ evidence: inout GoogleEvidence, _ clusters: [FollowedCluster]) async {
        let names = ProjectNames(evidence.projects.values)
        var roles: [String: Set<ProjectRole>] = [:], regions: [String: Set<String>] = [:], networks: [VPCName: Set<String>] = [:]
        if !fleetProject.isEmpty { roles[names.id(of: fleetProject)] = [.fleet] }
        for cluster in clusters.compactMap(\.found.gke.value) {
            if let name = cluster.resource {
                roles[names.id(of: name.project), default: []].insert(.cluster)
                regions[names.id(of: name.project), default: []].insert(cluster.region)
            }
            if let vpc = cluster.vpc {
                roles[names.id(of: vpc.project), default: []].insert(.host)
                networks[vpc, default: []].insert(cluster.region)
            }
        }
        if api == nil { roles = [:] }
        let (wanted, places, vpcs) = (roles, regions, networks)
        let pools = clusters.compactMap { Rows.caPool($0.evidence).value }.filter { !$0.isEmpty }.uniqued
        async let projects = each(wanted.keys.sorted()) {
            await project($0, roles: wanted[$0] ?? [], regions: (places[$0] ?? []).sorted())
        }
        async let found = each(Array(vpcs.keys)) { await network($0, regions: (vpcs[$0] ?? []).sorted()) }
        evidence.caPools = await each(pools) { pool in
            guard let api else { return .failure(missing) }
            return await api.certificates(ofPool: pool)
        }
        evidence.projects = await projects
        evidence.networks = await found
        for cluster in clusters {
            evidence.clusters[cluster.marks.declaration.name] = cluster.described(networks: evidence.networks)
        }
    }

    // MARK: Several at once

    /// One answer for each, all asked at once.
    private func each<Key: Hashable & Sendable, Value: Sendable>(
        _ keys: [Key], _ ask: @escaping @Sendable (Key) async -> Value
    ) async -> [Key: Value] {
        Dictionary(zip(keys, await keys.atOnce(ask))) { first, _ in first }
    }
}

/// A cluster after everything that can be asked about it was asked.
struct FollowedCluster: Sendable {
    var marks: GoogleMarks
    var evidence: ClusterEvidence
    var found: FoundResources
}

/// What a cluster is to Google.
struct FoundResources: Sendable {
    var membership: Recognised<FleetMembership>
    var rivals: [FleetMembership] = []
    var gke: Recognised<GKECluster>
    var onPremises: Recognised<OnPremisesCluster>

    /// Nothing could be looked for, for one reason.
    init(nothing reason: NoAnswer) {
        membership = Recognised(found: .failure(reason))
        gke = Recognised(found: .failure(reason))
        onPremises = Recognised(found: .failure(reason))
    }
}
