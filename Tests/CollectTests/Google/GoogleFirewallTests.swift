import Facts
import Mesh
import Testing

@testable import Collect

@Suite struct GoogleFirewallTests {
    private func path(_ world: GoogleDeriveWorld, _ source: String = "site", _ target: String = "gke") -> FactRow? {
        world.row("google_firewall_path", ["source": .text(source), "target": .text(target)])
    }

    @Test func `The rule that GKE made admits everybody`() throws {
        let row = try #require(path(try GoogleDeriveWorld()))
        #expect((row["admits"], row["port"], row["sources"]) == (1, 15443, #"["198.51.100.7/32"]"#))
        #expect((row["decided_by"], row["decided_kind"], row["action"]) == ("k8s-fw-1", "vpc-rule", "allow"))
        #expect((row["network"], row["host_project"]) == ("net", "host"))
        #expect(row["node_tags"] == #"["gke-gke-0123abcd-node"]"#)
    }

    @Test func `Nothing admits it: the implied deny decides, and the command of GKE's event is at hand`() throws {
        var world = try GoogleDeriveWorld()
        try world.setFirewall([])
        world.google.clusters["gke"]?.firewallCommand = "gcloud compute firewall-rules create k8s-fw-1"
        let row = try #require(path(world))
        #expect((row["admits"], row["decided_by"], row["decided_kind"]) == (0, "implied deny", "implied"))
        #expect((row["priority"], row["refused"]) == (65535, #"["198.51.100.7/32"]"#))
        #expect(row["events_command"] == "gcloud compute firewall-rules create k8s-fw-1")
    }

    @Test func `A denial of equal priority and one of the organization come first`() throws {
        var world = try GoogleDeriveWorld()
        let deny =
            #"{"name": "no-site", "priority": 1000, "sourceRanges": ["198.51.100.0/24"], "denied": [{"IPProtocol": "all"}]}"#
        try world.setFirewall([GoogleDeriveWorld.gatewayRule, deny])
        #expect((path(world)?["admits"], path(world)?["decided_by"]) == (0, "no-site"))
        #expect(path(world, "gke2")?["admits"] == 1, "each source is decided by its own rule")

        let policy = """
            {"name": "9", "shortName": "org", "type": "HIERARCHY", "rules": [
              {"priority": 5, "action": "goto_next", "direction": "INGRESS", "match": {"srcIpRanges": ["34.0.0.0/8"], "layer4Configs": [{"ipProtocol": "all"}]}},
              {"priority": 6, "action": "deny", "direction": "INGRESS", "match": {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "tcp", "ports": ["15000-16000"]}]}},
              {"priority": 1, "action": "deny", "direction": "EGRESS", "match": {"destIpRanges": ["0.0.0.0/0"]}}]}
            """
        try world.setFirewall([GoogleDeriveWorld.gatewayRule], policies: [policy])
        let row = try #require(path(world))
        #expect((row["admits"], row["decided_kind"], row["policy"], row["priority"]) == (0, "hierarchical", "org", 6))
        #expect(path(world, "gke2")?["admits"] == 1)
    }

    @Test func `A regional policy of Google's comes before the rules, one of the network after them`() throws {
        var world = try GoogleDeriveWorld()
        func policy(_ type: String, _ action: String) -> String {
            """
            {"name": "\(type)", "type": "\(type)", "rules": [{"priority": 1, "action": "\(action)", "direction": "INGRESS",
              "match": {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "tcp"}]}}]}
            """
        }
        try world.setFirewall([], regional: [policy("SYSTEM_REGIONAL", "allow")])
        #expect((path(world)?["admits"], path(world)?["decided_kind"]) == (1, "system"))
        try world.setFirewall([GoogleDeriveWorld.gatewayRule], regional: [policy("NETWORK_REGIONAL", "deny")])
        #expect((path(world)?["admits"], path(world)?["decided_kind"]) == (1, "vpc-rule"))
        try world.setFirewall([GoogleDeriveWorld.gatewayRule], policies: [policy("UNHEARD_OF", "deny")])
        #expect(path(world)?["admits"] == .null)
        try world.setFirewall([GoogleDeriveWorld.gatewayRule])
        world.google.networks[GoogleDeriveWorld.vpc]?.regionalFirewalls = ["europe-west1": .failure(GoogleDeriveWorld.reason)]
        #expect(path(world)?["admits"] == .null)
        #expect(path(world)?["detail"].text?.contains("permission denied") == true)
    }

