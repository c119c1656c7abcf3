import Facts
import Foundation
import Mesh
import Testing

@testable import Collect

@Suite struct GoogleDeriveLedgerTests {
    private static let tables = [
        "google_load_balancer_policy", "google_authorized_path", "google_firewall_path", "google_firewall_health",
        "google_firewall_exposure", "google_route", "range_known", "range_overlap",
    ]

    @Test func `Everything known fits the tables, and the ledger has an entry for each cluster`() throws {
        let batch = try GoogleDeriveWorld().batch
        try Snapshot.inMemory(schema: .embedded()).insert(batch)
        for table in Self.tables {
            #expect(Set(batch.ledger.filter { $0.fact == table }.map(\.cluster)) == ["gke", "gke2", "site"], "\(table)")
        }
        #expect(batch.ledger.allSatisfy { $0.status == .collected })
        #expect(batch.rows.count { $0.table == "google_firewall_path" } == 4)
        #expect(batch.rows.count { $0.table == "google_authorized_path" } == 4)
        #expect(batch.rows.count { $0.table == "google_route" } == 4)
    }

    @Test func `Without a credential what only Google tells is not examined, and a cluster that is none of Google's has no row`()
        throws
    {
        var world = try GoogleDeriveWorld()
        world.google.access = .none(reason: "no credential")
        for name in ["gke", "gke2"] { world.google.clusters[name]?.gke = Recognised(found: .failure(NoAnswer("no credential"))) }
        try Snapshot.inMemory(schema: .embedded()).insert(world.batch)
        for table in Self.tables {
            #expect(world.ledger(table, "gke")?.status == .notExamined, "\(table)")
            #expect(world.ledger(table, "site")?.status == .collected, "\(table)")
        }
        #expect(world.batch.rows.map(\.table) == ["range_known"])
    }

    @Test func `Where it cannot be told which cluster it is, the tables failed`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["gke"]?.gke = Recognised(found: .failure(GoogleDeriveWorld.reason))
        #expect(world.ledger("google_firewall_path", "gke")?.status == .failed)
        #expect(world.ledger("google_firewall_path", "gke")?.reason.contains("permission denied") == true)
        #expect(world.ledger("google_firewall_path", "gke2")?.status == .collected)
    }

    @Test func `Rules that could not be read fail the tables of the firewall alone`() throws {
        var world = try GoogleDeriveWorld()
        world.google.networks[GoogleDeriveWorld.vpc]?.firewalls = .failure(GoogleDeriveWorld.reason)
        #expect(world.ledger("google_firewall_health", "gke")?.status == .failed)
        #expect(world.ledger("google_authorized_path", "gke")?.status == .collected)
        #expect(world.rows("google_firewall_path").isEmpty)
    }
}

@Suite struct GoogleLoadBalancerPolicyTests {
    private func row(_ policy: EffectiveOrgPolicy, type: String = "EXTERNAL_NETWORK_TCP_UDP") throws -> FactRow? {
        var world = try GoogleDeriveWorld()
        world.google.projects["svc"]?.loadBalancerPolicy = .success(policy)
        world.google.clusters["gke"]?.gateway = .success(GoogleDeriveWorld.plan(["34.2.0.1"], type: type))
        return world.row("google_load_balancer_policy", ["cluster": "gke"])
    }

