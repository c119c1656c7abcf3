import GoogleCloud
import Testing

@testable import Collect

/// Answers in Google's real shapes: what is read of them, and what is read where they say less.
@Suite struct GoogleObjectTests {
    @Test func aClusterThatSaysEverything() throws {
        let cluster: GKECluster = try decoded(GoogleShapes.cluster())
        #expect(cluster.resource?.description == "projects/svc/locations/europe-west1/clusters/a")
        #expect(cluster.region == "europe-west1")
        #expect(cluster.vpc == VPCName(project: "hst", network: "vpc"))
        #expect(cluster.hasPublicEndpoint && cluster.publicEndpoint == "203.0.113.5" && cluster.privateEndpoint == "10.0.0.2")
        #expect(cluster.allEndpoints == ["203.0.113.5", "10.0.0.2", "gke-1.europe-west1.gke.goog"])
        #expect(cluster.authorizedNetworks?.cidrBlocks?.map(\.cidrBlock) == ["198.51.100.0/24"])
        #expect(cluster.ownPodRanges == ["10.4.0.0/14"])
        #expect(cluster.serviceRange == "10.8.0.0/20")
        #expect(cluster.podRangeNames == ["pods"])
        #expect(!cluster.hasPrivateNodesByDefault)
    }

    @Test func aClusterThatSaysNothing() throws {
        let cluster: GKECluster = try decoded(#"{"name":"a","newField":{"x":1},"status":"SOMETHING_NEW"}"#)
        #expect(cluster.resource == nil && cluster.vpc == nil && cluster.region == "")
        #expect(cluster.hasPublicEndpoint && cluster.publicEndpoint == "")
        #expect(cluster.ownPodRanges == [] && cluster.authorizedNetworks == nil)
    }

    /// Which fields say that there is no public endpoint; the newer ones count where they are reported.
    @Test(arguments: [
        ("{}", true), (#"{"privateClusterConfig":{}}"#, true),
        (#"{"privateClusterConfig":{"publicEndpoint":"203.0.113.5","privateEndpoint":"10.0.0.2"}}"#, true),
        (#"{"privateClusterConfig":{"enablePrivateEndpoint":true}}"#, false),
        (#"{"controlPlaneEndpointsConfig":{"ipEndpointsConfig":{"enablePublicEndpoint":false}}}"#, false),
        (#"{"controlPlaneEndpointsConfig":{"ipEndpointsConfig":{"enabled":false}}}"#, false),
        (#"{"controlPlaneEndpointsConfig":{"ipEndpointsConfig":{"authorizedNetworksConfig":{}}}}"#, true),
    ])
    func publicEndpoint(fields: String, isPublic: Bool) throws {
        let text = fields == "{}" ? #"{"name":"a"}"# : #"{"name":"a","# + fields.dropFirst()
        #expect(try decoded(GKECluster.self, text).hasPublicEndpoint == isPublic)
    }

    @Test func nodesArePrivateByPoolOrByDefault() throws {
        let cluster: GKECluster = try decoded(
            #"{"name":"a","networkConfig":{"defaultEnablePrivateNodes":true},"nodePools":[{"name":"x"},{"name":"y","networkConfig":{"enablePrivateNodes":false}}]}"#
        )
        #expect((cluster.nodePools ?? []).map(cluster.isPrivate) == [true, false])
    }

    @Test(arguments: [
        ("europe-west1", "europe-west1"), ("europe-west1-b", "europe-west1"), ("us-central1-f", "us-central1"), ("", ""),
    ])
    func regionOf(location: String, region: String) throws {
        #expect(try decoded(GKECluster.self, #"{"name":"a","location":"\#(location)"}"#).region == region)
    }

    @Test(arguments: [
        ("//container.googleapis.com/projects/p/locations/l/clusters/c", "projects/p/locations/l/clusters/c"),
        ("https://container.googleapis.com/v1/projects/p/zones/z/clusters/c", "projects/p/locations/z/clusters/c"),
        (
            "https://container.googleapis.com/v1beta1/projects/example.com:p/locations/l/clusters/c",
            "projects/example.com:p/locations/l/clusters/c"
        ),
        ("projects/p/locations/l/clusters/", nil), ("projects/../locations/l/clusters/c", nil), ("", nil),
        ("projects/p?x/locations/l/clusters/c", nil), ("//gkehub.googleapis.com/projects/p/locations/l/memberships/m", nil),
    ])
    func nameOfACluster(text: String, name: String?) {
        #expect(GKEClusterName(text)?.description == name)
    }

    @Test(arguments: [
        ("gke_p_l_c", "projects/p/locations/l/clusters/c"), ("gke_p_l", nil), ("gke_p_l_c_d", nil), ("gke_p__c", nil),
        ("kind-x", nil), ("gke_p/../q_l_c", nil),
    ])
    func nameInAKubeconfig(text: String, name: String?) {
        #expect(GKEClusterName(context: text)?.description == name)
    }

    @Test func aMembership() throws {
        let membership: FleetMembership = try decoded(GoogleShapes.membership("a", uid: "uid-a", link: GoogleShapes.link))
        #expect((membership.shortName, membership.location) == ("a", "global"))
        #expect(membership.gkeCluster?.description == "projects/svc/locations/europe-west1/clusters/a")
        #expect(membership.isNamed(by: "//gkehub.googleapis.com/projects/f/locations/global/memberships/a"))
        #expect(membership.isNamed(by: "projects/1000/locations/global/memberships/a"))
        #expect(!membership.isNamed(by: "projects/other/locations/global/memberships/a"))
        #expect(!membership.isNamed(by: "projects/f/locations/europe-west1/memberships/a"))
        #expect(!membership.isNamed(by: ""))
    }

    @Test func pages() throws {
        let memberships: MembershipPage = try decoded(#"{"nextPageToken":"x","unreachable":["projects/f/locations/us-east1"]}"#)
        #expect(memberships.items.isEmpty && memberships.nextPageToken == "x" && memberships.unreachable.count == 1)
        let clusters: GKEClusterPage = try decoded(#"{"clusters":[{"name":"a"}],"missingZones":["europe-west1-b"]}"#)
        #expect(clusters.items.count == 1 && clusters.unreachable == ["europe-west1-b"])
        let premises: OnPremisesPage = try decoded(
            #"{"bareMetalStandaloneClusters":[{"name":"projects/f/locations/l/bareMetalStandaloneClusters/x"}]}"#)
        #expect(premises.items.map(\.name) == ["projects/f/locations/l/bareMetalStandaloneClusters/x"])
    }

    /// A region without items says so; any other warning means that items are missing.
    @Test func aggregatedPages() throws {
        let page: AggregatedPage<Router> = try decoded(
            """
            {"items":{"regions/europe-west1":{"routers":[{"name":"r","region":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1"}]},
             "regions/us-east1":{"warning":{"code":"NO_RESULTS_ON_PAGE","message":"There are no results for scope 'regions/us-east1' on this page."}},
             "regions/us-west1":{"warning":{"code":"UNREACHABLE"}}},
             "unreachables":["regions/asia-east1"],"nextPageToken":""}
            """)
        #expect(page.items.map(\.key) == [RouterName(region: "europe-west1", name: "r")])
        #expect(page.unreachable == ["regions/asia-east1", "regions/us-west1"])
    }

    @Test func firewallsAndQuotas() throws {
        let answer: EffectiveFirewalls = try decoded(
            """
            {"firewalls":[{"name":"allow","direction":"INGRESS","priority":900,"allowed":[{"IPProtocol":"tcp","ports":["15443"]}],"sourceRanges":["0.0.0.0/0"],"targetTags":["gke-a-12345678-node"]}],
             "firewallPolicys":[{"name":"1","type":"HIERARCHY","rules":[{"action":"goto_next","priority":2147483647,"match":{"srcIpRanges":["0.0.0.0/0"],"layer4Configs":[{"ipProtocol":"all"}]}}]}]}
            """)
        #expect(answer.firewalls?.first?.allowed?.first?.ports == ["15443"])
        #expect(answer.firewallPolicys?.first?.rules?.first?.priority == 2_147_483_647)
        let quota: QuotaInfo = try decoded(
            #"{"quotaId":"q","dimensionsInfos":[{"dimensions":{"region":"us-east1"},"details":{"value":"50"}}]}"#)
        #expect(quota.dimensionsInfos?.first?.details?.value?.value == 50)
    }
}

/// Answers as Google's APIs give them.
enum GoogleShapes {
    static let link = "//container.googleapis.com/projects/svc/locations/europe-west1/clusters/a"

    static func cluster(
        _ name: String = "a", endpoint: String = "203.0.113.5", privateNodes: Bool = false, extra: String = ""
    ) -> String {
        """
        {"name":"\(name)","id":"12345678abcdef","selfLink":"https://container.googleapis.com/v1/projects/svc/locations/europe-west1/clusters/\(name)",
         "location":"europe-west1","status":"RUNNING","endpoint":"\(endpoint)","currentMasterVersion":"1.30.5-gke.1",
         "network":"vpc","subnetwork":"nodes",
         "networkConfig":{"network":"projects/hst/global/networks/vpc","subnetwork":"projects/hst/regions/europe-west1/subnetworks/nodes","defaultSnatStatus":{}},
         "privateClusterConfig":{"privateEndpoint":"10.0.0.2","publicEndpoint":"\(endpoint)"},
         "controlPlaneEndpointsConfig":{"dnsEndpointConfig":{"endpoint":"gke-1.europe-west1.gke.goog","allowExternalTraffic":false},
          "ipEndpointsConfig":{"enabled":true,"enablePublicEndpoint":true,"publicEndpoint":"\(endpoint)","privateEndpoint":"10.0.0.2",
           "authorizedNetworksConfig":{"enabled":true,"cidrBlocks":[{"displayName":"office","cidrBlock":"198.51.100.0/24"}]}}},
         "ipAllocationPolicy":{"useIpAliases":true,"clusterIpv4CidrBlock":"10.4.0.0/14","servicesIpv4CidrBlock":"10.8.0.0/20","clusterSecondaryRangeName":"pods","stackType":"IPV4"},
         "nodePools":[{"name":"default-pool","config":{"machineType":"e2-standard-4","tags":["mesh"],"serviceAccount":"nodes@svc.iam.gserviceaccount.com","workloadMetadataConfig":{"mode":"GKE_METADATA"}},
          "networkConfig":{"enablePrivateNodes":\(privateNodes),"podRange":"pods","podIpv4CidrBlock":"10.4.0.0/14"}}],
         "workloadIdentityConfig":{"workloadPool":"svc.svc.id.goog"},"releaseChannel":{"channel":"REGULAR"},
         "resourceLabels":{"mesh_id":"proj-1000"},"fleet":{"project":"1000","membership":"//gkehub.googleapis.com/projects/f/locations/global/memberships/\(name)"}\(extra)}
        """
    }

    static func membership(_ name: String, uid: String, link: String, kind: String = "gkeCluster", extra: String = "") -> String {
        """
        {"name":"projects/f/locations/global/memberships/\(name)","externalId":"\(uid)","uniqueId":"0","state":{"code":"READY"},
         "endpoint":{"\(kind)":{"resourceLink":"\(link)"},"kubernetesMetadata":{"vcpuCount":8}},
         "authority":{"identityProvider":"https://x","workloadIdentityPool":"f.svc.id.goog"},"lastConnectionTime":"2026-01-02T03:04:05.123456789Z"\(extra)}
        """
    }
}