    @Test func `What cannot be evaluated leaves it open, and says what`() throws {
        var world = try GoogleDeriveWorld()
        let policy = """
            {"name": "9", "shortName": "org", "type": "HIERARCHY", "rules": [{"priority": 5, "action": "deny", "direction": "INGRESS",
              "match": {"srcRegionCodes": ["DE"], "layer4Configs": [{"ipProtocol": "all"}]}}]}
            """
        try world.setFirewall([GoogleDeriveWorld.gatewayRule], policies: [policy])
        let row = try #require(path(world))
        #expect((row["admits"], row["decided_kind"], row["policy"]) == (.null, "hierarchical", "org"))
        #expect(row["detail"].text?.contains("source region DE") == true)
    }

    @Test func `Node tags that are not known leave rules for tags open`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["gke"]?.nodeTags = .failure(NoAnswer("the tag does not show"))
        #expect(path(world)?["admits"] == .null)
        #expect(path(world)?["detail"].text?.contains("the tag does not show") == true)
        let plain = GoogleDeriveWorld.gatewayRule.replacing(
            #""targetTags": ["gke-gke-0123abcd-node", "gke-gke2-0123abcd-node"],"#, with: "")
        try world.setFirewall([plain])
        #expect(path(world)?["admits"] == 1)
    }

