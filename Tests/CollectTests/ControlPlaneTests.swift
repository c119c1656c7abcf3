import Facts
import Testing

@testable import Collect

@Suite struct ControlPlaneTests {
    static func istiod(
        namespace: String = "istio-system", labels: String = #""app":"istiod","istio.io/rev":"asm-1246-9""#, env: String = "",
        image: String = "gcr.io/gke-release/asm/pilot:1.24.6-asm.9"
    ) throws -> Deployment {
        try decoded(
            """
            {"metadata":{"name":"istiod-asm-1246-9","namespace":"\(namespace)","labels":{\(labels)}},
             "spec":{"replicas":2,"selector":{"matchLabels":{"app":"istiod","istio.io/rev":"asm-1246-9"}},
              "template":{"metadata":{"labels":{"app":"istiod"}},
               "spec":{"containers":[{"name":"discovery","image":"\(image)","env":[\(env)]}]}}},
             "status":{"readyReplicas":1}}
            """)
    }

    static func configMap(_ name: String, _ data: [String: String]) -> ConfigMap {
        ConfigMap(metadata: ObjectMeta(name: name, namespace: "istio-system"), data: data)
    }

    private let pods = [
        """
        {"metadata":{"name":"a","namespace":"istio-system","labels":{"app":"istiod","istio.io/rev":"asm-1246-9"}},
         "spec":{"containers":[{"name":"discovery"}]},
         "status":{"containerStatuses":[{"name":"discovery","state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}}}]}}
        """,
        """
        {"metadata":{"name":"b","namespace":"istio-system","labels":{"app":"istiod","istio.io/rev":"asm-1246-9"}},
         "spec":{"containers":[{"name":"discovery"}]},
         "status":{"containerStatuses":[{"name":"discovery","state":{"running":{"startedAt":"2025-01-02T03:04:05Z"}}}]}}
        """,
        """
        {"metadata":{"name":"c","namespace":"istio-system","labels":{"app":"istiod","istio.io/rev":"other"}},
         "spec":{"containers":[{"name":"discovery"}]},
         "status":{"containerStatuses":[{"name":"discovery","state":{"running":{"startedAt":"2020-01-02T03:04:05Z"}}}]}}
        """,
        """
        {"metadata":{"name":"d","namespace":"istio-system","labels":{"app":"istiod","istio.io/rev":"asm-1246-9"}},
         "spec":{"containers":[{"name":"discovery"}]},
         "status":{"containerStatuses":[{"name":"discovery","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}
        """,
    ]

