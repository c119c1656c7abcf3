import Facts
import Foundation
import Kubernetes
import Mesh
import Peers
import Testing

@testable import Setup

/// Trust domain aliases in the mesh configuration, which others keep.
@Suite struct MeshConfigTextTests {
    @Test(arguments: [
        ("trustDomain: a\n", "trustDomain: a\ntrustDomainAliases:\n- x\n- y\n"),
        ("", "trustDomainAliases:\n- x\n- y\n"),
        ("trustDomainAliases: []   # none\nz: 1", "trustDomainAliases:\n- x\n- y\nz: 1"),
        (
            "# ours\ntrustDomainAliases:\n  # first\n  - b\nz: {trustDomainAliases: [q]}\n",
            "# ours\ntrustDomainAliases:\n  - x\n  - y\n  # first\n  - b\nz: {trustDomainAliases: [q]}\n"
        ),
        ("trustDomainAliases:\n- b\n", "trustDomainAliases:\n- x\n- y\n- b\n"),
    ]) func linesAreAdded(text: String, wanted: String) {
        #expect(MeshConfigText.adding(aliases: ["x", "y"], to: text) == wanted)
    }

    /// Rather nothing than a text that says something else.
    @Test(arguments: [
        "{trustDomain: a}", "trustDomainAliases: [b]\n", "trustDomainAliases: [b,\n  c]\n", "a: [", "- a\n", "a: 1\na: 2\n",
        "trustDomain: a\n---\nb: 1\n", "trustDomainAliases: &x\n- b\n",
    ]) func whatCannotBeChangedByLinesIsLeft(text: String) {
        #expect(MeshConfigText.adding(aliases: ["x"], to: text) == nil)
    }
}

/// The same, with a real API server.
@Suite(.serialized, .setupWorld, .timeLimit(.minutes(5))) struct TrustAliasTests {
    let world: SetupWorld
    private static let path = "/api/v1/namespaces/istio-system/configmaps/istio-r"
    private static let text = "trustDomain: one.example\n# kept\ndefaultConfig: {meshId: proj-1}\n"

    init() throws { world = try #require(SetupWorld.current) }

    private func seen(_ a: (FactValue, FactValue), _ b: (FactValue, FactValue)) throws -> SeenBuilder {
        var seen = try SeenBuilder()
        for (cluster, trust) in [("a", a), ("b", b)] {
            seen.add(
                "mesh_config",
                [
                    "cluster": .text(cluster), "revision": "r", "trust_domain": trust.0, "trust_domain_aliases": trust.1,
                    "parse_error": "",
                ])
        }
        return seen
    }

    private func plan(_ seen: SeenBuilder, takeOver: [String] = []) async throws -> SetupPlan {
        var options = SetupOptions()
        options.steps = [.network]
        options.takeOver = takeOver
        let snapshot = try seen.snapshot()
        return try await Planner(
            mesh: SeenBuilder.mesh(), options: options, clients: ["a": world.admin, "b": world.admin], version: "1"
        ).plan(snapshot, SeenBuilder.judged(snapshot), now: 0)
    }

    /// - Parameter manager: who wrote the text.
    private func withMap(_ manager: String, _ body: () async throws -> Void) async throws {
        try await world.make(.kubernetes("v1", "ConfigMap", "istio-r", ["data": ["mesh": .string(Self.text)]]), manager: manager)
        try await body()
        try await world.remove(Self.path)
    }

    private func maps(_ plan: SetupPlan) -> [Act] { plan.acts.filter { $0.object.kind == "ConfigMap" } }

    @Test func equalTrustDomainsAndAliasesOnBothSidesNeedNothing() async throws {
        try await withMap("kubectl") {
            let same = try await plan(try seen(("one.example", "[]"), ("one.example", "[]")))
            #expect(maps(same) == [] && !same.findings.contains { $0.text.contains("aliases") })
            let covered = try await plan(try seen(("one.example", #"["two.example"]"#), ("two.example", #"["one.example"]"#)))
            #expect(maps(covered) == [] && !covered.findings.contains { $0.text.contains("aliases") })
        }
    }

    @Test func whatAnotherManagerKeepsIsAFindingWithTheCommand() async throws {
        try await withMap("kubectl") {
            let plan = try await plan(try seen(("one.example", "[]"), ("two.example", #"["one.example"]"#)))
            #expect(maps(plan) == [] && plan.outcome == .stopped)
            let finding = try #require(plan.findings.first { $0.text.contains("aliases two.example") })
            #expect(finding.cluster == "a" && finding.severity == .error && finding.text.contains("kept by kubectl"))
            #expect(finding.remedy.contains("kubectl -n istio-system edit configmap istio-r"))
            #expect(finding.remedy.contains("--take-over .data.mesh"))
            #expect(try await world.object(Self.path)?["data"]?["mesh"] == .string(Self.text))
        }
    }

    @Test func whatSomebodyLetsSetupTakeOverIsChangedByLines() async throws {
        try await withMap("kubectl") {
            let plan = try await plan(
                try seen(("one.example", "[]"), ("two.example", #"["one.example"]"#)), takeOver: [".data.mesh"])
            let act = try #require(maps(plan).first)
            #expect(maps(plan).count == 1 && act.object.cluster == "a" && act.verb == .change && act.forces)
            #expect(act.desired["data"] == ["mesh": .string(Self.text + "trustDomainAliases:\n- two.example\n")])
            #expect(act.fields.map(\.path) == [".data.mesh"] && act.fields.first?.owner == "kubectl")
        }
    }
}
