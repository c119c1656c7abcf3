import Facts
import GoogleCloud
import Mesh
import Policy
import Testing

@testable import Collect

/// Rows of the tables of Google's side, made of values.
@Suite struct GoogleRowsTests {
    // MARK: Networks

    @Test(arguments: [
        ("svc-vpc", ""), (String(repeating: "a", count: 63), ""),
        (String(repeating: "a", count: 64), "has 64 characters, and a label's value may have 63"),
        ("example.com:p-vpc", "holds :, which a label's value may not"), ("-vpc", "must begin and end with a letter or digit"),
    ])
    func aNetworkIDAsALabel(text: String, fault: String) {
        #expect(Rows.labelFault(text) == fault)
    }

    @Test(
        arguments: [
            // Its project is attached to the host; to another one; to none; not known.
            ("hst", "HOST", true, true), ("other", "HOST", true, false), ("", nil, nil, false), (nil, "HOST", true, nil),
            (nil, nil, nil, nil),
        ] as [(String?, String?, Bool?, Bool?)])
    func sharedVPC(attached: String?, status: String?, isShared: Bool?, isAttached: Bool?) throws {
        let nothing = NoAnswer("denied")
        var own = GoogleProjectEvidence("svc", nothing: nothing), host = GoogleProjectEvidence("hst", nothing: nothing)
        if let attached { own.sharedVPCHost = .success(attached) }
        if let status { host.compute = .success(ComputeProject(name: "hst", xpnProjectStatus: status)) }
        var evidence = Self.evidence()
        evidence.projects = ["svc": own, "hst": host]
        let sharing = Rows.sharing(project: "svc", host: "hst", evidence)
        #expect((sharing.isShared, sharing.isAttached) == (isShared, isAttached))
    }

    @Test func theHostItselfHasTheCluster() throws {
        var host = GoogleProjectEvidence("hst", nothing: NoAnswer("denied"))
        host.compute = .success(ComputeProject(name: "hst", xpnProjectStatus: "UNSPECIFIED_XPN_PROJECT_STATUS"))
        var evidence = Self.evidence()
        evidence.projects = ["hst": host]
        let sharing = Rows.sharing(project: "hst", host: "hst", evidence)
        #expect((sharing.isShared, sharing.isAttached) == (false, false))
    }

    private static func evidence() -> GoogleEvidence {
        let nothing = NoAnswer("not asked")
        return GoogleEvidence(
            access: .none(reason: nothing.reason), fleetProject: "f", memberships: Listing(), meshFeature: .failure(nothing),
            membershipQuotas: Listing())
    }

    // MARK: Load balancers

    private func plan(_ change: (inout GatewayPlan) -> Void = { _ in }) -> GatewayPlan {
        var plan = GatewayPlan(
            service: "istio-system/istio-eastwestgateway", type: "EXTERNAL_NETWORK_TCP_UDP", chosenBy: .service,
            addresses: ["203.0.113.1"], globalAccess: false, sourceRanges: [], port: 15443, declaredAddress: "", nodePort: 0)
        change(&plan)
        return plan
    }

    @Test func whatIsInForceBeatsWhatIsAskedFor() throws {
        let asked = Rows.gatewayLoadBalancer("a", plan(), forwardingRules: [])
        #expect((asked["type"], asked["global_access"], asked["has_address"]) == ("EXTERNAL_NETWORK_TCP_UDP", 0, 1))
        let rules: [ForwardingRule] = try decoded(
            #"[{"IPAddress":"203.0.113.9","loadBalancingScheme":"EXTERNAL"},{"IPAddress":"203.0.113.1","loadBalancingScheme":"INTERNAL","allowGlobalAccess":true}]"#
        )
        let inForce = Rows.gatewayLoadBalancer("a", plan(), forwardingRules: rules)
        #expect((inForce["type"], inForce["global_access"]) == ("INTERNAL_TCP_UDP", 1))
        // Off Google Cloud there is none of Google's kinds.
        #expect(Rows.gatewayLoadBalancer("b", plan { $0.type = "" }, forwardingRules: rules)["type"] == "")
    }

