import Facts
import Judge
import Testing

@testable import Setup

/// Which verdicts stop a step, and which only wait for it.
@Suite struct GatesTests {
    /// A cluster without a label and a gateway, and one that has both, judged by the embedded checks.
    private func judgement() throws -> Judgement {
        var seen = try SeenBuilder()
        for cluster in ["a", "b"] {
            seen.add("api_server", ["cluster": .text(cluster), "outcome": "answered"])
            seen.add(
                "network_statement",
                [
                    "cluster": .text(cluster), "kind": "namespace", "place": "Namespace",
                    "network": .text(cluster == "a" ? "" : "n"),
                ])
        }
        return try SeenBuilder.judged(seen.snapshot())
    }

    private func gates(
        of cluster: String, _ judgement: Judgement, pending: [String: Set<SetupStep>] = [:],
        begun: [String: Set<SetupStep>] = [:], registering: Set<String> = [], labelled: Set<String> = [], aliased: Bool = false
    ) -> [Gate] {
        // With the others, as a plan asks for them.
        Gates.of(
            ["a", "b"], judgement, pending: pending, begun: begun, registering: registering, labelled: labelled, aliased: aliased)[
                cluster] ?? []
    }

    private func gate(_ check: String, _ gates: [Gate]) throws -> Gate { try #require(gates.first { $0.check == check }) }

    @Test func whatTheNetworkStepMendsComes() throws {
        let judgement = try judgement()
        let bare = gates(of: "a", judgement)
        #expect(try gate("network-identity-consistent", bare).standing == .bad)
        let planned = gates(of: "a", judgement, pending: ["a": [.network]], labelled: ["a"])
        #expect(try gate("network-identity-consistent", planned).standing == .comes)
        // The other cluster's label mends nothing here, and neither does a step that has nothing to write.
        let other = gates(of: "a", judgement, pending: ["b": [.network]], labelled: ["b"])
        #expect(try gate("network-identity-consistent", other).standing == .bad)
        let idle = gates(of: "a", judgement, pending: ["a": [.gateway]], labelled: ["a"])
        #expect(try gate("network-identity-consistent", idle).standing == .bad)
    }

    /// Whoever cannot port-forward can set up all the same.
    @Test func whatOnlyAPortForwardTellsGatesNothing() throws {
        let judgement = try judgement()
        #expect(judgement.verdicts.contains { $0.check == "gateway-config-current" && $0.status != .pass })
        let all = gates(of: "a", judgement)
        #expect(all.contains { $0.check == "gateway-ready" })
        #expect(!all.contains { ["gateway-config-current", "istiod-follows-peer", "istiod-knows-gateway"].contains($0.check) })
    }

    @Test func missingAliasesComeWhereThePlanAddsThemEverywhere() throws {
        var seen = try SeenBuilder()
        for (cluster, domain) in [("a", "fleet.svc.id.goog"), ("b", "cluster.local")] {
            seen.add("api_server", ["cluster": .text(cluster), "outcome": "answered"])
            seen.add("mesh_config", ["cluster": .text(cluster), "revision": "r", "trust_domain": .text(domain)])
        }
        let judgement = try SeenBuilder.judged(seen.snapshot())
        #expect(try gate("trust-domain-shared", gates(of: "b", judgement)).standing == .bad)
        let planned = gates(of: "b", judgement, pending: ["a": [.network], "b": [.network]], aliased: true)
        #expect(try gate("trust-domain-shared", planned).standing == .comes)
    }

    @Test func gatewaysAreLookedAtAgainWhereTheyAreBuilt() throws {
        let judgement = try judgement()
        let here = gates(of: "a", judgement, pending: ["a": [.gateway], "b": []])
        let there = gates(of: "b", judgement, pending: ["a": [.gateway], "b": []])
        #expect(try gate("gateway-ready", here).standing == .comes)
        #expect(try gate("gateway-ready", there).standing != .comes)
        #expect(try gate("gateway-ready", here).step == .discovery)
    }

    @Test func whatAResumedRunHasBegunIsLookedAtAgain() throws {
        var seen = try SeenBuilder(platform: "gke")
        for cluster in ["a", "b"] { seen.add("api_server", ["cluster": .text(cluster), "outcome": "answered"]) }
        seen.add("cluster_pair", ["source": "a", "target": "b"])
        seen.add("google_firewall_path", ["source": "a", "target": "b", "port": 15443, "admits": 0, "decided_kind": "implied"])
        let judgement = try SeenBuilder.judged(seen.snapshot())
        let check = "firewall-admits-gateway"
        #expect(try gate(check, gates(of: "b", judgement)).standing == .bad)
        // A gateway that is still to be built does not mend a denial, and one that was just built may.
        #expect(try gate(check, gates(of: "b", judgement, pending: ["b": [.gateway]])).standing == .bad)
        let begun = gates(of: "b", judgement, pending: ["b": [.discovery]], begun: ["b": [.network, .gateway]])
        #expect(try gate(check, begun).standing == .comes)
        #expect(try gate("gateway-ready", begun).standing == .comes)
        #expect(try gate("gateway-ready", gates(of: "b", judgement, pending: ["b": [.discovery]])).standing != .comes)
    }

    @Test func membershipsComeWhereClustersAreRegistered() throws {
        var seen = try SeenBuilder()
        for cluster in ["a", "b"] {
            seen.add("api_server", ["cluster": .text(cluster), "outcome": "answered"])
            seen.add("fleet_membership", ["cluster": .text(cluster), "crd_present": 0, "object_present": 0, "project": ""])
        }
        let judgement = try SeenBuilder.judged(seen.snapshot())
        let check = "fleet-membership-registered"
        #expect(try gate(check, gates(of: "a", judgement)).standing == .bad)
        let pending: [String: Set<SetupStep>] = ["a": [.register], "b": [.network]]
        #expect(try gate(check, gates(of: "a", judgement, pending: pending, registering: ["a"])).standing == .comes)
        #expect(try gate(check, gates(of: "b", judgement, pending: pending, registering: ["a"])).standing == .bad)
    }

    @Test func prerequisitesGateTheFirstStep() throws {
        let gates = self.gates(of: "a", try judgement())
        #expect(try gate("api-answers", gates).step == .network && gate("api-answers", gates).standing == .good)
        #expect(!gates.contains { $0.check == "requests-cross" || $0.check == "remote-secret-present" })
        #expect(gates.map(\.step) == gates.map(\.step).sorted())
    }
}
