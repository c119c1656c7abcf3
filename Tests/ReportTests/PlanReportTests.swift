import Foundation
import Judge
import Kubernetes
import Setup
import Testing

@testable import Report

/// Plans as people and programs get them.
struct PlanReportTests {
    private static func act(
        _ cluster: String, _ step: SetupStep, _ verb: Verb, _ desired: JSONValue, fields: [FieldChange] = [], reason: String = ""
    ) -> Act {
        Act(
            step: step, object: ObjectReference(cluster: cluster, desired), verb: verb, desired: desired, fields: fields,
            uid: verb == .create ? "" : "u", reason: reason)
    }

    private static func clusterPlan(_ name: String) -> ClusterPlan {
        var wish = GatewayWish(meshID: "proj-1", network: "net-\(name)", revision: "asm-1246-9")
        wish.service.sourceRanges = ["198.51.100.0/24"]
        if name == "gke-east" { wish.service.annotations = ["networking.gke.io/load-balancer-type": "Internal"] }
        var acts = [
            act(
                name, .network, .change, NetworkManifest.namespace(network: "net-\(name)"),
                fields: [
                    FieldChange(path: ".metadata.labels[topology.istio.io/network]", before: nil, after: .string("net-\(name)"))
                ])
        ]
        acts += GatewayManifests.objects(wish, GatewayAPIs(autoscaling: "v2", policy: "v1")).map {
            act(name, .gateway, .create, $0)
        }
        acts.append(
            act(
                name, .expose, .leave, ExposeManifest.gateway(version: "v1alpha3", hosts: ["*.local"], meshID: "proj-1"),
                reason: "owner: kubectl"))
        let other = name == "dc1" ? "gke-east" : "dc1"
        var secret = act(
            name, .discovery, .create, RemoteSecretManifest.secret(clusterID: "cn-fleet-global-\(other)", meshID: "proj-1"),
            reason: "reached from its pods")
        secret.secret = RemoteSecretSource(
            cluster: other, clusterID: "cn-fleet-global-\(other)", server: "https://10.20.0.5:443",
            serviceAccount: "istio-reader-service-account")
        acts.append(secret)
        return ClusterPlan(
            name: name, uid: "uid-\(name)", server: "https://\(name).example.com", acts: acts,
            gates: [
                Gate(step: .network, check: "api-answers", subject: name, status: .pass, message: "It answers"),
                Gate(
                    step: .network, check: "network-identity-consistent", subject: name, status: .fail,
                    message: "No place states a network", later: true),
                Gate(step: .gateway, check: "injection-proved", subject: name, status: .pass, message: "It gets an image"),
            ],
            permissions: [
                Permission(
                    step: .gateway, verb: "create", group: "apps", resource: "deployments", namespace: "istio-system",
                    allowed: true)
            ])
    }

    static let ready = SetupPlan(
        madeAt: 1_800_000_000, isthmusVersion: "0.1.0",
        mesh: MeshIdentity(id: "proj-1", fleetProject: "fleet", revision: "asm-1246-9"), options: SetupOptions(),
        clusters: [clusterPlan("gke-east"), clusterPlan("dc1")],
        findings: [
            Finding(
                .warning, cluster: "dc1", "Secret old opens gke-east under the name gke-p-l-c",
                remedy: "kubectl delete secret old")
        ])

