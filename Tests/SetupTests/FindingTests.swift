import Facts
import Foundation
import Kubernetes
import Mesh
import Testing

@testable import Setup

/// What a plan says before any server is asked.
@Suite struct FindingTests {
    private func plan(
        _ change: (inout SeenBuilder) throws -> Void = { _ in }, clusters: [String] = ["a", "b"],
        _ declare: (inout MeshDeclaration) -> Void = { _ in }
    ) async throws -> SetupPlan {
        var seen = try SeenBuilder(clusters)
        try change(&seen)
        var mesh = SeenBuilder.mesh(clusters)
        declare(&mesh)
        let snapshot = try seen.snapshot()
        return try await Planner(mesh: mesh, options: SetupOptions(), clients: [:], version: "1")
            .plan(snapshot, SeenBuilder.judged(snapshot), now: 0)
    }

    private func replace(_ table: String, in seen: inout SeenBuilder, _ change: (inout FactRow) -> Void) {
        for index in seen.batch.rows.indices where seen.batch.rows[index].table == table { change(&seen.batch.rows[index]) }
    }

    @Test func nothingIsWrongWhereNothingIs() async throws {
        #expect(try await plan().findings == [])
    }

    @Test func oneClusterTwice() async throws {
        let plan = try await plan { seen in
            replace("cluster_identity", in: &seen) { $0.values["kube_system_uid"] = "one" }
        }
        #expect(plan.findings.map(\.severity) == [.error])
        #expect(plan.findings.first?.text.contains("a and b are one and the same cluster") == true)
        #expect(plan.outcome == .stopped)
    }

    @Test func aRevisionThatDoesNotExist() async throws {
        let plan = try await plan({ seen in
            replace("wanted_revision", in: &seen) { $0.values["revision"] = "asm-9" }
        }) { $0.revision = "asm-9" }
        #expect(plan.findings.map(\.cluster) == ["a", "b"])
        #expect(plan.findings.first?.text.contains("asm-9 does not exist: there are r") == true, "\(plan.findings)")
        let open = try await self.plan { seen in
            replace("wanted_revision", in: &seen) { $0.values["revision"] = .null }
        }
        #expect(open.findings.first?.severity == .error)
    }

    @Test(arguments: ["has blank", "example.com:p", String(repeating: "n", count: 70)])
    func networksThatAreNoLabels(network: String) async throws {
        let plan = try await plan({ _ in }) { $0.clusters[1].network = network }
        #expect(plan.findings.map(\.cluster) == ["b"] && plan.findings.first?.severity == .error)
        #expect(plan.findings.first?.text.contains("cannot be a label's value") == true)
    }

    @Test func aServerThatOthersCannotUse() async throws {
        let plan = try await plan { seen in
            for index in seen.batch.rows.indices
            where seen.batch.rows[index].table == "cluster" && seen.batch.rows[index].values["cluster"] == "b" {
                seen.batch.rows[index].values["server"] = "https://127.0.0.1:6443"
                seen.batch.rows[index].values["server_host"] = "127.0.0.1"
                seen.batch.rows[index].values["server_kind"] = "loopback"
            }
            for cluster in ["a", "b"] {
                seen.add("api_server", ["cluster": .text(cluster), "outcome": "answered"])
                seen.add("kubeconfig_use", ["cluster": .text(cluster)])
            }
        }
        #expect(plan.findings.map(\.severity) == [.error] && plan.findings.first?.cluster == "b", "\(plan.findings)")
        #expect(plan.findings.first?.text.contains("https://127.0.0.1:6443 is this machine's own address") == true)
        #expect(plan.findings.first?.remedy.contains("clusters[b].remoteServer") == true)
    }

    @Test func noNetworkAtAll() async throws {
        let plan = try await plan({ seen in
            replace("injector_values", in: &seen) { $0.values["network"] = "" }
            replace("google_cluster", in: &seen) { $0.values["network_id"] = "" }
        }) { $0.clusters[0].network = nil }
        #expect(plan.findings.map(\.text) == ["nobody says which network the cluster is on, and istiod has to know"])
    }

    @Test func aClusterIDThatIsNoName() async throws {
        let plan = try await plan { seen in
            replace("istiod", in: &seen) { $0.values["cluster_id"] = "Kubernetes" }
        }
        #expect(plan.findings.map(\.severity) == [.error, .error])
        #expect(plan.findings.first?.text.contains("\"Kubernetes\"") == true)
    }

    @Test func aSecondGateway() async throws {
        let plan = try await plan { seen in
            seen.add(
                "gateway_resource",
                ["cluster": "b", "namespace": "other", "name": "mine", "port": 15443, "selects_gateway": 1])
            seen.add(
                "gateway_resource",
                ["cluster": "b", "namespace": "other", "name": "elsewhere", "port": 15443, "selects_gateway": 0])
        }
        #expect(plan.findings.count == 1 && plan.findings.first?.severity == .error)
        #expect(plan.findings.first?.text.hasPrefix("Gateway other/mine opens port 15443") == true)
    }

    @Test func staleAndDoubledSecrets() async throws {
        let plan = try await plan { seen in
            for (secret, key, target) in [
                ("istio-remote-secret-gke", "gke-b", "b"), ("one", "cn-fleet-global-b", "b"), ("two", "cn-fleet-global-b", "b"),
            ] {
                seen.add(
                    "remote_secret",
                    ["cluster": "a", "secret": .text(secret), "key": .text(key), "target": .text(target)])
            }
        }
        #expect(plan.findings.map(\.severity) == [.warning, .warning])
        #expect(plan.findings.map(\.text).contains { $0.contains("2 Secrets hold a kubeconfig for cn-fleet-global-b") })
        #expect(plan.findings.map(\.text).contains { $0.contains("gke-b") && $0.contains("calls itself cn-fleet-global-b") })
    }

    @Test func aClusterThatDoesNotAnswer() async throws {
        let plan = try await plan { seen in
            seen.batch.rows.removeAll { $0.table == "cluster_identity" && $0.values["cluster"] == "b" }
            seen.batch.ledger.removeAll { $0.fact == "cluster_identity" && $0.cluster == "b" }
            seen.batch.ledger.append(
                LedgerEntry(fact: "cluster_identity", cluster: "b", status: .failed, reason: "connection refused"))
        }
        #expect(plan.findings.map(\.severity) == [.unknown])
        #expect(plan.findings.first?.text.contains("connection refused") == true)
        #expect(plan.clusters.last?.outcome != .ready)
    }
}