    @Test func `Allowed, denied, and hanging on a tag`() throws {
        let allowed = try row(.v2(decoded(#"{"name": "x"}"#)))
        #expect((allowed?["allowed"], allowed?["api"], allowed?["project"]) == (1, "v2", "svc"))
        let denied = try row(.v2(decoded(#"{"spec": {"rules": [{"values": {"deniedValues": ["in:EXTERNAL"]}}]}}"#)))
        #expect(denied?["allowed"] == 0)
        #expect(denied?["decided_by"] == "deniedValues holds in:EXTERNAL")
        let condition = #"{"spec": {"rules": [{"denyAll": true}, {"allowAll": true, "condition": {"expression": "tag"}}]}}"#
        let hanging = try row(.v2(decoded(condition)))
        #expect(hanging?["allowed"] == .null)
        #expect(hanging?["conditions"] == #"["tag"]"#)
        #expect(hanging?["detail"] != "")
    }

    @Test func `The list of version 1, for the type that the gateway asks for`() throws {
        let policy = try EffectiveOrgPolicy.v1(decoded(#"{"listPolicy": {"deniedValues": ["EXTERNAL_NETWORK_TCP_UDP"]}}"#))
        #expect(try row(policy)?["allowed"] == 0)
        #expect(try row(policy)?["api"] == "v1")
        #expect(try row(policy, type: "INTERNAL_TCP_UDP")?["allowed"] == 1)
        #expect(try row(policy, type: "")?["allowed"] == .null)
    }

    @Test func `A policy that could not be read fails the table`() throws {
        var world = try GoogleDeriveWorld()
        world.google.projects["svc"]?.loadBalancerPolicy = .failure(GoogleDeriveWorld.reason)
        #expect(world.ledger("google_load_balancer_policy", "gke")?.status == .failed)
    }
}

@Suite struct GoogleAuthorizedPathTests {
    @Test func `Peers in the list are admitted, others named with the list that would mend it`() throws {
        var world = try GoogleDeriveWorld()
        let admitted = world.row("google_authorized_path", ["source": "site", "target": "gke"])
        #expect((admitted?["admits"], admitted?["egress_from"], admitted?["uncovered"]) == (1, "declared", "[]"))
        #expect(admitted?["decided_by"] == "authorized networks 198.51.100.0/24")

        world.google.clusters["site"]?.egress.ranges = ["192.0.2.1/32"]
        let refused = world.row("google_authorized_path", ["source": "site", "target": "gke"])
        #expect((refused?["admits"], refused?["uncovered"]) == (0, #"["192.0.2.1/32"]"#))
        #expect(refused?["wanted"] == #"["34.9.0.0/24","198.51.100.0/24","192.0.2.1/32"]"#)
    }

    @Test func `Addresses that are not all known are admitted by nobody, but can be refused`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["site"]?.egress = EgressAddresses(detail: "declare egress")
        let open = world.row("google_authorized_path", ["source": "site", "target": "gke"])
        #expect((open?["admits"], open?["egress_known"], open?["detail"]) == (.null, 0, "declare egress"))

        world.google.clusters["site"]?.egress.ranges = ["192.0.2.1/32"]
        #expect(world.row("google_authorized_path", ["source": "site", "target": "gke"])?["admits"] == 0)
        world.google.clusters["site"]?.egress.ranges = ["198.51.100.1/32"]
        #expect(world.row("google_authorized_path", ["source": "site", "target": "gke"])?["admits"] == .null)
    }

    @Test func `A cluster without authorized networks admits whomever`() throws {
        var world = try GoogleDeriveWorld()
        var cluster = try #require(world.google.clusters["gke"]?.gke.value)
        cluster.masterAuthorizedNetworksConfig = nil
        world.google.clusters["gke"]?.gke = Recognised(found: .success(cluster))
        world.google.clusters["site"]?.egress = EgressAddresses(detail: "declare egress")
        #expect(world.row("google_authorized_path", ["source": "site", "target": "gke"])?["admits"] == 1)
    }
}

@Suite struct GoogleRouteTests {
    private func row(_ world: GoogleDeriveWorld, _ purpose: String) -> FactRow? {
        world.row("google_route", ["source": "gke", "target": "site", "purpose": .text(purpose)])
    }

    @Test func `A learned route over a tunnel that is up, with the way back told`() throws {
        let row = try #require(row(try GoogleDeriveWorld(), "control-plane"))
        #expect((row["address"], row["covered"], row["route"]) == ("10.200.0.10", 1, "10.200.0.0/24"))
        #expect((row["tunnel"], row["tunnel_status"], row["router"]) == ("host/europe-west1/t", "ESTABLISHED", "r"))
        #expect((row["pod_ranges_advertised"], row["masqueraded"], row["pod_ranges"]) == (1, 0, #"["10.4.0.0/16"]"#))
        // gke2's pods are not told to the other side.
        let other = try GoogleDeriveWorld().row("google_route", ["source": "gke2", "purpose": "gateway"])
        #expect(other?["pod_ranges_advertised"] == 0)
    }

    @Test func `No route, a tunnel that is down, and one's own subnetwork`() throws {
        var world = try GoogleDeriveWorld()
        let router = RouterName(region: "europe-west1", name: "r")
        world.google.networks[GoogleDeriveWorld.vpc]?.routerStatus[router] = .success(try decoded("{}"))
        #expect(row(world, "gateway")?["covered"] == 0)

        let down = try decoded(
            Route.self,
            #"{"name": "s", "destRange": "10.200.0.0/16", "nextHopVpnTunnel": "projects/host/regions/europe-west1/vpnTunnels/t"}"#
        )
        world.google.networks[GoogleDeriveWorld.vpc]?.routes.items.append(down)
        #expect(row(world, "gateway")?["tunnel_status"] == "ESTABLISHED")
        #expect(row(world, "gateway")?["pod_ranges_advertised"] == .null)
        world.google.networks[GoogleDeriveWorld.vpc]?.vpnTunnels.items[0].status = "FAILED"
        #expect((row(world, "gateway")?["covered"], row(world, "gateway")?["tunnel_status"]) == (1, "FAILED"))
        #expect(row(world, "gateway")?["detail"] == "VPN tunnel host/europe-west1/t is down")

        world.google.clusters["site"]?.gateway = .success(GoogleDeriveWorld.plan(["10.0.0.9"]))
        #expect(row(world, "gateway")?["covered"] == 0)
    }

    @Test func `What could not be read may lead there, or better`() throws {
        var world = try GoogleDeriveWorld()
        world.google.networks[GoogleDeriveWorld.vpc]?.routes.missing = GoogleDeriveWorld.reason
        #expect(row(world, "gateway")?["covered"] == .null)
        world = try GoogleDeriveWorld()
        world.google.networks[GoogleDeriveWorld.vpc]?.routerStatus = [:]
        #expect(row(world, "gateway")?["covered"] == .null)
        #expect(row(world, "gateway")?["detail"] != "")
        world = try GoogleDeriveWorld()
        world.google.clusters["site"]?.gateway = .success(GoogleDeriveWorld.plan([]))
        #expect((row(world, "gateway")?["covered"], row(world, "gateway")?["address"]) == (.null, ""))
    }

    @Test func `The internet leads to public addresses`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["site"]?.gateway = .success(GoogleDeriveWorld.plan(["192.0.2.80"]))
        #expect((row(world, "gateway")?["covered"], row(world, "gateway")?["next_hop"]) == (1, "the internet gateway"))
    }

    @Test func `Masquerading as ip-masq-agent is configured`() throws {
        var world = try GoogleDeriveWorld()
        let map: ConfigMap = try decoded(
            #"{"metadata": {"name": "ip-masq-agent"}, "data": {"config": "nonMasqueradeCIDRs: [10.0.0.0/16]\nresyncInterval: 60s\n"}}"#
        )
        world.google.clusters["gke"]?.masqueradeAgent = .success(map)
        #expect(row(world, "gateway")?["masqueraded"] == 1)
        world.google.clusters["gke"]?.masqueradeAgent = .failure(GoogleDeriveWorld.reason)
        #expect(row(world, "gateway")?["masqueraded"] == .null)
    }
}

@Suite struct GoogleRangeTests {
    @Test func `Pods that lie over the other side's addresses break the way there`() throws {
        var world = try GoogleDeriveWorld()
        #expect(world.rows("range_overlap").isEmpty)
        #expect(world.row("range_known", ["cluster": "site"])?["known"] == 1)
        world.google.clusters["gke"]?.podRanges = .success(["10.200.0.0/14"])
        let rows = world.rows("range_overlap")
        #expect(Set(rows.map { $0["b_kind"] }) == ["nodes", "control-plane", "gateway"])
        #expect(rows.allSatisfy { $0["source"] == "gke" && $0["target"] == "site" && $0["a_kind"] == "pods" })
    }

    @Test func `Pods behind gateways may be alike, and one network keeps its ranges apart itself`() throws {
        var world = try GoogleDeriveWorld()
        for name in ["gke", "gke2", "site"] { world.google.clusters[name]?.podRanges = .success(["192.168.0.0/16"]) }
        world.google.clusters["gke2"]?.gateway = .success(GoogleDeriveWorld.plan(["10.0.0.9"], type: "INTERNAL_TCP_UDP"))
        #expect(world.rows("range_overlap").isEmpty)
    }

    @Test func `What is not known is named`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["gke"]?.podRanges = .failure(GoogleDeriveWorld.reason)
        world.google.clusters["gke"]?.nodeRanges = .success(["10.0.0.0/24", "?"])
        let row = world.row("range_known", ["cluster": "gke"])
        #expect((row?["known"], row?["missing"]) == (0, #"["pods","nodes"]"#))
        world.google.clusters["site"]?.podRanges = .failure(GoogleDeriveWorld.reason)
        #expect(
            world.row("range_known", ["cluster": "site"])?["known"] == 1, "pods on premises do not come with their own addresses")
        world.google.clusters["site"]?.server = ServerURL("https://api.site.example:6443")
        #expect(world.row("range_known", ["cluster": "site"])?["missing"] == #"["control-plane"]"#)
    }
}
