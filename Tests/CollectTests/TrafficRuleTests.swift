import Facts
import Mesh
import Testing

@testable import Collect

@Suite struct TrafficRuleTests {
    private func rules(_ spec: String, namespace: String = "sample") throws -> [FactRow] {
        let rule: DestinationRule = try decoded(#"{"metadata":{"name":"r","namespace":"\#(namespace)"},"spec":\#(spec)}"#)
        return Rows.destinationRules("a", [rule], roots: ["istio-system"])
    }

    // MARK: DestinationRules

    @Test(
        arguments: [
            ("*.local", RuleTarget.Reach.mesh, "", ""), ("*", .mesh, "", ""), ("*.svc.cluster.local", .mesh, "", ""),
            ("*.db.svc.cluster.local", .namespace, "db", ""), ("mysql.db.svc.cluster.local", .service, "db", "mysql"),
            ("mysql", .service, "sample", "mysql"),
            // Taken as it is: no Service is called so.
            ("mysql.db", .elsewhere, "", ""), ("*.googleapis.com", .elsewhere, "", ""), ("", .elsewhere, "", ""),
            ("a.b.c.svc.cluster.local", .elsewhere, "", ""), (".svc.cluster.local", .elsewhere, "", ""),
        ])
    func whatAHostMeans(host: String, reach: RuleTarget.Reach, namespace: String, name: String) {
        let target = RuleTarget(host: host, namespace: "sample")
        #expect(target.reach == reach && target.namespace == namespace && target.name == name)
    }

    @Test func everyPlaceThatSpeaksOfTLS() throws {
        let rows = try rules(
            """
            {"host":"mysql","trafficPolicy":{"tls":{"mode":"ISTIO_MUTUAL"},
              "portLevelSettings":[{"port":{"number":1},"tls":{}},{"port":{"number":2}}]},
             "subsets":[{"name":"v1","trafficPolicy":{"tls":{"mode":"SIMPLE"},"portLevelSettings":[{"port":{"number":3},"tls":{"mode":"MUTUAL"}}]}},
              {"name":"v2"}]}
            """)
        #expect(rows.map { $0["place"] } == ["", "port 1", "subset v1", "subset v1, port 3"])
        // tls without a mode switches it off.
        #expect(rows.map { $0["tls_mode"] } == ["ISTIO_MUTUAL", "DISABLE", "SIMPLE", "MUTUAL"])
        #expect(try rules(#"{"host":"mysql","trafficPolicy":{}}"#).isEmpty && rules("{}").isEmpty)
    }

    @Test(
        arguments: [
            ("istio-system", "*.local", "", "all"), ("istio-system", "*.local", #","exportTo":["."]"#, "namespace"),
            ("istio-system", "*.local", #","exportTo":["*"]"#, "all"), ("sample", "*.local", "", "namespace"),
            ("sample", "mysql", "", "all"), ("sample", "mysql.db.svc.cluster.local", "", "namespace"),
            ("sample", "mysql", #","workloadSelector":{"matchLabels":{"a":"b"}}"#, "workloads"),
        ])
    func whoseRequestsItIsFor(namespace: String, host: String, more: String, clients: String) throws {
        let row = try #require(
            rules(#"{"host":"\#(host)","trafficPolicy":{"tls":{"mode":"DISABLE"}}\#(more)}"#, namespace: namespace).first)
        #expect(row["clients"] == .text(clients))
    }

    // MARK: Locality

    private func localityRules(
        _ spec: String, namespace: String = "istio-system", mesh: LocalityBalancing = .failover
    ) throws -> [FactRow] {
        let rule: DestinationRule = try decoded(#"{"metadata":{"name":"r","namespace":"\#(namespace)"},"spec":\#(spec)}"#)
        return Rows.localityRules("a", [rule], roots: ["istio-system"], mesh: ("istio-system/istio", mesh))
    }

    @Test(
        arguments: [
            // Nothing of outliers; outliers; the same with locality balancing off, in the rule or in the mesh.
            ("{}", LocalityBalancing.failover, [String]()), (#"{"outlierDetection":{}}"#, .failover, ["near"]),
            (#"{"outlierDetection":{}}"#, .off, []),
            (#"{"outlierDetection":{},"loadBalancer":{"localityLbSetting":{"enabled":false}}}"#, .failover, []),
            // The rule's own setting counts in the place of the mesh's.
            (#"{"outlierDetection":{},"loadBalancer":{"localityLbSetting":{"failover":[{"from":"r"}]}}}"#, .off, ["near"]),
            (#"{"loadBalancer":{"localityLbSetting":{"enabled":true}}}"#, .failover, []),
            (#"{"loadBalancer":{"localityLbSetting":{"distribute":[{"from":"r/*","to":{"r/*":100}}]}}}"#, .off, ["shares"]),
            (#"{"loadBalancer":{"simple":"LEAST_REQUEST"}}"#, .off, []),
        ])
    func whatKeepsRequestsNear(policy: String, mesh: LocalityBalancing, effects: [String]) throws {
        let rows = try localityRules(#"{"host":"*.local","trafficPolicy":\#(policy)}"#, mesh: mesh)
        #expect(rows.map { $0["effect"].text } == effects)
        #expect(rows.allSatisfy { $0["rule"] == "DestinationRule istio-system/r" && $0["covers"] == "mesh" })
    }

    @Test func everyPlaceThatKeepsRequestsNear() throws {
        let rows = try localityRules(
            """
            {"host":"*.web.svc.cluster.local","trafficPolicy":{"portLevelSettings":[{"port":{"number":80},"outlierDetection":{}}]},
             "subsets":[{"name":"v1","trafficPolicy":{"outlierDetection":{"consecutive5xxErrors":1}}},{"name":"v2"}]}
            """, namespace: "web")
        #expect(rows.map { $0["place"] } == ["port 80", "subset v1"])
        #expect(rows.allSatisfy { $0["covers"] == "namespace" && $0["service_namespace"] == "web" })
        #expect(rows.allSatisfy { $0["clients_namespace"] == "" })
    }

    @Test func whomItIsForAndTheMeshItself() throws {
        let near = #""trafficPolicy":{"outlierDetection":{}}"#
        #expect(try localityRules("{\"host\":\"*.local\",\(near)}", namespace: "web").map { $0["clients_namespace"] } == ["web"])
        #expect(try localityRules(#"{"host":"*.local","workloadSelector":{},\#(near)}"#).isEmpty)
        let rows = try localityRules(#"{"host":"*.local","trafficPolicy":{}}"#, mesh: .distribute)
        #expect(rows.map { $0["rule"] } == ["DestinationRule istio-system/r", "ConfigMap istio-system/istio"])
        #expect(rows.map { $0["effect"] } == ["shares", "shares"] && rows.map { $0["covers"] } == ["mesh", "mesh"])
        #expect(Rows.localityRules("a", [], roots: [], mesh: nil).isEmpty)
    }

    @Test(arguments: [
        ("", LocalityBalancing.failover), ("localityLbSetting: {}", .failover), ("localityLbSetting: null", .failover),
        ("localityLbSetting: {enabled: false}", .off), ("localityLbSetting: {enabled: false, distribute: [{from: a}]}", .off),
        ("localityLbSetting: {distribute: [{from: a}]}", .distribute), ("localityLbSetting: {distribute: []}", .failover),
    ])
    func whatTheMeshSaysOfLocality(text: String, locality: LocalityBalancing) throws {
        let map: ConfigMap = try decoded(#"{"metadata":{"name":"istio","namespace":"istio-system"},"data":{"mesh":"\#(text)"}}"#)
        let mesh = MeshConfig(map)
        #expect(mesh.parseError.isEmpty && mesh.locality == locality)
    }

    // MARK: PeerAuthentications

    private func policy(
        _ name: String, _ namespace: String, _ spec: String, created: String = "2026-01-01T00:00:00Z"
    ) throws -> PeerAuthentication {
        try decoded(
            #"{"metadata":{"name":"\#(name)","namespace":"\#(namespace)","creationTimestamp":"\#(created)"},"spec":\#(spec)}"#)
    }

    private let off = #"{"mtls":{"mode":"DISABLE"}}"#
    private let own = #""selector":{"matchLabels":{"app":"hello"}}"#

    private func disabling(_ policies: PeerAuthentication..., ports: [Int] = [5000]) throws -> String? {
        let pod = try GatewayTests.pod("p", namespace: "sample", labels: #""app":"hello""#)
        return MutualTLSPolicies(policies, root: "istio-system").disabling(pod, ports: ports)?.metadata.name
    }

    @Test func theNarrowestPolicyThatSaysSomethingCounts() throws {
        let mesh = try policy("mesh", "istio-system", off)
        let strict = #"{"mtls":{"mode":"STRICT"}}"#
        #expect(try disabling() == nil)
        #expect(try disabling(mesh) == "mesh")
        #expect(try disabling(mesh, policy("n", "sample", strict)) == nil)
        #expect(try disabling(mesh, policy("n", "sample", #"{"mtls":{"mode":"UNSET"}}"#)) == "mesh")
        #expect(try disabling(mesh, policy("n", "sample", "{}")) == "mesh")
        #expect(try disabling(mesh, policy("w", "sample", #"{\#(own),"mtls":{"mode":"PERMISSIVE"}}"#)) == nil)
        #expect(
            try disabling(policy("w", "sample", #"{\#(own),"mtls":{"mode":"DISABLE"}}"#), policy("n", "sample", strict)) == "w")
        // Another workload's, another namespace's.
        #expect(
            try disabling(policy("w", "sample", #"{"selector":{"matchLabels":{"app":"x"}},"mtls":{"mode":"DISABLE"}}"#)) == nil)
        #expect(try disabling(policy("n", "other", off)) == nil)
    }

    @Test func ofSeveralTheOldestCounts() throws {
        let old = try policy("z", "istio-system", #"{"mtls":{"mode":"STRICT"}}"#, created: "2025-01-01T00:00:00Z")
        let new = try policy("a", "istio-system", off)
        #expect(try disabling(new, old) == nil)
        let rows = Rows.peerAuthentications("a", MutualTLSPolicies([new, old], root: "istio-system"))
        #expect(rows.map { $0["name"] } == ["z", "a"] && rows.map { $0["in_force"] } == [1, 0])
        #expect(rows.map { $0["reach"] } == ["mesh", "mesh"] && rows.map { $0["mode"] } == ["STRICT", "DISABLE"])
    }

    @Test func aPortsModeStandsBeforeItsWorkloads() throws {
        let ports = #""portLevelMtls":{"5000":{"mode":"DISABLE"},"5001":{"mode":"STRICT"}}"#
        let policy = try policy("w", "sample", #"{\#(own),"mtls":{"mode":"STRICT"},\#(ports)}"#)
        #expect(try disabling(policy) == "w")
        #expect(try disabling(policy, ports: [5001]) == nil && disabling(policy, ports: [5002]) == nil)
        let reverse = try self.policy("w", "sample", #"{\#(own),"mtls":{"mode":"DISABLE"},\#(ports)}"#)
        #expect(try disabling(reverse, ports: [5001]) == nil && disabling(reverse, ports: [5001, 5002]) == "w")
    }

    // MARK: AuthorizationPolicies

    @Test func howCallersAreTold() throws {
        let policy: AuthorizationPolicy = try decoded(
            """
            {"metadata":{"name":"p","namespace":"sample"},"spec":{"rules":[{"from":[
             {"source":{"principals":["old/ns/a/sa/b","cluster.local/ns/a/sa/b","*/ns/a/sa/b","*","new/*"],"notPrincipals":["gone/ns/x/sa/y"]}},
             {"source":{"namespaces":["a"]}}]},{}]}}
            """)
        let row = try #require(Rows.authorizationPolicies("a", [policy], roots: ["istio-system"]).first)
        #expect(row["trust_domains"] == #"["gone","new","old"]"#)
        #expect((row["action"], row["reach"], row["by_address"]) == ("ALLOW", "namespace", 0))
        let wide: AuthorizationPolicy = try decoded(
            #"{"metadata":{"name":"p","namespace":"istio-system"},"spec":{"action":"DENY","rules":[{"from":[{"source":{"notIpBlocks":["10.0.0.0/8"]}}]}]}}"#
        )
        let other = try #require(Rows.authorizationPolicies("a", [wide], roots: ["istio-system"]).first)
        #expect((other["action"], other["reach"], other["by_address"], other["trust_domains"]) == ("DENY", "mesh", 1, "[]"))
    }

    @Test func servicesThatAreLocalToTheirCluster() {
        func hosts(_ mesh: String) -> [String] {
            MeshConfig(ControlPlaneTests.configMap("istio", ["mesh": mesh])).clusterLocal
        }
        #expect(
            hosts(
                "serviceSettings: [{settings: {clusterLocal: true}, hosts: ['*.a', b]}, {settings: {clusterLocal: false}, hosts: [c]}, {hosts: [d]}]"
            )
                == ["*.a", "b"])
        #expect(hosts("trustDomain: x") == [])
    }

    @Test func toWhomServicesAreExported() {
        func namespaces(_ mesh: String) -> [String] {
            MeshConfig(ControlPlaneTests.configMap("istio", ["mesh": mesh])).defaultServiceExportTo
        }
        #expect(namespaces("defaultServiceExportTo: ['.', istio-system]") == [".", "istio-system"])
        #expect(namespaces("trustDomain: x") == [])
    }
}
