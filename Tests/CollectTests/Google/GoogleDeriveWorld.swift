import Facts
import GoogleCloud
import Mesh

@testable import Collect

/// A small mesh as Google and the clusters describe it: `gke` and `gke2` on GKE in one VPC network, `site` on premises. Tests
/// change what they are about.
struct GoogleDeriveWorld {
    static let vpc = VPCName(project: "host", network: "net")
    static let reason = NoAnswer("HTTP 403: permission denied", mend: "ask for it")

    var google: GoogleEvidence

    init() throws {
        google = GoogleEvidence(
            access: .broken(CredentialFailure(source: "test", said: "not used", mend: ""), of: nil), fleetProject: "fleet",
            memberships: Listing(), meshFeature: .success(nil), membershipQuotas: Listing())
        google.networks[Self.vpc] = try Self.network()
        google.projects["svc"] = try Self.project()
        google.clusters["gke"] = try Self.gke(
            "gke", address: "34.1.0.1", pods: "10.4.0.0/16", nodes: "10.0.0.0/24", egress: "34.9.0.1/32")
        google.clusters["gke2"] = try Self.gke(
            "gke2", address: "34.1.0.2", pods: "10.5.0.0/16", nodes: "10.0.1.0/24", egress: "34.9.0.2/32")
        google.clusters["site"] = try Self.site()
    }

    var batch: FactBatch { GoogleDerivation.batch(google, order: ["gke", "gke2", "site"]) }

    func rows(_ table: String) -> [FactRow] { batch.rows.filter { $0.table == table } }

    func row(_ table: String, _ keys: [String: FactValue]) -> FactRow? {
        rows(table).first { row in keys.allSatisfy { row[$0.key] == $0.value } }
    }

    func ledger(_ table: String, _ cluster: String) -> LedgerEntry? {
        batch.ledger.first { $0.fact == table && $0.cluster == cluster }
    }

    // MARK: Clusters

    static func gke(_ name: String, address: String, pods: String, nodes: String, egress: String) throws -> GoogleClusterEvidence
    {
        let cluster: GKECluster = try decoded(
            """
            {"name": "\(name)", "id": "0123abcd0123", "location": "europe-west1", "endpoint": "\(address)",
             "selfLink": "https://container.googleapis.com/v1/projects/svc/locations/europe-west1/clusters/\(name)",
             "networkConfig": {"network": "projects/host/global/networks/net",
                               "subnetwork": "projects/host/regions/europe-west1/subnetworks/\(name)"},
             "ipAllocationPolicy": {"clusterIpv4CidrBlock": "\(pods)", "servicesIpv4CidrBlock": "10.100.0.0/20"},
             "nodePools": [{"name": "default", "config": {"tags": ["mesh"], "serviceAccount": "default"}}],
             "masterAuthorizedNetworksConfig": {"enabled": true, "gcpPublicCidrsAccessEnabled": false,
                                                "cidrBlocks": [{"cidrBlock": "34.9.0.0/24"}, {"cidrBlock": "198.51.100.0/24"}]}}
            """)
        return evidence(
            name, .gke, server: "https://\(address)", gke: cluster, gateway: plan(["34.2.0.1"]), egress: egress, from: .nodes,
            pods: [pods], nodes: [nodes], tags: ["gke-\(name)-0123abcd-node"])
    }

    static func site() throws -> GoogleClusterEvidence {
        evidence(
            "site", .gdcBareMetal, server: "https://10.200.0.10:6443", gke: nil,
            gateway: plan(["10.200.0.20"], type: ""), egress: "198.51.100.7/32", from: .declared, pods: ["192.168.0.0/16"],
            nodes: ["10.200.0.2/32", "10.200.0.3/32"], tags: [])
    }

    static func plan(_ addresses: [String], type: String = "EXTERNAL_NETWORK_TCP_UDP") -> GatewayPlan {
        GatewayPlan(
            service: addresses.isEmpty ? "" : "istio-system/istio-eastwestgateway", type: type, chosenBy: .service,
            addresses: addresses, globalAccess: false, sourceRanges: [], port: 15443, declaredAddress: "", nodePort: 30443)
    }

