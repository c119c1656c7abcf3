internal import AtOnce
internal import GoogleCloud
internal import Synchronization

/// Google's APIs as the collection asks them: one method per question, each question asked once per run.
///
/// The methods give answers, never errors: why there is none is in the answer.
struct GoogleAPI: Sendable {
    let client: GoogleClient
    private let tally: Tally
    private let memory = Memory()

    /// - Parameter progress: called with the requests that are answered, and those that were begun.
    init(client: GoogleClient, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void) {
        self.client = client
        tally = Tally(report: progress)
    }

    /// Google's words where it refused the token each time it was shown; `nil` where some request got further.
    var refusedToken: NoAnswer? { tally.refusal }

    /// What has been asked, by question.
    private struct Memory: Sendable {
        let projects = Once<String, Answer<GoogleProject?>>()
        let services = Once<String, Answer<[String: Bool]>>()
        let permissions = Once<String, Answer<Set<String>>>()
        let memberships = Once<String, Listing<FleetMembership>>()
        let features = Once<String, Answer<MeshFeature?>>()
        let quotas = Once<String, Listing<QuotaInfo>>()
        let clusters = Once<String, Listing<GKECluster>>()
        let onPremises = Once<String, Listing<OnPremisesCluster>>()
        let computeProjects = Once<String, Answer<ComputeProject>>()
        let sharedVPCHosts = Once<String, Answer<String>>()
        let regions = Once<String, Answer<ComputeRegion>>()
        let forwardingRules = Once<String, Listing<ForwardingRule>>()
        let policies = Once<String, Answer<EffectiveOrgPolicy>>()
        let networks = Once<VPCName, Answer<VPCNetwork>>()
        let firewalls = Once<String, Answer<EffectiveFirewalls>>()
        let subnetworks = Once<String, Listing<Subnetwork>>()
        let routes = Once<String, Listing<Route>>()
        let routers = Once<String, Listing<Router>>()
        let tunnels = Once<String, Listing<VPNTunnel>>()
        let routerStatus = Once<String, Answer<RouterStatus>>()
        let pools = Once<String, Answer<CAPoolCertificates>>()
    }

    // MARK: The three ways to ask

    private func ask<T: Sendable>(_ body: () async throws(GoogleFailure) -> T) async -> Answer<T> {
        tally.begin()
        do throws(GoogleFailure) {
            let value = try await body()
            tally.end(nil)
            return .success(value)
        } catch {
            tally.end(error)
            return .failure(NoAnswer(error))
        }
    }

    /// As `ask`, where a thing that does not exist is an answer.
    private func find<T: Sendable>(_ body: () async throws(GoogleFailure) -> T) async -> Answer<T?> {
        tally.begin()
        do throws(GoogleFailure) {
            let value = try await body()
            tally.end(nil)
            return .success(value)
        } catch {
            tally.end(error)
            if case .notFound = error.kind { return .success(nil) }
            return .failure(NoAnswer(error))
        }
    }

    private func list<Page: GooglePage>(
        _ type: Page.Type, _ service: GoogleService, _ path: String, query: [(String, String)] = [], permission: String
    ) async -> Listing<Page.Item> {
        tally.begin()
        let list = await client.list(type, service, path, query: query, permission: permission)
        tally.end(list.items.isEmpty ? list.failure : nil)
        return Listing(list)
    }

    private func get<T: Decodable & Sendable>(
        _ type: T.Type, _ service: GoogleService, _ path: String, query: [(String, String)] = [], permission: String
    ) async -> Answer<T> {
        await ask { () throws(GoogleFailure) in
            try await client.get(type, service, path, query: query, permission: permission)
        }
    }
}

// MARK: Projects

extension GoogleAPI {
    func project(_ project: String) async -> Answer<GoogleProject?> {
        await memory.projects.value(project) {
            await find { () throws(GoogleFailure) in
                try await client.get(
                    GoogleProject.self, .cloudResourceManager, "/v3/projects/\(project)",
                    permission: "resourcemanager.projects.get")
            }
        }
    }

    /// Which of the services that matter are enabled, by name.
    func services(_ project: String) async -> Answer<[String: Bool]> {
        await memory.services.value(project) {
            let names = NeededService.all.map { ("names", "projects/\(project)/services/\($0.service)") }
            let answer = await get(
                EnabledServices.self, .serviceUsage, "/v1/projects/\(project)/services:batchGet", query: names.map { $0 },
                permission: "serviceusage.services.get")
            return answer.map { answer in
                let states = (answer.services ?? []).compactMap { service in
                    service.name.map { (ResourcePath($0)["services"], service.state) }
                }
                // Whatever is neither is not known, and so not in the map.
                return Dictionary(
                    states.compactMap { name, state in ["ENABLED": true, "DISABLED": false][state ?? ""].map { (name, $0) } },
                    uniquingKeysWith: { first, _ in first })
            }
        }
    }

