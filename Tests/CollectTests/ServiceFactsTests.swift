import Facts
import Mesh
import Testing

@testable import Collect

@Suite struct ServiceFactsTests {
    private func result(
        _ name: String, services: [Service], pods: [Pod], policies: [PeerAuthentication] = []
    ) -> ServiceFacts.Source {
        ServiceFacts.Source(
            cluster: name, services: .success(services), pods: .success(pods),
            policies: .success(MutualTLSPolicies(policies, root: "istio-system")), sight: GatewaySight())
    }

    private func service(_ name: String, ports: String, more: String = "") throws -> Service {
        try GatewayTests.service(
            name, namespace: "sample", labels: "", spec: #"{"selector":{"app":"\#(name)"},"ports":\#(ports)\#(more)}"#)
    }

    private func pod(_ name: String, status: String = #"{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#)
        throws -> Pod
    {
        try GatewayTests.pod(
            "\(name)-1", namespace: "sample", labels: #""app":"\#(name)","security.istio.io/tlsMode":"istio""#, status: status)
    }

    @Test func aServiceThatHasPodsSomewhereIsToldOfEverywhere() throws {
        let web = #"[{"port":80,"targetPort":8080},{"port":443,"targetPort":"tls"},{"port":53,"protocol":"UDP"}]"#
        let a = try result(
            "a", services: [service("web", ports: web), service("lone", ports: "[]")], pods: [pod("web"), pod("web2")])
        let b = try result(
            "b",
            services: [
                service("web", ports: #"[{"port":80}]"#, more: #","clusterIP":"None""#),
                service("lone", ports: #"[{"port":1}]"#),
            ], pods: [pod("lone", status: #"{"phase":"Pending"}"#)])
        let batch = ServiceFacts([a, b]).batch
        #expect(batch.rows.map { $0["cluster"] } == ["a", "b"] && batch.rows.allSatisfy { $0["name"] == "web" })
        #expect(batch.rows.map { $0["ports"] } == ["[80,443]", "[80]"])
        #expect(batch.rows.map { $0["mesh_pods"] } == [1, 0] && batch.rows.map { $0["headless"] } == [0, 1])
        #expect(batch.ledger.allSatisfy { $0.status == .collected } && batch.ledger.count == 2)
    }

    /// A policy speaks of the pods' ports, not of the Service's.
    @Test func aPolicyOfThePortBehindIt() throws {
        let policy: PeerAuthentication = try decoded(
            #"{"metadata":{"name":"p","namespace":"sample"},"spec":{"selector":{"matchLabels":{"app":"web"}},"portLevelMtls":{"8080":{"mode":"DISABLE"}}}}"#
        )
        let by = try [#"[{"port":80,"targetPort":8080}]"#, #"[{"port":8080,"targetPort":80}]"#, #"[{"port":8080}]"#].map {
            ports in
            let batch = ServiceFacts([
                result("a", services: [try service("web", ports: ports)], pods: [try pod("web")], policies: [policy])
            ]).batch
            return try #require(batch.rows.first)["disabled_by"]
        }
        #expect(by == ["sample/p", "", "sample/p"])
    }

    @Test(
        arguments: [
            ("", [], [], true), ("*", [], [], true), (".", [], [], false), ("~", [], [], false),
            ("other, istio-system", [], [], true),
            ("istio-system", ["gw"], [], false), (".", ["sample"], [], true), ("~", ["sample"], [], false),
            ("", [], ["."], false),
            ("", ["sample"], ["."], true), ("*", [], ["."], true), ("", [], ["~"], false),
        ] as [(String, [String], Set<String>, Bool)])
    func whetherTheGatewaySeesIt(exportTo: String, gateways: [String], defaults: Set<String>, sees: Bool) throws {
        let web = try GatewayTests.service(
            "web", namespace: "sample", labels: "", annotations: #""networking.istio.io/exportTo":"\#(exportTo)""#,
            spec: #"{"selector":{"app":"web"},"ports":[{"port":80}]}"#)
        var source = try result("a", services: [web], pods: [pod("web")])
        source.sight = GatewaySight(namespaces: gateways, defaults: defaults)
        let row = try #require(ServiceFacts([source]).batch.rows.first)
        #expect(row["gateway_sees"] == FactValue(sees))
        #expect(row["export_to"] == .text(exportTo.filter { $0 != " " }))
        source.sight = nil
        #expect(ServiceFacts([source]).batch.rows.first?["gateway_sees"] == .null)
    }

    @Test func whatWasNotSeenIsInTheLedger() throws {
        var blind = result("b", services: [], pods: [])
        blind.pods = .failure(NoAnswer("403"))
        let batch = ServiceFacts([try result("a", services: [service("web", ports: "[]")], pods: [pod("web")]), blind]).batch
        #expect(batch.rows.count == 1)
        #expect(batch.ledger.map(\.status) == [.collected, .failed] && batch.ledger[1].reason == "403")
    }
}