    private func gateway(_ service: String?, declared: LoadBalancerKind? = nil) throws -> GatewayPlan {
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.services = .success(try service.map { [try decoded($0)] } ?? [])
        evidence.gatewayDeployments = .success([])
        evidence.gatewayPods = .success([])
        var marks = GoogleMarks(ClusterDeclaration(name: "a", kubeconfig: "k", platform: .gke, loadBalancer: declared))
        marks.uid = "u"
        let cluster = FollowedCluster(marks: marks, evidence: evidence, found: FoundResources(nothing: NoAnswer("x")))
        return try cluster.described(networks: [:]).gateway.get()
    }

    @Test func whoChoosesTheLoadBalancer() throws {
        #expect(try gateway(nil).chosenBy == .default)
        #expect(try gateway(nil).type == "EXTERNAL_NETWORK_TCP_UDP")
        #expect(try gateway(nil, declared: .internal).type == "INTERNAL_TCP_UDP")
        #expect(try gateway(nil, declared: .internal).chosenBy == .declared)
        func service(_ type: String, _ annotations: String = "") -> String {
            #"{"metadata":{"name":"istio-eastwestgateway","namespace":"istio-system","annotations":{\#(annotations)}},"spec":{"type":"\#(type)","loadBalancerIP":"10.0.0.9","ports":[{"port":15443,"nodePort":31443}]}}"#
        }
        let external = try gateway(service("LoadBalancer"), declared: .internal)
        #expect((external.type, external.chosenBy, external.nodePort) == ("EXTERNAL_NETWORK_TCP_UDP", .service, 31443))
        #expect(external.declaredAddress == "10.0.0.9")
        let annotations =
            #""networking.gke.io/load-balancer-type":"Internal","networking.gke.io/internal-load-balancer-allow-global-access":"true""#
        let `internal` = try gateway(service("LoadBalancer", annotations))
        #expect(`internal`.type == "INTERNAL_TCP_UDP" && `internal`.globalAccess)
        #expect(try gateway(service("NodePort")).type == "")
    }