    private static func evidence(
        _ name: String, _ platform: Platform, server: String, gke: GKECluster?, gateway: GatewayPlan, egress: String,
        from source: EgressAddresses.Source, pods: [String], nodes: [String], tags: [String]
    ) -> GoogleClusterEvidence {
        GoogleClusterEvidence(
            cluster: name, platform: platform, uid: "uid-\(name)", server: ServerURL(server),
            membership: Recognised(found: .success(nil)), gke: Recognised(found: .success(gke)),
            onPremises: Recognised(found: .success(nil)), gateway: .success(gateway),
            egress: EgressAddresses(
                ranges: [egress], source: source, isKnown: true, changesWithNodes: source == .nodes, detail: ""),
            podRanges: .success(pods), nodeRanges: .success(nodes), nodeTags: .success(tags), nodeServiceAccounts: ["default"],
            masqueradeAgent: .success(nil), caPool: .success(""))
    }

    // MARK: Project and network

    private static func project() throws -> GoogleProjectEvidence {
        var project = GoogleProjectEvidence("svc", nothing: reason)
        project.resource = .success(try decoded(#"{"name": "projects/77", "projectId": "svc", "state": "ACTIVE"}"#))
        project.loadBalancerPolicy = .success(.v2(try decoded(#"{"spec": {"rules": [{"allowAll": true}]}}"#)))
        return project
    }

    static let gatewayRule = """
        {"name": "k8s-fw-1", "direction": "INGRESS", "priority": 1000, "sourceRanges": ["0.0.0.0/0"],
         "destinationRanges": ["34.2.0.1"], "targetTags": ["gke-gke-0123abcd-node", "gke-gke2-0123abcd-node"],
         "allowed": [{"IPProtocol": "tcp", "ports": ["15021", "15443"]}]}
        """
    static let healthRule = """
        {"name": "k8s-hc", "priority": 1000, "sourceRanges": ["35.191.0.0/16", "130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22"],
         "allowed": [{"IPProtocol": "tcp", "ports": ["10256"]}]}
        """

    /// Sets the rules of the VPC network, and its policies; no regional ones.
    mutating func setFirewall(_ rules: [String], policies: [String] = [], regional: [String] = []) throws {
        let text = #"{"firewalls": [\#(rules.joined(separator: ","))], "firewallPolicys": [\#(policies.joined(separator: ","))]}"#
        google.networks[Self.vpc]?.firewalls = .success(try decoded(text))
        let own = #"{"firewallPolicys": [\#((policies + regional).joined(separator: ","))]}"#
        google.networks[Self.vpc]?.regionalFirewalls["europe-west1"] = .success(try decoded(own))
    }

    private static func network() throws -> GoogleNetworkEvidence {
        var network = GoogleNetworkEvidence(vpc, nothing: reason)
        network.network = .success(
            try decoded(
                """
                {"name": "net", "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
                 "routingConfig": {"routingMode": "GLOBAL"}}
                """))
        network.firewalls = .success(try decoded(#"{"firewalls": [\#(gatewayRule), \#(healthRule)]}"#))
        network.regionalFirewalls["europe-west1"] = .success(try decoded("{}"))
        network.subnetworks = Listing([
            try decoded(#"{"name": "gke", "ipCidrRange": "10.0.0.0/24"}"#),
            try decoded(#"{"name": "gke2", "ipCidrRange": "10.0.1.0/24"}"#),
        ])
        network.routes = Listing([
            try decoded(#"{"name": "internet", "destRange": "0.0.0.0/0", "priority": 1000, "nextHopGateway": "x"}"#),
            try decoded(#"{"name": "subnet", "destRange": "10.0.0.0/24", "priority": 0, "nextHopNetwork": "x"}"#),
        ])
        let link = "https://compute.googleapis.com/compute/v1/projects/host/regions/europe-west1"
        let router: Router = try decoded(#"{"name": "r", "region": "\#(link)"}"#)
        network.routers = Listing([router])
        network.vpnTunnels = Listing([
            try decoded(#"{"name": "t", "region": "\#(link)", "status": "ESTABLISHED", "localTrafficSelector": ["0.0.0.0/0"]}"#)
        ])
        network.routerStatus[router.key] = .success(
            try decoded(
                """
                {"result": {"bestRoutesForRouter": [{"destRange": "10.200.0.0/24", "priority": 100, "nextHopIp": "169.254.0.2"}],
                 "bgpPeerStatus": [{"name": "p", "peerIpAddress": "169.254.0.2", "status": "UP",
                                    "linkedVpnTunnel": "\(link)/vpnTunnels/t",
                                    "advertisedRoutes": [{"destRange": "10.4.0.0/16"}, {"destRange": "10.0.0.0/16"}]}]}}
                """))
        return network
    }
}
