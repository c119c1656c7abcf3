import Facts
import Foundation
import GoogleCloud
import HTTP
import Mesh
import Peers
import Testing

@testable import Collect

/// Google's APIs as one nginx serves them: `/<API>/<path>`, from answers in real shapes. The mesh: fleet host project `f` (number
/// 1000), cluster `a` on GKE in project `svc`, whose VPC is shared by `hst`, and cluster `b` on bare metal.
final class FakeGoogle {
    static let token = "PLANTED-GOOGLE-TOKEN"

    let nginx: Nginx
    private let folder: Folder

    /// - Parameters:
    ///   - answers: in place of the sound ones; a second page under `path~token`; an empty text is a 404.
    ///   - errors: status and body in place of an answer.
    init(answers: [String: String] = [:], errors: [String: (Int, String)] = [:]) async throws {
        folder = try Folder()
        var all = Self.sound()
        all.merge(answers) { $1 }
        var files: [String: Data] = [:], locations = ""
        for (number, (path, pages)) in Dictionary(grouping: all.keys, by: { $0.split(separator: "~")[0] }).enumerated() {
            if let error = errors[String(path)] {
                files["e\(number)"] = Data(error.1.utf8)
                locations += """
                    location = \(path) { default_type application/json; error_page \(error.0) /e\(number); return \(error.0); }
                    location = /e\(number) { internal; default_type application/json; }

                    """
                continue
            }
            let isPosted = path.hasSuffix(":testIamPermissions") || path.hasSuffix("OrgPolicy") || path.hasSuffix("fetchCaCerts")
            locations +=
                isPosted
                ? "location = \(path) { default_type application/json; return 200 '\(all[String(path)] ?? "")'; }\n"
                : "location = \(path) { default_type application/json; try_files /g\(number)~$arg_pageToken /g\(number) =404; }\n"
            for page in pages where all[page] != "" {
                let token = page.split(separator: "~").dropFirst().first.map { "~\($0)" } ?? ""
                files["g\(number)\(token)"] = Data((all[page] ?? "").utf8)
            }
        }
        nginx = try await Nginx(
            identity: Identity.make(.server(), by: FakeCluster.authority), locations: locations, files: files)
    }

    func options(token: String = FakeGoogle.token) throws -> GoogleOptions {
        let file = try folder.write("token", Data(token.utf8))
        let overrides = Dictionary(
            uniqueKeysWithValues: GoogleDeclaration.services.map { ($0, "https://127.0.0.1:\(nginx.port)/\($0)") })
        return GoogleOptions(
            credentials: .tokenFile(file),
            endpoints: try GoogleEndpoints(
                environment: [:], overrides: overrides, certificateAuthorityPEM: FakeCluster.authority.certificatePEM),
            environment: [:], home: folder.url.path)
    }

    /// How often each question was asked, without its query.
    var asked: [String: Int] {
        nginx.log.compactMap { $0.last?.split(separator: "?").first.map(String.init) }.reduce(into: [:]) {
            $0[$1, default: 0] += 1
        }
    }

    static let denied =
        #"{"error":{"code":403,"message":"Required 'x' permission","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com"}]}}"#

    static func disabled(_ service: String) -> String {
        #"{"error":{"code":403,"message":"API has not been used in project 1000 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com","metadata":{"service":"\#(service)","consumer":"projects/1000"}}]}}"#
    }

    static let memberships = "/gkehub/v1/projects/f/locations/-/memberships"
    static let clusters = "/container/v1/projects/svc/locations/-/clusters"
    static let network = "/compute/compute/v1/projects/hst/global/networks/vpc"
    static let site = GoogleShapes.membership(
        "site", uid: "uid-b", link: "//gkeonprem.googleapis.com/projects/1000/locations/europe-west1/bareMetalClusters/site",
        kind: "onPremCluster")

    static var allPaths: [String] { sound().keys.filter { !$0.contains("~") } }