    /// Everything that can speak against a plan.
    static let stopped: SetupPlan = {
        var plan = ready
        plan.findings.insert(
            Finding(.unknown, cluster: "gke-west", "gke-west was not seen (connection refused)"), at: 0)
        plan.findings.append(
            Finding(
                .error, cluster: "dc1", "the network \"a:b\" cannot be a label's value",
                remedy: "write another one into mesh.yaml"))
        var broken = plan.clusters[1]
        broken.acts[5].verb = .conflict
        broken.acts[5].reason = "conflict with \"helm\": .spec.type"
        broken.acts[5].fields = [FieldChange(path: ".spec.type", before: "NodePort", after: "LoadBalancer", owner: "helm")]
        broken.acts[4].verb = .refused
        broken.acts[4].reason = "a ResourceQuota of the namespace leaves no room (HTTP 403: exceeded quota)"
        broken.acts[6].verb = .unknown
        broken.acts[6].reason = "the server was not heard: time-out"
        broken.acts[7].verb = .change
        broken.acts[7].fields = [
            FieldChange(path: ".spec.maxUnavailable", before: 0, after: 1, owner: "argocd"),
            FieldChange(path: ".metadata.labels[a]", before: "b", after: nil),
        ]
        broken.gates[0].status = .fail
        broken.gates[0].message = "Refused\u{1B}[31m"
        broken.gates.append(
            Gate(step: .network, check: "quota-left", subject: "dc1", status: .unknown, message: "No credentials"))
        broken.permissions.append(
            Permission(step: .network, verb: "patch", group: "", resource: "namespaces", namespace: "", allowed: false))
        broken.permissions += ["create", "patch"].map {
            Permission(
                step: .expose, verb: $0, group: "networking.istio.io", resource: "gateways", namespace: "istio-system",
                allowed: nil, reason: "time-out")
        }
        plan.clusters = [plan.clusters[0], broken, ClusterPlan(name: "gke-west", uid: "", server: "https://10.0.0.1")]
        return plan
    }()

    static let done: SetupPlan = {
        var plan = ready
        plan.findings = []
        for (cluster, act) in [0, 1].flatMap({ c in plan.clusters[c].acts.indices.map { (c, $0) } }) {
            plan.clusters[cluster].acts[act].verb = .leave
            plan.clusters[cluster].acts[act].fields = []
            plan.clusters[cluster].acts[act].reason = ""
        }
        return plan
    }()

    private func medium(_ width: Int, unicode: Bool = true) -> Medium { Medium(width: width, unicode: unicode, colour: false) }

    @Test func forPeople() throws {
        try expectGolden("plan-ready.txt", PlanReport(Self.ready, apply: "-f mesh.yaml --plan plan.json").render(on: medium(120)))
        try expectGolden("plan-stopped.txt", PlanReport(Self.stopped, apply: "-f mesh.yaml").render(on: medium(120)))
        try expectGolden(
            "plan-stopped-80-ascii.txt", PlanReport(Self.stopped, apply: "", verbose: true).render(on: medium(80, unicode: false))
        )
        try expectGolden("plan-done.txt", PlanReport(Self.done, apply: "-f mesh.yaml").render(on: medium(120)))
    }

    /// What must hold of the text, whatever it looks like.
    @Test func saysWhatMatters() {
        let text = PlanReport(Self.stopped, apply: "-f mesh.yaml").render(on: medium(120))
        #expect(text.contains("CANNOT BE APPLIED") && text.contains("exit 3"))
        #expect(!text.contains("isthmus setup apply"))
        #expect(!text.contains("\u{1B}"))
        for line in PlanReport(Self.stopped, apply: "-f mesh.yaml").render(on: medium(80, unicode: false)).split(separator: "\n")
        where !line.contains("Fix") {
            #expect(displayWidth(line) <= 80 && line.allSatisfy(\.isASCII), "\(line)")
        }
        #expect(
            PlanReport(Self.ready, apply: "-f mesh.yaml").render(on: medium(120)).contains("isthmus setup apply -f mesh.yaml"))
    }

    @Test(arguments: ["ready", "stopped", "done"]) func conformsToTheSchema(name: String) async throws {
        let plan = ["ready": Self.ready, "stopped": Self.stopped, "done": Self.done][name] ?? Self.ready
        let schema = house.appending(path: "docs/plan.schema.json").path
        let validator = here.appending(path: "validate-json.py").path
        let text = String(decoding: try PlanFile.encode(plan), as: UTF8.self)
        let result = try await run("/usr/bin/python3", [validator, schema], input: text)
        #expect(result.code == 0, "\(result.output)")
        for wrong in [
            text.replacing("\"schema\" : 1", with: "\"schema\" : 2"),
            text.replacing("\"kind\" : \"Role\"", with: "\"kynd\" : \"Role\""),
            text.replacing("\"step\" : \"gateway\"", with: "\"step\" : \"gate\""),
        ] {
            #expect(try await run("/usr/bin/python3", [validator, schema], input: wrong).code == 1)
        }
    }
}