    /// Those of the permissions of every step that the caller has.
    func permissions(_ project: String) async -> Answer<Set<String>> {
        await memory.permissions.value(project) {
            let answer = await ask { () throws(GoogleFailure) in
                try await client.post(
                    GrantedPermissions.self, .cloudResourceManager, "/v3/projects/\(project):testIamPermissions",
                    body: ["permissions": NeededPermission.all.map(\.permission).uniqued])
            }
            return answer.map { Set($0.permissions ?? []) }
        }
    }

    /// The effective organization policy on kinds of load balancers: of API v2, or of its forerunner where that cannot be asked.
    func loadBalancerPolicy(_ project: String) async -> Answer<EffectiveOrgPolicy> {
        await memory.policies.value(project) {
            let constraint = "compute.restrictLoadBalancerCreationForTypes"
            let new = await get(
                OrgPolicyV2.self, .orgPolicy, "/v2/projects/\(project)/policies/\(constraint):getEffectivePolicy",
                permission: "orgpolicy.policy.get")
            guard case .failure(let reason) = new else { return new.map { .v2($0) } }
            let old = await ask { () throws(GoogleFailure) in
                try await client.post(
                    OrgPolicyV1.self, .cloudResourceManager, "/v1/projects/\(project):getEffectiveOrgPolicy",
                    body: ["constraint": "constraints/\(constraint)"], permission: "orgpolicy.policy.get")
            }
            // The newer API's reason tells more: its forerunner is asked only where that fails.
            return old.map { .v1($0) }.mapError { _ in reason }
        }
    }
}

// MARK: Fleet

extension GoogleAPI {
    func memberships(_ fleet: String) async -> Listing<FleetMembership> {
        await memory.memberships.value(fleet) {
            await list(
                MembershipPage.self, .gkeHub, "/v1/projects/\(fleet)/locations/-/memberships", query: [("pageSize", "500")],
                permission: "gkehub.memberships.list")
        }
    }

    func meshFeature(_ fleet: String) async -> Answer<MeshFeature?> {
        await memory.features.value(fleet) {
            await find { () throws(GoogleFailure) in
                try await client.get(
                    MeshFeature.self, .gkeHub, "/v1/projects/\(fleet)/locations/global/features/servicemesh",
                    permission: "gkehub.features.get")
            }
        }
    }

    func membershipQuotas(_ fleet: String) async -> Listing<QuotaInfo> {
        await memory.quotas.value(fleet) {
            await list(
                QuotaPage.self, .cloudQuotas,
                "/v1/projects/\(fleet)/locations/global/services/gkehub.googleapis.com/quotaInfos",
                permission: "cloudquotas.quotas.get")
        }
    }

    func onPremises(_ project: String, _ kinds: [OnPremisesKind]) async -> Listing<OnPremisesCluster> {
        Listing(merging: await kinds.atOnce { await onPremises(project, $0) })
    }

    private func onPremises(_ project: String, _ kind: OnPremisesKind) async -> Listing<OnPremisesCluster> {
        await memory.onPremises.value("\(project)/\(kind)") {
            await list(
                OnPremisesPage.self, .gkeOnPrem, "/v1/projects/\(project)/locations/-/\(kind.rawValue)",
                permission: kind.permission)
        }
    }

    func certificates(ofPool pool: String) async -> Answer<CAPoolCertificates> {
        await memory.pools.value(pool) {
            await ask { () throws(GoogleFailure) in
                try await client.post(
                    CAPoolCertificates.self, .privateCA, "/v1/\(pool):fetchCaCerts", body: [String: String](),
                    permission: "privateca.caPools.get")
            }
        }
    }
}

// MARK: GKE and Compute

extension GoogleAPI {
    func gkeClusters(_ project: String) async -> Listing<GKECluster> {
        await memory.clusters.value(project) {
            await list(
                GKEClusterPage.self, .container, "/v1/projects/\(project)/locations/-/clusters",
                permission: "container.clusters.list")
        }
    }

    func computeProject(_ project: String) async -> Answer<ComputeProject> {
        await memory.computeProjects.value(project) {
            await get(ComputeProject.self, .compute, "/compute/v1/projects/\(project)", permission: "compute.projects.get")
        }
    }

    /// The shared VPC host that a project is attached to; empty where it is attached to none.
    func sharedVPCHost(_ project: String) async -> Answer<String> {
        await memory.sharedVPCHosts.value(project) {
            await get(
                ComputeProject.self, .compute, "/compute/v1/projects/\(project)/getXpnHost", permission: "compute.projects.get"
            ).map { $0.name ?? "" }
        }
    }