    private static func sound() -> [String: String] {
        var all = [
            memberships:
                #"{"resources":[\#(GoogleShapes.membership("a", uid: "uid-a", link: GoogleShapes.link))],"nextPageToken":"two"}"#,
            "\(memberships)~two": #"{"resources":[\#(site)]}"#,
            "/gkehub/v1/projects/f/locations/global/features/servicemesh":
                #"{"resourceState":{"state":"ACTIVE"},"membershipSpecs":{"projects/1000/locations/global/memberships/a":{"mesh":{"management":"MANAGEMENT_MANUAL"}}},"membershipStates":{"projects/1000/locations/global/memberships/a":{"state":{"code":"OK"},"servicemesh":{"conditions":[{"code":"CNI_X","severity":"WARNING","details":"d"}]}}}}"#,
            "/cloudquotas/v1/projects/f/locations/global/services/gkehub.googleapis.com/quotaInfos":
                #"{"quotaInfos":[{"quotaId":"MembershipsPerProject","metric":"gkehub.googleapis.com/global_memberships","dimensionsInfos":[{"details":{"value":"250"},"applicableLocations":["global"]}]}]}"#,
            clusters: #"{"clusters":[\#(GoogleShapes.cluster())]}"#,
            "/compute/compute/v1/projects/svc": #"{"name":"svc","xpnProjectStatus":"UNSPECIFIED_XPN_PROJECT_STATUS"}"#,
            "/compute/compute/v1/projects/hst": #"{"name":"hst","xpnProjectStatus":"HOST"}"#,
            "/compute/compute/v1/projects/svc/getXpnHost": #"{"name":"hst","xpnProjectStatus":"HOST"}"#,
            "/compute/compute/v1/projects/svc/regions/europe-west1":
                #"{"name":"europe-west1","quotas":[{"metric":"FORWARDING_RULES","limit":15.0,"usage":15.0},{"metric":"IN_USE_ADDRESSES","limit":8.0,"usage":3.0}]}"#,
            "/compute/compute/v1/projects/svc/aggregated/forwardingRules": #"{"items":{}}"#,
            "/orgpolicy/v2/projects/svc/policies/compute.restrictLoadBalancerCreationForTypes:getEffectivePolicy":
                #"{"name":"projects/2000/policies/compute.restrictLoadBalancerCreationForTypes","spec":{"rules":[{"allowAll":true}]}}"#,
            network: #"{"name":"vpc","networkFirewallPolicyEnforcementOrder":"AFTER_CLASSIC_FIREWALL"}"#,
            "\(network)/getEffectiveFirewalls":
                #"{"firewalls":[{"name":"gke-a-12345678-all","direction":"INGRESS","priority":1000,"allowed":[{"IPProtocol":"tcp"}],"sourceRanges":["10.4.0.0/14"],"targetTags":["gke-a-12345678-node"]}]}"#,
            "/compute/compute/v1/projects/hst/regions/europe-west1/firewallPolicies/getEffectiveFirewalls": "{}",
            "/compute/compute/v1/projects/hst/aggregated/subnetworks":
                #"{"items":{"regions/europe-west1":{"subnetworks":[{"name":"nodes","region":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1","network":"https://www.googleapis.com/compute/v1/projects/hst/global/networks/vpc","ipCidrRange":"10.0.0.0/22","secondaryIpRanges":[{"rangeName":"pods","ipCidrRange":"10.4.0.0/14"}]}]}}}"#,
            "/compute/compute/v1/projects/hst/aggregated/routers":
                #"{"items":{"regions/europe-west1":{"routers":[{"name":"r","region":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1","network":"https://www.googleapis.com/compute/v1/projects/hst/global/networks/vpc","nats":[{"name":"n","natIpAllocateOption":"MANUAL_ONLY","sourceSubnetworkIpRangesToNat":"ALL_SUBNETWORKS_ALL_IP_RANGES"}]}]}}}"#,
            "/compute/compute/v1/projects/hst/regions/europe-west1/routers/r/getRouterStatus":
                #"{"result":{"natStatus":[{"name":"n","userAllocatedNatIps":["198.51.100.9"]}],"bgpPeerStatus":[{"name":"p","status":"UP","linkedVpnTunnel":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1/vpnTunnels/t"}]}}"#,
            "/compute/compute/v1/projects/hst/global/routes": #"{"items":[]}"#,
            "/compute/compute/v1/projects/hst/aggregated/vpnTunnels":
                #"{"items":{"regions/europe-west1":{"vpnTunnels":[{"name":"t","region":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1","status":"ESTABLISHED","detailedStatus":"Tunnel is up and running.","router":"https://www.googleapis.com/compute/v1/projects/hst/regions/europe-west1/routers/r","peerIp":"192.0.2.1"}]}}}"#,
            "/gkeonprem/v1/projects/f/locations/-/bareMetalClusters":
                #"{"bareMetalClusters":[{"name":"projects/f/locations/europe-west1/bareMetalClusters/site","state":"RUNNING","bareMetalVersion":"1.30.1","loadBalancer":{"vipConfig":{"controlPlaneVip":"10.1.0.5","ingressVip":"10.1.0.20"},"metalLbConfig":{"addressPools":[{"pool":"p","addresses":["10.1.0.20-10.1.0.23"]}]}},"networkConfig":{"islandModeCidr":{"podAddressCidrBlocks":["192.168.0.0/16"],"serviceAddressCidrBlocks":["10.96.0.0/20"]}}}]}"#,
            "/gkeonprem/v1/projects/f/locations/-/bareMetalAdminClusters": "{}",
            "/gkeonprem/v1/projects/f/locations/-/bareMetalStandaloneClusters": "{}",
        ]
        let services = NeededService.all.map { #"{"name":"projects/1000/services/\#($0.service)","state":"ENABLED"}"# }
        let permissions = NeededPermission.all.map { "\"\($0.permission)\"" }
        for (project, number) in [("f", 1000), ("svc", 2000), ("hst", 3000)] {
            all["/cloudresourcemanager/v3/projects/\(project)"] =
                #"{"name":"projects/\#(number)","projectId":"\#(project)","state":"ACTIVE"}"#
            all["/cloudresourcemanager/v3/projects/\(project):testIamPermissions"] =
                #"{"permissions":[\#(permissions.joined(separator: ","))]}"#
            all["/serviceusage/v1/projects/\(project)/services:batchGet"] =
                #"{"services":[\#(services.joined(separator: ","))]}"#
        }
        return all
    }
}
