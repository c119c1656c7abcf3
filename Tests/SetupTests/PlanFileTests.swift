import Foundation
import Judge
import Kubernetes
import Testing

@testable import Setup

@Suite struct PlanFileTests {
    static func plan(_ change: (inout SetupPlan) -> Void = { _ in }) -> SetupPlan {
        let desired = NetworkManifest.namespace(network: "n")
        let act = Act(
            step: .network, object: ObjectReference(cluster: "a", desired), verb: .change, desired: desired,
            fields: [FieldChange(path: ".metadata.labels[x]", before: nil, after: "n")], uid: "u1", resourceVersion: "7")
        var plan = SetupPlan(
            madeAt: 1_800_000_000, isthmusVersion: "1", mesh: MeshIdentity(id: "proj-1", fleetProject: "f", revision: "r"),
            options: SetupOptions(),
            clusters: [
                ClusterPlan(
                    name: "a", uid: "k1", server: "https://a", acts: [act],
                    gates: [Gate(step: .network, check: "api-answers", subject: "a", status: .pass, message: "answers")],
                    permissions: [
                        Permission(step: .network, verb: "patch", group: "", resource: "namespaces", namespace: "", allowed: true)
                    ])
            ], findings: [Finding(.note, "n")])
        change(&plan)
        return plan
    }

    @Test func comesBackAsItWas() throws {
        let plan = Self.plan()
        #expect(try PlanFile.decode(PlanFile.encode(plan), name: "p") == plan)
        #expect(try PlanFile.encode(plan) == PlanFile.encode(plan))
    }

    private func error(_ data: Data) -> String {
        do {
            _ = try PlanFile.decode(data, name: "plan.json")
            return "none"
        } catch { return error.description }
    }

    @Test func whatIsNoPlan() throws {
        let good = try PlanFile.encode(Self.plan())
        #expect(error(Data("nonsense".utf8)).hasPrefix("plan.json: is not JSON, or is cut off"))
        #expect(error(good.dropLast(40)).contains("cut off"))
        #expect(error(Data()).contains("cut off"))
        #expect(error(Data("{\"a\": 1}".utf8)).contains("is JSON, but no plan"))
        let text = String(decoding: good, as: UTF8.self)
        #expect(error(Data(text.replacing("\"formatVersion\" : 1", with: "\"formatVersion\" : 9").utf8)).contains("format 9"))
        #expect(error(Data(text.replacing("https://a", with: "https://b").utf8)).contains("changed after it was made"))
        #expect(
            error(Data(text.replacing("\"verb\" : \"change\"", with: "\"verb\" : \"smash\"").utf8)).contains(
                "verb is not as it must be"))
        #expect(
            error(Data(text.replacing("\"uid\" : \"k1\",", with: "").utf8)).contains(".uid is missing")
                || error(Data(text.replacing("\"uid\" : \"k1\",", with: "").utf8)).contains("uid"))
    }

    private func moved(_ change: (inout SetupPlan) -> Void) -> [String] { Self.plan().whatMoved(Self.plan(change)).map(\.words) }

    @Test func whatMovedIsNamed() {
        #expect(moved { _ in } == [])
        // Time goes on, and so do the versions of objects that others count in.
        #expect(
            moved {
                $0.madeAt += 60; $0.clusters[0].acts[0].resourceVersion = "8"
            } == [])
        #expect(moved { $0.clusters[0].uid = "k2" } == ["the kubeconfig leads to another cluster"])
        #expect(moved { $0.clusters[0].uid = "" } == ["the cluster does not answer"])
        #expect(
            moved { $0.clusters[0].acts[0].uid = "u2" } == [
                "Namespace istio-system was deleted and made anew since the plan was made"
            ])
        #expect(moved { $0.clusters[0].acts[0].uid = "" } == ["Namespace istio-system was deleted since the plan was made"])
        #expect(
            moved { $0.clusters[0].acts[0].fields[0].before = "x" }
                == ["Namespace istio-system was changed since the plan was made: .metadata.labels[x]"])
        #expect(moved { ($0.clusters[0].acts[0].verb, $0.clusters[0].acts[0].fields) = (.leave, []) }.count == 1)
        #expect(moved { $0.clusters[0].acts[0].desired = [:] } == ["Namespace istio-system is wanted differently now"])
        #expect(moved { $0.clusters[0].acts = [] } == ["Namespace istio-system is not wanted any more"])
        #expect(moved { $0.clusters = [] } == ["the cluster is not declared any more"])
        #expect(moved { $0.options.expose = ["x"] }.count == 1 && moved { $0.mesh.revision = "s" }.count == 1)
        #expect(
            moved { plan in
                var act = plan.clusters[0].acts[0]
                act.object.name = "other"
                plan.clusters[0].acts.append(act)
            } == ["Namespace other is to be written now, and the plan does not know it"])
    }

    @Test func outcomes() {
        #expect(Self.plan().outcome == .ready)
        #expect(Self.plan { $0.clusters[0].acts[0].verb = .conflict }.outcome == .stopped)
        #expect(Self.plan { $0.clusters[0].acts[0].verb = .refused }.outcome == .stopped)
        #expect(Self.plan { $0.clusters[0].acts[0].verb = .unknown }.outcome == .open)
        #expect(Self.plan { $0.clusters[0].uid = "" }.outcome == .open)
        #expect(Self.plan { $0.clusters[0].gates[0].status = .fail }.outcome == .stopped)
        #expect(Self.plan { ($0.clusters[0].gates[0].status, $0.clusters[0].gates[0].later) = (.fail, true) }.outcome == .ready)
        #expect(Self.plan { $0.clusters[0].gates[0].status = .notExamined }.outcome == .open)
        #expect(Self.plan { $0.clusters[0].permissions[0].allowed = false }.outcome == .stopped)
        #expect(Self.plan { $0.clusters[0].permissions[0].allowed = nil }.outcome == .open)
        #expect(Self.plan { $0.findings.append(Finding(.error, "x")) }.outcome == .stopped)
        #expect(Self.plan { $0.clusters = [] }.outcome == .open)
    }
}
