import Facts
import Mesh
import Testing

@testable import Collect

@Suite struct NamespaceFactsTests {
    private func namespace(_ name: String, _ labels: String = "") throws -> ObjectMeta {
        try decoded(ObjectMeta.self, #"{"name":"\#(name)","labels":{\#(labels)}}"#)
    }

    private func pod(_ namespace: String) throws -> Pod {
        try GatewayTests.pod(
            "web-1", namespace: namespace, labels: #""security.istio.io/tlsMode":"istio""#,
            status: #"{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#)
    }

    private func source(
        _ cluster: String, _ namespaces: Answer<[ObjectMeta]>, pods: [Pod] = [], selectors: Answer<[LabelSelector]> = .success([])
    ) -> NamespaceFacts.Source {
        NamespaceFacts.Source(
            cluster: cluster, namespaces: namespaces, gateway: .success(["istio-system"]), pods: .success(pods),
            selectors: selectors)
    }

    private func selectors(_ list: String) throws -> Answer<[LabelSelector]> { .success(try decoded([LabelSelector].self, list)) }

    @Test func whereNobodyChoosesEverybodyLooks() throws {
        let a = try source(
            "a", .success([namespace("istio-system"), namespace("sample"), namespace("idle")]), pods: [pod("sample")])
        let rows = NamespaceFacts([a]).batch.rows
        #expect(rows.map { $0["namespace"] } == ["istio-system", "sample"])
        #expect(rows.map { $0["gateway"] } == [1, 0] && rows.map { $0["mesh_pods"] } == [0, 1])
        #expect(rows.allSatisfy { $0["ignored"] == 0 && $0["ignored_by"] == "[]" && $0["unread"] == "[]" && $0["lacks"] == "" })
    }

    /// Each istiod goes by its own cluster's selectors, also where it looks at others; the control plane's namespace is no exception.
    @Test func everyIstiodGoesByItsOwnSelectors() throws {
        let revision = #""istio.io/rev":"r""#
        let a = try source(
            "a", .success([namespace("istio-system"), namespace("sample", revision)]), pods: [pod("sample")],
            selectors: selectors(#"[{"matchLabels":{"istio.io/rev":"r"}}]"#))
        let b = try source(
            "b", .success([namespace("istio-system", #""mesh":"on""#), namespace("sample")]), pods: [pod("sample")],
            selectors: selectors(
                #"[{"matchLabels":{"mesh":"on"}},{"matchExpressions":[{"key":"team","operator":"NotIn","values":["x"]},{"key":"team","operator":"Exists"}]}]"#
            ))
        let c = source("c", .failure(NoAnswer("403")), selectors: .failure(NoAnswer("no YAML")))
        let batch = NamespaceFacts([a, b, c]).batch
        #expect(batch.rows.map { $0["cluster"] } == ["a", "a", "b", "b"])
        #expect(batch.rows.map { $0["ignored"] } == [1, 0, 0, 1])
        #expect(batch.rows.map { $0["ignored_by"] } == [#"["b"]"#, #"["b"]"#, #"["a"]"#, #"["a"]"#])
        #expect(batch.rows.allSatisfy { $0["unread"] == #"["c"]"# })
        #expect(
            batch.rows.map { $0["lacks"] } == ["istio.io/rev=r mesh=on", "mesh=on", "istio.io/rev=r", "istio.io/rev=r mesh=on"])
        #expect(batch.ledger.map(\.status) == [.collected, .collected, .failed])
    }

    @Test func whatCannotBeReadOfItselfIsNotKnown() throws {
        let a = try source("a", .success([namespace("istio-system")]), selectors: .failure(NoAnswer("no YAML")))
        #expect(NamespaceFacts([a]).batch.rows.map { $0["ignored"] } == [.null])
    }

    /// A gateway may stand anywhere; where there is none yet, it will stand in istio-system.
    @Test func theGatewayIsWhereItsPartsAre() throws {
        var evidence = ClusterEvidence(nothing: NoAnswer("not asked"))
        #expect(evidence.gatewayNamespaces.value == nil)
        (evidence.gatewayDeployments, evidence.gatewayPods) = (.success([]), .success([]))
        (evidence.services, evidence.gateways) = (.success([]), .success([]))
        #expect(evidence.gatewayNamespaces.value == ["istio-system"])
        evidence.gatewayPods = .success([
            try GatewayTests.pod("g-1", namespace: "edge", labels: #""istio":"eastwestgateway""#, status: #"{"phase":"Running"}"#)
        ])
        func resource(_ namespace: String, selector: String, mode: String) throws -> GatewayResource {
            try decoded(
                #"{"metadata":{"name":"r","namespace":"\#(namespace)"},"spec":{"selector":\#(selector),"servers":[{"port":{"number":443},"hosts":["*"],"tls":{"mode":"\#(mode)"}}]}}"#
            )
        }
        evidence.gateways = .success([
            try resource("shop", selector: #"{"istio":"eastwestgateway"}"#, mode: "SIMPLE"),
            try resource("rules", selector: #"{"istio":"eastwestgateway"}"#, mode: "AUTO_PASSTHROUGH"),
            try resource("other", selector: #"{"istio":"ingressgateway"}"#, mode: "AUTO_PASSTHROUGH"),
        ])
        #expect(evidence.gatewayNamespaces.value == ["edge", "rules"])
    }
}