    @Test func `A pool without the tag refuses what a load balancer sends it`() throws {
        var world = try GoogleDeriveWorld()
        var cluster = try #require(world.google.clusters["gke"]?.gke.value)
        cluster.nodePools = try decoded(#"[{"name": "a", "config": {"tags": ["mesh"]}}, {"name": "b", "config": {}}]"#)
        world.google.clusters["gke"]?.gke = Recognised(found: .success(cluster))
        let rule = #"{"name": "mesh", "sourceRanges": ["0.0.0.0/0"], "targetTags": ["mesh"], "allowed": [{"IPProtocol": "tcp"}]}"#
        try world.setFirewall([rule])
        #expect(path(world)?["admits"] == 0)
        cluster.nodePools = try decoded(#"[{"name": "a", "config": {"tags": ["mesh"]}}]"#)
        world.google.clusters["gke"]?.gke = Recognised(found: .success(cluster))
        #expect(path(world)?["admits"] == 1)
        let account =
            #"{"name": "mesh", "targetServiceAccounts": ["77-compute@developer.gserviceaccount.com"], "allowed": [{"IPProtocol": "6"}]}"#
        try world.setFirewall([account])
        #expect(path(world)?["admits"] == 1, "the default service account goes by the project's number")
    }

    @Test func `Senders who are not known fare as everybody does, where everybody fares alike`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["site"]?.egress = EgressAddresses(detail: "declare egress")
        #expect((path(world)?["admits"], path(world)?["sources"]) == (1, "[]"))
        try world.setFirewall([])
        #expect((path(world)?["admits"], path(world)?["decided_by"]) == (0, "implied deny"))
        let some = GoogleDeriveWorld.gatewayRule.replacing("0.0.0.0/0", with: "198.51.100.0/24")
        try world.setFirewall([some])
        #expect(path(world)?["admits"] == .null)
        #expect(path(world)?["detail"].text?.contains("declare egress") == true)
    }

    @Test func `Before the gateway is there, GKE's own rule is to come, and what is denied before it is denied`() throws {
        var world = try GoogleDeriveWorld()
        var plan = GoogleDeriveWorld.plan([])
        plan.chosenBy = .default
        world.google.clusters["gke"]?.gateway = .success(plan)
        try world.setFirewall([])
        let row = try #require(path(world))
        #expect(row["admits"] == .null)
        #expect(row["detail"].text?.contains("GKE makes a rule for the gateway itself") == true)
        #expect(world.row("google_firewall_exposure", ["cluster": "gke", "port": 15443])?["open_to_world"] == 0)
        try world.setFirewall([#"{"name": "no", "priority": 1, "denied": [{"IPProtocol": "all"}]}"#])
        #expect((path(world)?["admits"], path(world)?["decided_by"]) == (0, "no"))

        // The Service is there, its address and its rule are on their way; where GKE asks an administrator, nothing is.
        plan.service = "istio-system/istio-eastwestgateway"
        world.google.clusters["gke"]?.gateway = .success(plan)
        try world.setFirewall([])
        #expect(path(world)?["admits"] == .null)
        world.google.clusters["gke"]?.firewallCommand = "gcloud compute firewall-rules create k8s-fw-1"
        #expect(path(world)?["admits"] == 0)
        world.google.clusters["gke"]?.firewallCommand = ""
        plan.addresses = ["203.0.113.1"]
        world.google.clusters["gke"]?.gateway = .success(plan)
        #expect(path(world)?["admits"] == 0, "the address is there, and no rule came with it")
        plan.addresses = []
        world.google.clusters["gke"]?.gateway = .success(plan)

        var cluster = try #require(world.google.clusters["gke"]?.gke.value)
        cluster.networkConfig?.disableL4LbFirewallReconciliation = true
        world.google.clusters["gke"]?.gke = Recognised(found: .success(cluster))
        try world.setFirewall([])
        #expect(path(world)?["admits"] == 0, "with its reconciliation off GKE makes none")
    }

    @Test func `Behind an internal load balancer senders are nodes and pods`() throws {
        var world = try GoogleDeriveWorld()
        world.google.clusters["gke"]?.gateway = .success(GoogleDeriveWorld.plan(["10.0.0.9"], type: "INTERNAL_TCP_UDP"))
        #expect(path(world, "gke2")?["sources"] == #"["10.0.1.0/24","10.5.0.0/16"]"#)
        world.google.clusters["gke2"]?.podRanges = .failure(GoogleDeriveWorld.reason)
        #expect(path(world, "gke2")?["sources"] == "[]")
    }

    @Test func `Health checks`() throws {
        var world = try GoogleDeriveWorld()
        let row = try #require(world.row("google_firewall_health", ["cluster": "gke"]))
        #expect((row["admits"], row["port"], row["decided_by"], row["refused"]) == (1, 10256, "k8s-hc", "[]"))
        try world.setFirewall([
            GoogleDeriveWorld.gatewayRule, GoogleDeriveWorld.healthRule.replacing("\"35.191.0.0/16\", ", with: ""),
        ])
        let refused = try #require(world.row("google_firewall_health", ["cluster": "gke"]))
        #expect((refused["admits"], refused["refused"]) == (0, #"["35.191.0.0/16"]"#))
        world.google.clusters["gke"]?.nodeTags = .failure(NoAnswer("no tag"))
        try world.setFirewall([
            GoogleDeriveWorld.healthRule.replacing("\"allowed\"", with: "\"targetTags\": [\"x\"], \"allowed\"")
        ])
        #expect(world.row("google_firewall_health", ["cluster": "gke"])?["admits"] == .null)
    }

    @Test func `A Service that is served on its own nodes alone has a port of its own for health checks`() throws {
        var world = try GoogleDeriveWorld()
        var plan = GoogleDeriveWorld.plan(["34.2.0.1"])
        plan.healthPort = 31234
        world.google.clusters["gke"]?.gateway = .success(plan)
        let row = try #require(world.row("google_firewall_health", ["cluster": "gke"]))
        #expect((row["port"], row["admits"]) == (31234, 0))
    }

    @Test func `What is open to the world`() throws {
        var world = try GoogleDeriveWorld()
        func open(_ port: Int) -> FactValue? {
            world.row("google_firewall_exposure", ["cluster": "gke", "port": .integer(port)])?["open_to_world"]
        }
        #expect((open(15443), open(15012), open(15017)) == (1, 0, 0))
        let deny = #"{"name": "bad", "priority": 1, "sourceRanges": ["185.0.0.0/8"], "denied": [{"IPProtocol": "all"}]}"#
        let wide =
            #"{"name": "wide", "sourceRanges": ["0.0.0.0/1", "128.0.0.0/1"], "allowed": [{"IPProtocol": "tcp", "ports": ["15000-15020"]}]}"#
        try world.setFirewall([GoogleDeriveWorld.gatewayRule, deny, wide])
        #expect((open(15443), open(15012), open(15017)) == (1, 1, 1), "a range that is denied does not close it")
        try world.setFirewall([GoogleDeriveWorld.gatewayRule.replacing("0.0.0.0/0", with: "198.51.100.0/24")])
        #expect(open(15443) == 0)
        world.google.clusters["gke"]?.nodeTags = .failure(NoAnswer("no tag"))
        try world.setFirewall([GoogleDeriveWorld.gatewayRule])
        #expect(open(15443) == .null)
    }

    @Test func `Two hundred clusters, forty thousand pairs`() throws {
        var world = try GoogleDeriveWorld()
        let names = (0..<200).map { "c\($0)" }
        var rules: [String] = []
        for (index, name) in names.enumerated() {
            world.google.clusters[name] = try GoogleDeriveWorld.gke(
                name, address: "34.1.1.\(index)", pods: "10.\(index).0.0/16", nodes: "10.0.\(index).0/24",
                egress: "34.9.1.\(index)/32")
            rules.append(
                GoogleDeriveWorld.gatewayRule.replacing("gke-gke-", with: "gke-\(name)-").replacing(
                    "k8s-fw-1", with: "k8s-fw-\(name)"))
        }
        try world.setFirewall(rules)
        let batch = GoogleDerivation.batch(world.google, order: names)
        #expect(batch.rows.count { $0.table == "google_firewall_path" } == 200 * 199)
        #expect(batch.rows.filter { $0.table == "google_firewall_path" }.allSatisfy { $0["admits"] == 1 })
    }
}