    @Test(arguments: [
        (
            #"{"type":"Normal","reason":"LoadBalancerManualChange","message":"Firewall change required by security admin: `gcloud compute firewall-rules create k8s-fw-1 --network vpc`"}"#,
            "gcloud compute firewall-rules create k8s-fw-1 --network vpc"
        ),
        (#"{"type":"Normal","reason":"LoadBalancerManualChange","message":"run `rm -rf /`"}"#, ""),
        (#"{"type":"Normal","reason":"EnsuringLoadBalancer","message":"`gcloud x y`"}"#, ""),
    ])
    func theCommandThatGKEAsksFor(event: String, command: String) throws {
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.services = .success([
            try decoded(#"{"metadata":{"name":"istio-eastwestgateway","namespace":"istio-system"},"spec":{}}"#)
        ])
        evidence.gatewayDeployments = .success([])
        evidence.gatewayPods = .success([])
        let full = event.replacing(
            #"{"type""#,
            with:
                #"{"metadata":{"name":"e"},"involvedObject":{"kind":"Service","namespace":"istio-system","name":"istio-eastwestgateway"},"type""#
        )
        evidence.serviceEvents = .success([try decoded(full)])
        let marks = GoogleMarks(ClusterDeclaration(name: "a", kubeconfig: "k", platform: .gke))
        let cluster = FollowedCluster(marks: marks, evidence: evidence, found: FoundResources(nothing: NoAnswer("x")))
        #expect(cluster.described(networks: [:]).firewallCommand == command)
    }

    // MARK: On premises

    private func premises(
        api: String? = nil, object: String? = nil, pools: String? = nil, services: String? = nil
    ) throws -> OnPremisesView? {
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        evidence.bareMetalClusters = .success(try object.map { [try decoded($0)] } ?? [])
        evidence.addressPools = .success(try pools.map { try decoded($0) } ?? [])
        if let services { evidence.services = .success(try decoded(services)) }
        var found = FoundResources(nothing: NoAnswer("x"))
        found.onPremises.found = .success(try api.map { try decoded($0) })
        let marks = GoogleMarks(ClusterDeclaration(name: "b", kubeconfig: "k", platform: .gdcBareMetal))
        return OnPremisesView(FollowedCluster(marks: marks, evidence: evidence, found: found))
    }

    private func balancerRow(_ view: OnPremisesView) throws -> FactRow {
        var cluster = FollowedCluster(
            marks: GoogleMarks(ClusterDeclaration(name: "b", kubeconfig: "k", platform: .gdcBareMetal)),
            evidence: ClusterEvidence(nothing: NoAnswer("x")), found: FoundResources(nothing: NoAnswer("x"))
        ).described(networks: [:])
        cluster.premises = view
        return Rows.onPremisesLoadBalancer(cluster, view, try #require(view.balancing))
    }

    @Test func theClusterDescribesItself() throws {
        let object = #"""
            {"metadata":{"name":"site","namespace":"cluster-site"},"spec":{"type":"hybrid","anthosBareMetalVersion":"1.30.1",
             "clusterNetwork":{"pods":{"cidrBlocks":["192.168.0.0/16"]},"services":{"cidrBlocks":["10.96.0.0/20"]}},
             "loadBalancer":{"mode":"bundled","vips":{"controlPlaneVIP":"10.1.0.5","ingressVIP":"10.1.0.20"},
              "addressPools":[{"name":"p","addresses":["10.1.0.20-10.1.0.23"]},{"name":"m","addresses":["10.1.1.0/30"],"manualAssign":true}]}}}
            """#
        let balancer = #"{"ingress":[{"ip":"10.1.0.21"}]}"#
        let services = #"[{"metadata":{"name":"s"},"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":\#(balancer)}}]"#
        let view = try #require(try premises(object: object, services: services))
        #expect(view.source == .cluster && view.isIsland == true && view.controlPlaneVIP == "10.1.0.5")
        let row = try balancerRow(view)
        #expect((row["mode"], row["addresses_total"], row["automatic_free"], row["manual_free"]) == ("metallb", 8, 2, 4))
        // The Services could not be counted.
        let uncounted = try balancerRow(try #require(try premises(object: object)))
        #expect(uncounted["automatic_free"] == .null && uncounted["detail"] == "not asked")
        #expect(try premises() == nil)
    }

    @Test(arguments: [
        (#"{"manualLbConfig":{"enabled":true}}"#, "manual"),
        (#"{"manualLbConfig":{"enabled":false},"metalLbConfig":{}}"#, "metallb"),
        (#"{"manualLbConfig":{"controlPlaneNodePort":30968}}"#, "manual"), (#"{"f5Config":{"address":"10.1.0.1"}}"#, "f5"),
        (#"{"seesawConfig":{}}"#, "seesaw"), (#"{"bgpLbConfig":{"asn":"64512","addressPools":[]}}"#, "bgp"), ("{}", nil),
    ])
    func modesOfLoadBalancing(config: String, mode: String?) throws {
        let view = try premises(api: #"{"name":"projects/f/locations/l/bareMetalClusters/site","loadBalancer":\#(config)}"#)
        #expect(view?.balancing?.mode.rawValue == mode)
    }

    /// MetalLB's own objects are what is in force.
    @Test func poolsInForceBeatDeclaredOnes() throws {
        let view = try premises(
            api:
                #"{"name":"projects/f/locations/l/bareMetalClusters/site","loadBalancer":{"metalLbConfig":{"addressPools":[{"pool":"declared","addresses":["10.1.0.1/32"]}]}}}"#,
            pools:
                #"[{"metadata":{"name":"real","namespace":"metallb-system"},"spec":{"addresses":["10.2.0.0/30","nonsense"],"autoAssign":false}}]"#,
            services: "[]")
        let row = try balancerRow(try #require(view))
        #expect((row["source"], row["pools"], row["automatic_free"], row["manual_free"]) == ("cluster", #"["real"]"#, 0, 4))
        #expect(row["detail"].text?.contains("nonsense") == true)
    }

    // MARK: Projects and quotas

    @Test func whatAProjectNeedsByItsRoles() throws {
        var project = GoogleProjectEvidence("p", nothing: NoAnswer("GET x: HTTP 403", mend: "gcloud y"))
        project.isCluster = true
        func services(_ payer: String) -> [FactValue] {
            Rows.googleServices(project, payer: payer, hasOnPremises: false).map { $0["service"] }
        }
        #expect(services("").contains("container.googleapis.com") && !services("").contains("gkehub.googleapis.com"))
        #expect(!services("other").contains("orgpolicy.googleapis.com") && services("p").contains("orgpolicy.googleapis.com"))
        let row = try #require(Rows.googleServices(project, payer: "", hasOnPremises: false).first)
        #expect((row["state"], row["detail"], row["mend"]) == (.null, "GET x: HTTP 403", "gcloud y"))
        project.services = .success(["container.googleapis.com": false])
        let disabled = Rows.googleServices(project, payer: "", hasOnPremises: false).first {
            $0["service"] == "container.googleapis.com"
        }
        #expect(disabled?["state"] == "disabled")
        project.granted = .success(["container.clusters.list"])
        let permissions = Rows.googlePermissions(project, hasOnPremises: false)
        #expect(permissions.first { $0["permission"] == "container.clusters.list" }?["granted"] == 1)
        #expect(permissions.first { $0["permission"] == "container.clusters.update" }?["granted"] == 0)
        #expect(Set(permissions.map { $0["permission"] }).count == permissions.count)
    }

    @Test func aProjectThatIsNotThere() {
        var project = GoogleProjectEvidence("p", nothing: NoAnswer("x"))
        project.resource = .success(nil)
        #expect(Rows.googleProject(project)["state"] == "NOT_FOUND")
        project.resource = .success(GoogleProject(name: "projects/7", projectId: "p", state: "DELETE_REQUESTED"))
        let row = Rows.googleProject(project)
        #expect((row["state"], row["project_number"]) == ("DELETE_REQUESTED", "7"))
    }

    @Test func idsAndNumbers() {
        var project = GoogleProjectEvidence("p", nothing: NoAnswer("x"))
        project.resource = .success(GoogleProject(name: "projects/7", projectId: "p", state: "ACTIVE"))
        let names = ProjectNames([project])
        #expect((names.id(of: "7"), names.number(of: "p"), names.id(of: "q"), names.number(of: "q")) == ("p", "7", "q", ""))
    }

    @Test func quotasOfMemberships() throws {
        var evidence = Self.evidence()
        evidence.access = .broken(CredentialFailure(source: "s", said: "x", mend: ""), of: nil)
        evidence.memberships = Listing([
            try decoded(#"{"name":"projects/f/locations/global/memberships/a"}"#),
            try decoded(#"{"name":"projects/f/locations/us-east1/memberships/b"}"#),
        ])
        evidence.membershipQuotas = Listing([
            try decoded(
                #"{"quotaId":"MembershipsPerRegion","dimensionsInfos":[{"dimensions":{"region":"us-east1"},"details":{"value":"50"},"applicableLocations":["us-east1"]}]}"#
            ),
            try decoded(
                #"{"quotaId":"Memberships","dimensionsInfos":[{"details":{"value":"250"},"applicableLocations":["global"]}]}"#),
        ])
        func rows() -> [[FactValue]] {
            Rows.googleQuotas(evidence, ProjectNames([])).map { [$0["region"], $0["quota_limit"], $0["usage"]] }
        }
        #expect(rows() == [["global", 250, 1], ["us-east1", 50, 1]])
        evidence.memberships.missing = NoAnswer("page 3")
        #expect(rows() == [["global", 250, .null], ["us-east1", 50, .null]])
    }

    // MARK: Certificate Authority Service

    @Test func rootsOfAPool() throws {
        let marks = GoogleMarks(ClusterDeclaration(name: "a", kubeconfig: "k", platform: .gke))
        var cluster = FollowedCluster(
            marks: marks, evidence: ClusterEvidence(nothing: NoAnswer("x")), found: FoundResources(nothing: NoAnswer("x"))
        ).described(networks: [:])
        #expect(Rows.privateCAPool(cluster, [:]).failure?.reason == "x")
        cluster.caPool = .success("")
        #expect(Rows.privateCAPool(cluster, [:]).value == [])
        let pool = "projects/p/locations/l/caPools/c"
        cluster.caPool = .success(pool)
        let answer = CAPoolCertificates(caCerts: [.init(certificates: [Certificates.leaf, Certificates.rootA])])
        let row = try #require(Rows.privateCAPool(cluster, [pool: .success(answer)]).value?.first)
        #expect(row["roots"] == jsonText(PEMBundle(Certificates.rootA).fingerprints))
        let denied = try #require(Rows.privateCAPool(cluster, [pool: .failure(NoAnswer("denied"))]).value?.first)
        #expect((denied["roots"], denied["detail"]) == (.null, "denied"))
    }

    @Test func everyServiceThatMeshFilesNameIsOne() {
        #expect(GoogleDeclaration.services.allSatisfy { GoogleService(rawValue: $0) != nil })
    }
}