    func region(_ project: String, _ region: String) async -> Answer<ComputeRegion> {
        await memory.regions.value("\(project)/\(region)") {
            await get(
                ComputeRegion.self, .compute, "/compute/v1/projects/\(project)/regions/\(region)",
                permission: "compute.regions.get")
        }
    }

    func network(_ name: VPCName) async -> Answer<VPCNetwork> {
        await memory.networks.value(name) {
            await get(VPCNetwork.self, .compute, "/compute/v1/\(name)", permission: "compute.networks.get")
        }
    }

    func firewalls(_ name: VPCName) async -> Answer<EffectiveFirewalls> {
        await memory.firewalls.value("\(name)") {
            await get(
                EffectiveFirewalls.self, .compute, "/compute/v1/\(name)/getEffectiveFirewalls",
                permission: "compute.networks.getEffectiveFirewalls")
        }
    }

    func firewalls(_ name: VPCName, region: String) async -> Answer<EffectiveFirewalls> {
        await memory.firewalls.value("\(name)/\(region)") {
            await get(
                EffectiveFirewalls.self, .compute,
                "/compute/v1/projects/\(name.project)/regions/\(region)/firewallPolicies/getEffectiveFirewalls",
                query: [("network", "https://www.googleapis.com/compute/v1/\(name)")],
                permission: "compute.networks.getRegionEffectiveFirewalls")
        }
    }

    func forwardingRules(_ project: String) async -> Listing<ForwardingRule> {
        await memory.forwardingRules.value(project) {
            await aggregated(ForwardingRule.self, project, permission: "compute.forwardingRules.list")
        }
    }

    func subnetworks(_ project: String) async -> Listing<Subnetwork> {
        await memory.subnetworks.value(project) {
            await aggregated(Subnetwork.self, project, permission: "compute.subnetworks.list")
        }
    }

    func routers(_ project: String) async -> Listing<Router> {
        await memory.routers.value(project) {
            await aggregated(Router.self, project, permission: "compute.routers.list")
        }
    }

    func vpnTunnels(_ project: String) async -> Listing<VPNTunnel> {
        await memory.tunnels.value(project) {
            await aggregated(VPNTunnel.self, project, permission: "compute.vpnTunnels.list")
        }
    }

    private func aggregated<Item: AggregatedItem>(
        _ type: Item.Type, _ project: String, permission: String
    ) async -> Listing<Item> {
        await list(
            AggregatedPage<Item>.self, .compute, "/compute/v1/projects/\(project)/aggregated/\(Item.listName)",
            query: [("maxResults", "500"), ("returnPartialSuccess", "true")], permission: permission)
    }

    func routes(_ project: String) async -> Listing<Route> {
        await memory.routes.value(project) {
            await list(
                ComputePage<Route>.self, .compute, "/compute/v1/projects/\(project)/global/routes",
                query: [("maxResults", "500")], permission: "compute.routes.list")
        }
    }

    func routerStatus(_ project: String, _ router: RouterName) async -> Answer<RouterStatus> {
        await memory.routerStatus.value("\(project)/\(router.region)/\(router.name)") {
            await get(
                RouterStatus.self, .compute,
                "/compute/v1/projects/\(project)/regions/\(router.region)/routers/\(router.name)/getRouterStatus",
                permission: "compute.routers.get")
        }
    }
}

/// Counts requests for the display, and notes whether Google takes the token at all.
private final class Tally: Sendable {
    private struct State {
        var begun = 0
        var done = 0
        var isAccepted = false
        var refusal: NoAnswer?
    }

    private let state = Mutex(State())
    private let report: @Sendable (Int, Int) -> Void

    init(report: @escaping @Sendable (Int, Int) -> Void) { self.report = report }

    /// Told under the lock, so that the display sees the counts in their order.
    func begin() {
        state.withLock { state in
            state.begun += 1
            report(state.done, state.begun)
        }
    }

    func end(_ failure: GoogleFailure?) {
        state.withLock { state in
            state.done += 1
            switch failure?.kind {
            case .unauthenticated: state.refusal = state.refusal ?? failure.map { NoAnswer($0) }
            // Only Google itself, having seen who asks, answers so.
            case nil, .permissionDenied, .serviceDisabled, .insufficientScopes, .vpcServiceControls: state.isAccepted = true
            default: break
            }
            report(state.done, state.begun)
        }
    }

    var refusal: NoAnswer? { state.withLock { $0.isAccepted ? nil : $0.refusal } }
}