    @Test func istiod() throws {
        let env = #"{"name":"CLUSTER_ID","value":"cn-p-global-a"},{"name":"ISTIO_MULTIROOT_MESH","value":"true"}"#
        let row = try #require(
            Rows.istiod("a", [try Self.istiod(env: env)], pods: pods.map { try decoded(Pod.self, $0) }, settings: []).first)
        #expect(row["revision"] == "asm-1246-9")
        #expect(row["version"] == 1024)
        #expect(row["cluster_id"] == "cn-p-global-a")
        #expect(row["multi_root"] == 1)
        #expect((row["wanted_replicas"], row["ready_replicas"]) == (2, 1))
        #expect(row["started_at"] == .integer(Timestamp("2025-01-02T03:04:05Z")?.seconds ?? 0))
        #expect(row["bundled"] == 0)
        #expect(row["ca_kind"] == "istio-ca")
    }

    @Test func absentSettingsHaveIstiosDefaults() throws {
        let row = try #require(
            Rows.istiod(
                "a", [try Self.istiod(namespace: "gke-system", labels: #""app":"istiod""#, image: "pilot")], pods: nil,
                settings: nil
            ).first)
        #expect(row["revision"] == "")
        #expect(row["version"] == .null)
        #expect(row["cluster_id"] == "Kubernetes")
        #expect(row["started_at"] == .null)
        #expect(row["ca_kind"] == .null)
        #expect(row["bundled"] == 1)
    }

    @Test(arguments: [
        (#"{"name":"EXTERNAL_CA","value":"ISTIOD_RA_KUBERNETES_API"}"#, "", "", "external"),
        (#"{"name":"CA_PROVIDER","value":"GoogleCA"}"#, "", "", "mesh-ca"),
        ("", "defaultConfig: {proxyMetadata: {CA_PROVIDER: GoogleCA}}", "", "mesh-ca"),
        ("", "defaultConfig: {proxyMetadata: {CA_ADDR: 'meshca.googleapis.com:443'}}", "", "mesh-ca"),
        ("", "defaultConfig: {proxyMetadata: {CA_PROVIDER: GoogleCAS, CA_ADDR: projects/p/locations/l/caPools/c}}", "", "cas"),
        ("", "defaultConfig: {proxyMetadata: {CA_PROVIDER: GkeWorkloadCertificate}}", "", "gke-workload-certificates"),
        ("", "defaultConfig: {proxyMetadata: {CA_PROVIDER: Citadel}}", "", "istio-ca"),
        ("", "", #"{"global":{"caAddress":"meshca.googleapis.com:443"}}"#, "mesh-ca"),
        ("", "", #"{"global":{"caAddress":"istiod-asm-1246-9.istio-system.svc:15012"}}"#, "istio-ca"),
        ("", "", #"{"global":{"caAddress":"cert-manager-istio-csr.cert-manager.svc:443"}}"#, "external"),
        ("", "", #"{"global":{"caAddress":"ca.example.com:443"}}"#, "external"),
        ("", "{", "{", "istio-ca"),
    ])
    func whoSigns(env: String, mesh: String, values: String, kind: String) throws {
        let settings = [
            Self.configMap("istio-asm-1246-9", ["mesh": mesh]),
            Self.configMap("istio-sidecar-injector-asm-1246-9", ["values": values]),
        ]
        let row = try #require(Rows.istiod("a", [try Self.istiod(env: env)], pods: [], settings: settings).first)
        #expect(row["ca_kind"] == .text(kind))
    }

    @Test func settingsByRevision() {
        let rows = Rows.settings(
            "a",
            [
                Self.configMap("istio", ["mesh": "", "meshNetworks": "networks: {}"]),
                Self.configMap(
                    "istio-asm-1246-9",
                    [
                        "mesh": """
                        trustDomain: f.svc.id.goog
                        trustDomainAliases: [a.svc.id.goog]
                        enableAutoMtls: false
                        rootNamespace: mesh-root
                        defaultConfig:
                          meshId: proj-1
                          proxyMetadata: {GCP_METADATA: 'f|1|c|l'}
                        """,
                        "meshNetworks": """
                        networks:
                          net-b: null
                          net-a:
                            endpoints:
                            - fromRegistry: cn-a
                            - fromCidr: 10.0.0.0/8
                            - fromRegistry: cn-b
                            gateways:
                            - {address: 203.0.113.1, port: 15443}
                            - {registryServiceName: gateway.istio-system.svc.cluster.local, port: 15443}
                            - {port: 15443}
                        """,
                    ]),
                Self.configMap("istio-ca-root-cert", ["root-cert.pem": "x"]),
                Self.configMap("istio-leader", [:]),
                Self.configMap("istio-sidecar-injector", ["values": #"{"global":{"network":null}}"#]),
                Self.configMap(
                    "istio-sidecar-injector-asm-1246-9",
                    [
                        "values":
                            #"{"global":{"network":"net-a","meshID":"proj-1","multiCluster":{"clusterName":"cn-a"},"caName":"x"}}"#
                    ]),
            ])
        let tables = ["mesh_config", "mesh_config", "mesh_network", "mesh_network", "injector_values", "injector_values"]
        #expect(rows.map(\.table) == tables)
        #expect(rows[0]["revision"] == "")
        #expect(rows[0]["trust_domain"] == "cluster.local")
        #expect((rows[0]["auto_mtls"], rows[0]["mesh_networks"]) == (1, 0))
        #expect(rows[0]["root_namespace"] == "istio-system")
        #expect(rows[1]["revision"] == "asm-1246-9")
        #expect(rows[1]["trust_domain"] == "f.svc.id.goog")
        #expect(rows[1]["trust_domain_aliases"] == #"["a.svc.id.goog"]"#)
        #expect((rows[1]["auto_mtls"], rows[1]["mesh_networks"]) == (0, 1))
        #expect((rows[1]["mesh_id"], rows[1]["root_namespace"]) == ("proj-1", "mesh-root"))
        #expect((rows[2]["revision"], rows[2]["network"]) == ("asm-1246-9", "net-a"))
        #expect((rows[2]["registries"], rows[2]["ranges"]) == (#"["cn-a","cn-b"]"#, #"["10.0.0.0/8"]"#))
        #expect((rows[2]["addresses"], rows[2]["empty_gateways"]) == (#"["203.0.113.1"]"#, 1))
        #expect(rows[2]["services"] == #"["gateway.istio-system.svc.cluster.local"]"#)
        #expect((rows[3]["network"], rows[3]["registries"], rows[3]["empty_gateways"]) == ("net-b", "[]", 0))
        #expect((rows[4]["network"], rows[4]["parse_error"]) == ("", ""))
        #expect((rows[5]["network"], rows[5]["cluster_name"], rows[5]["mesh_id"]) == ("net-a", "cn-a", "proj-1"))
    }

    @Test(arguments: [
        ("trustDomain: [a]", "trustDomain must be a text"), ("a: [", "is not YAML"), ("- a", "must be a mapping"),
        ("enableAutoMtls: maybe", "enableAutoMtls must be true or false"),
        ("defaultConfig: 3", "defaultConfig must be a mapping"),
        ("trustDomain: a\ntrustDomain: b", "twice"),
        ("discoverySelectors:\n- matchExpressions:\n  - operator: In", "\"key\" is missing"),
    ])
    func unreadableMeshConfiguration(text: String, problem: String) throws {
        let row = try #require(Rows.settings("a", [Self.configMap("istio", ["mesh": text])]).first)
        #expect(row["parse_error"].text?.contains(problem) == true)
        #expect(row["trust_domain"] == "")
    }

    @Test(arguments: [
        ("networks: [", "is not YAML"), ("networks: [a]", "networks must be a mapping"),
        ("networks: {a: {endpoints: {}}}", "endpoints must be a list"),
        ("networks: {a: {gateways: [{address: []}]}}", "address must be a text"),
    ])
    func unreadableMeshNetworks(text: String, problem: String) {
        let rows = Rows.settings("a", [Self.configMap("istio", ["mesh": "trustDomain: f", "meshNetworks": text])])
        #expect(rows.map(\.table) == ["mesh_config"])
        #expect(rows[0]["parse_error"].text?.contains(problem) == true, "\(rows[0]["parse_error"])")
        #expect(rows[0]["mesh_networks"] == 0)
    }

    @Test(arguments: [
        ("{", "it is not JSON"), ("[]", "the document is not"), (#"{"global":{"network":5}}"#, "global.network is not a text"),
        (#"{"global":{"multiCluster":{"clusterName":[]}}}"#, "global.multiCluster.clusterName is not a text"),
    ])
    func unreadableInjectorValues(text: String, problem: String) throws {
        let row = try #require(Rows.settings("a", [Self.configMap("istio-sidecar-injector", ["values": text])]).first)
        #expect(row["parse_error"].text?.contains(problem) == true, "\(row["parse_error"])")
        #expect(try #require(Rows.settings("a", [Self.configMap("istio-sidecar-injector", [:])]).first)["parse_error"] != "")
    }

    @Test func webhooksOfInjectorsOnly() throws {
        let configurations = [
            """
            {"metadata":{"name":"istio-sidecar-injector-asm-1246-9","labels":{"app":"sidecar-injector","istio.io/rev":"asm-1246-9"}},
             "webhooks":[{"name":"rev.namespace.sidecar-injector.istio.io",
              "clientConfig":{"service":{"namespace":"istio-system","name":"istiod-asm-1246-9","path":"/inject"},"caBundle":""}}]}
            """,
            """
            {"metadata":{"name":"istiod-asm-managed","labels":{"istio.io/tag":"t"}},
             "webhooks":[{"name":"rev.namespace.sidecar-injector.istio.io",
              "clientConfig":{"url":"https://meshconfig.googleapis.com/inject?token=s","caBundle":"!!!"}}]}
            """,
            #"{"metadata":{"name":"other"},"webhooks":[{"name":"a.example.com","clientConfig":{"url":"https://x"}}]}"#,
            #"{"metadata":{"name":"empty"}}"#,
        ].map { try? decoded(WebhookConfiguration.self, $0) }.compactMap(\.self)
        #expect(configurations.count == 4)
        let rows = Rows.webhooks("a", configurations, roots: ["aa"])
        #expect(rows.count == 2)
        #expect((rows[0]["service"], rows[0]["url"], rows[0]["ca_certificates"]) == ("istio-system/istiod-asm-1246-9", "", 0))
        #expect(rows[0]["ca_bundle_trusts_root"] == 0)
        #expect((rows[1]["service"], rows[1]["url"]) == ("", "https://meshconfig.googleapis.com/inject"))
        #expect(rows[1]["tag"] == "t")
        #expect(Rows.webhooks("a", configurations, roots: nil)[0]["ca_bundle_trusts_root"] == .null)

        let managed = Rows.managedControlPlane(
            "a", revisions: [ObjectMeta(name: "asm-managed", namespace: "istio-system")], webhooks: configurations,
            configMaps: [Self.configMap("asm-options", ["multicluster_mode": "connected"]), Self.configMap("x", [:])])
        #expect(
            managed.map { $0["evidence"] } == [
                "ControlPlaneRevision istio-system/asm-managed", "MutatingWebhookConfiguration istiod-asm-managed calls a URL",
                "ConfigMap istio-system/asm-options has multicluster_mode connected",
            ])
    }

    @Test(
        arguments: [
            ("asm-1", [], "asm-1", "declared"), ("default", ["default"], "default", "declared"),
            ("default", [""], "", "declared"),
            ("", ["asm-1", "asm-1"], "asm-1", "only-one"), ("", [""], "", "only-one"), ("", [], nil, "none"),
            ("", ["a", "b"], nil, "several"),
        ] as [(String, [String], String?, String)])
    func wantedRevision(declared: String, present: [String], revision: String?, choice: String) throws {
        let wanted = try WantedRevision.choose(declared: declared, present: .success(present)).get()
        #expect((wanted.revision, wanted.choice.rawValue) == (revision, choice))
    }

    @Test func wantedRevisionWithoutEvidence() {
        #expect(WantedRevision.choose(declared: "asm-1", present: .failure(NoAnswer("denied"))).value?.revision == "asm-1")
        #expect(WantedRevision.choose(declared: "", present: .failure(NoAnswer("denied"))).value == nil)
    }
}
