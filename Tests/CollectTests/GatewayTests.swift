import Facts
import Testing

@testable import Collect

@Suite struct GatewayTests {
    static let labels = #""istio":"eastwestgateway","app":"istio-eastwestgateway","topology.istio.io/network":"net-a""#

    static func deployment(status: String = #"{"availableReplicas":1}"#) throws -> Deployment {
        try decoded(
            """
            {"metadata":{"name":"istio-eastwestgateway","namespace":"istio-system","labels":{\(labels)}},
             "spec":{"replicas":1,"selector":{"matchLabels":{\(labels)}},
              "template":{"metadata":{"labels":{\(labels),"istio.io/rev":"asm-1246-9"}},
               "spec":{"containers":[{"name":"istio-proxy","image":"auto",
                "env":[{"name":"ISTIO_META_REQUESTED_NETWORK_VIEW","value":"net-a"}]}]}}},
             "status":\(status)}
            """)
    }

    static func pod(
        _ name: String = "gw-1", namespace: String = "istio-system", labels: String = Self.labels,
        image: String = "proxyv2:1.24.6",
        network: String = "net-a", status: String = #"{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#,
        place: String = "containers"
    ) throws -> Pod {
        let proxy = """
            {"name":"istio-proxy","image":"\(image)","env":[{"name":"ISTIO_META_NETWORK","value":"\(network)"},
             {"name":"ISTIO_META_CLUSTER_ID","value":"cn-a"},{"name":"ISTIO_META_MESH_ID","value":"proj-1"},
             {"name":"TRUST_DOMAIN","value":"f.svc.id.goog"},{"name":"POD_NAME","valueFrom":{"fieldRef":{}}}]}
            """
        let spec =
            place == "containers" ? #"{"containers":[\#(proxy)]}"# : #"{"containers":[],"initContainers":[\#(proxy)]}"#
        return try decoded(
            """
            {"metadata":{"name":"\(name)","namespace":"\(namespace)","labels":{\(labels)},"annotations":{"istio.io/rev":"asm-1246-9"}},
             "spec":\(spec),"status":\(status)}
            """)
    }

    static func service(
        _ name: String = "istio-eastwestgateway", namespace: String = "istio-system",
        labels: String = #""topology.istio.io/network":"net-a""#, annotations: String = "", spec: String? = nil,
        status: String = "{}"
    ) throws -> Service {
        let spec =
            spec
            ?? #"{"type":"LoadBalancer","selector":{"istio":"eastwestgateway"},"ports":[{"name":"tls","port":15443},{"port":15021}]}"#
        return try decoded(
            """
            {"metadata":{"name":"\(name)","namespace":"\(namespace)","labels":{\(labels)},"annotations":{\(annotations)}},
             "spec":\(spec),"status":\(status)}
            """)
    }

    @Test func deploymentWithPods() throws {
        let stranger = try decoded(
            Deployment.self,
            #"""
            {"metadata":{"name":"x","namespace":"istio-system"},
             "spec":{"selector":{},"template":{"spec":{"containers":[]}}}}
            """#)
        let gateway = GatewayWorkloads(
            deployments: [try Self.deployment(), try Self.deployment(), stranger],
            pods: [try Self.pod(), try Self.pod("gw-2", image: "auto", status: #"{"phase":"Pending"}"#)])
        let rows = Rows.gatewayDeployments("a", gateway)
        #expect(rows.count == 1)
        #expect((rows[0]["revision"], rows[0]["network_view"]) == ("asm-1246-9", "net-a"))
        #expect((rows[0]["wanted_replicas"], rows[0]["available_replicas"], rows[0]["pods_not_injected"]) == (1, 1, 1))
        #expect(rows[0]["waiting_reason"] == "")
    }

    @Test(arguments: [
        (
            #"{"phase":"Pending","containerStatuses":[{"name":"istio-proxy","state":{"waiting":{"reason":"ErrImagePull"}}}]}"#,
            "ErrImagePull"
        ),
        (
            #"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]}"#,
            "Unschedulable"
        ),
        (#"{"phase":"Running"}"#, "FailedCreate: failed calling webhook"),
    ])
    func whyAGatewayWaits(status: String, reason: String) throws {
        let failing = try Self.deployment(
            status: #"""
                {"conditions":[{"type":"ReplicaFailure","status":"True","reason":"FailedCreate","message":"failed calling webhook"}]}
                """#)
        let gateway = GatewayWorkloads(deployments: [failing], pods: [try Self.pod(status: status)])
        let row = try #require(Rows.gatewayDeployments("a", gateway).first)
        #expect(row["waiting_reason"] == .text(reason))
        #expect(row["available_replicas"] == 0)
    }

    @Test func servicesThatCountAndWhy() throws {
        let gateway = GatewayWorkloads(deployments: [try Self.deployment()], pods: [])
        let services = [
            try Self.service(
                status: #"{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"},{"hostname":"gw.example.com","ip":""}]}}"#),
            try Self.service(
                "labelled", namespace: "shop", spec: #"{"selector":{"istio":"eastwestgateway"},"externalIPs":["198.51.100.9"]}"#),
            try Self.service("forgotten", labels: "", spec: #"{"selector":{"istio":"eastwestgateway"}}"#),
            try Self.service("istiod", labels: "", spec: #"{"selector":{"app":"istiod"}}"#),
            try Self.service(),
        ]
        let rows = Rows.gatewayServices("a", services, gateway: gateway, events: nil)
        #expect(rows.map { $0["name"] } == ["forgotten", "istio-eastwestgateway", "labelled"])
        #expect(rows.map { $0["selects_gateway"] } == [1, 1, 0])
        #expect(rows.map { $0["network"] } == ["", "net-a", "net-a"])
        #expect(rows.map { $0["type"] } == ["ClusterIP", "LoadBalancer", "ClusterIP"])
        #expect(rows.map { $0["addresses"] } == ["[]", #"["203.0.113.1","gw.example.com"]"#, #"["198.51.100.9"]"#])
        #expect(rows.map { $0["has_gateway_port"] } == [0, 1, 0])
        #expect(rows[1]["ports"] == "[15443,15021]")
        #expect(rows[1]["pending_reason"] == .null)
        #expect(rows.map { $0["load_balancer_class"] } == ["none", "external", "none"])
    }

    @Test func anotherGatewayPort() throws {
        let service = try Self.service(
            labels: #""topology.istio.io/network":"n","networking.istio.io/gatewayPort":"443""#,
            spec: #"{"ports":[{"port":443}]}"#)
        let row = try #require(
            Rows.gatewayServices("a", [service], gateway: GatewayWorkloads(deployments: [], pods: []), events: []).first)
        #expect((row["gateway_port"], row["has_gateway_port"], row["selects_gateway"]) == (443, 1, 0))
    }

    @Test func gatewaysOfAnotherKind() throws {
        let nodes = try Self.service(
            annotations: #""traffic.istio.io/nodeSelector":"{\"ingress\":\"true\"}""#, spec: #"{"type":"NodePort"}"#)
        let other = try Self.service(
            "eastwest", labels: #""topology.istio.io/network":"n","gateway.networking.k8s.io/gateway-name":"eastwest""#)
        let rows = Rows.gatewayServices(
            "a", [nodes, other], gateway: GatewayWorkloads(deployments: [], pods: []), events: [])
        #expect(rows.map { $0["node_selector"] } == ["", #"{"ingress":"true"}"#])
        #expect(rows.map { $0["gateway_api"] } == ["eastwest", ""])
    }

    @Test(arguments: [
        ("", "[]", #"[{"ip":"203.0.113.1"}]"#, "external", true),
        ("", "[]", "[]", "external", true),
        ("", #"["198.51.100.0/24"]"#, "[]", "external", false),
        ("", #"["198.51.100.0/24","0.0.0.0/0"]"#, "[]", "external", true),
        ("", #"["::/0"]"#, "[]", "external", true),
        ("", "[]", #"[{"ip":"10.1.2.3"}]"#, "external", false),
        ("", "[]", #"[{"ip":"10.1.2.3"},{"hostname":"x.example.com"}]"#, "external", true),
        (#""networking.gke.io/load-balancer-type":"Internal""#, "[]", "[]", "internal", false),
        (#""cloud.google.com/load-balancer-type":"internal""#, "[]", "[]", "internal", false),
        (#""service.beta.kubernetes.io/aws-load-balancer-internal":"true""#, "[]", "[]", "internal", false),
        (#""service.beta.kubernetes.io/azure-load-balancer-internal":"false""#, "[]", "[]", "external", true),
        (#""service.beta.kubernetes.io/load-balancer-source-ranges":"10.0.0.0/8, 1.2.3.0/24""#, "[]", "[]", "external", false),
    ])
    func exposure(annotations: String, ranges: String, ingress: String, kind: String, isOpen: Bool) throws {
        let exposure = LoadBalancerExposure(
            try Self.service(
                annotations: annotations, spec: #"{"type":"LoadBalancer","loadBalancerSourceRanges":\#(ranges)}"#,
                status: #"{"loadBalancer":{"ingress":\#(ingress)}}"#))
        #expect((exposure.kind.rawValue, exposure.isOpenToWorld) == (kind, isOpen))
    }

    @Test func latestWarningOfTheRightService() throws {
        func event(_ reason: String, _ time: String, name: String = "istio-eastwestgateway", type: String = "Warning") throws
            -> Event
        {
            try decoded(
                """
                {"metadata":{"name":"e"},"involvedObject":{"kind":"Service","namespace":"istio-system","name":"\(name)"},
                 "reason":"\(reason)","message":"m","type":"\(type)","lastTimestamp":"\(time)"}
                """)
        }
        let events = [
            try event("SyncLoadBalancerFailed", "2026-01-02T00:00:00Z"), try event("Old", "2026-01-01T00:00:00Z"),
            try event("Other", "2026-01-03T00:00:00Z", name: "x"), try event("Normal", "2026-01-03T00:00:00Z", type: "Normal"),
        ]
        let gateway = GatewayWorkloads(deployments: [], pods: [])
        let row = try #require(Rows.gatewayServices("a", [try Self.service()], gateway: gateway, events: events).first)
        #expect(row["pending_reason"] == "SyncLoadBalancerFailed: m")
    }

    @Test func endpoints() throws {
        let slices = [
            """
            {"metadata":{"name":"s1","namespace":"istio-system","labels":{"kubernetes.io/service-name":"istio-eastwestgateway"}},
             "endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true}},{"addresses":["10.0.0.2"],"conditions":{"ready":false}},
              {"addresses":["10.0.0.3"]}]}
            """,
            #"{"metadata":{"name":"s2","namespace":"shop","labels":{"kubernetes.io/service-name":"istio-eastwestgateway"}},"endpoints":[{}]}"#,
            #"{"metadata":{"name":"s3","namespace":"istio-system","labels":{"kubernetes.io/service-name":"istio-eastwestgateway"}}}"#,
        ].map { try? decoded(EndpointSlice.self, $0) }.compactMap(\.self)
        #expect(slices.count == 3)
        let row = try #require(Rows.gatewayEndpoints("a", services: [try Self.service()], slices: slices).first)
        #expect((row["ready"], row["total"]) == (2, 3))
    }

    @Test func gatewayResources() throws {
        func resource(_ name: String, selector: String, servers: String) throws -> GatewayResource {
            try decoded(
                #"{"metadata":{"name":"\#(name)","namespace":"istio-system"},"spec":{"selector":\#(selector),"servers":\#(servers)}}"#
            )
        }
        let passthrough =
            #"{"port":{"number":15443,"name":"tls","protocol":"TLS"},"tls":{"mode":"AUTO_PASSTHROUGH"},"hosts":["*.local"]}"#
        let resources = [
            try resource("cross-network-gateway", selector: #"{"istio":"eastwestgateway"}"#, servers: "[\(passthrough)]"),
            try resource(
                "web", selector: #"{"istio":"ingressgateway"}"#, servers: #"[{"port":{"number":443}},{"port":{"number":15443}}]"#),
            try resource("all", selector: "null", servers: #"[{"port":{"number":9},"tls":{"mode":"AUTO_PASSTHROUGH"}}]"#),
            try decoded(GatewayResource.self, #"{"metadata":{"name":"empty"}}"#),
        ]
        let gateway = GatewayWorkloads(deployments: [try Self.deployment()], pods: [])
        let rows = Rows.gatewayResources("a", resources, gateway: gateway)
        #expect(rows.map { $0["name"] } == ["cross-network-gateway", "web", "all"])
        #expect(rows.map { $0["server"] } == [0, 1, 0])
        #expect(rows.map { $0["selects_gateway"] } == [1, 0, 1])
        #expect(rows.map { $0["covers_cluster_domain"] } == [1, 0, 0])
        #expect(rows[0]["selector"] == #"{"istio":"eastwestgateway"}"#)
        #expect(rows[0]["hosts"] == #"["*.local"]"#)
        #expect(Rows.gatewayResources("a", resources, gateway: nil)[0]["selects_gateway"] == .null)
        #expect(throws: DecodingError.self) { try resource("x", selector: "{}", servers: #"[{"port":{"number":"15443"}}]"#) }
    }

    @Test(arguments: [
        ("*.local", true), ("*", true), ("*.svc.cluster.local", true), ("*.cluster.local", true), ("*/*.local", true),
        ("*.sample.svc.cluster.local", false), ("sample/*.local", false), ("./*.local", false), ("", false), ("local", false),
    ])
    func coverage(host: String, covers: Bool) {
        #expect(Rows.coversClusterDomain(host) == covers)
    }

    @Test func proxiesByWhatTheyWereGiven() throws {
        let mtls = #""security.istio.io/tlsMode":"istio""#
        let gateways = [try Self.pod("gw-1"), try Self.pod("gw-2", image: "auto")]
        let workloads = [
            try Self.pod("w-2", namespace: "shop", labels: mtls, network: "net-a"),
            try Self.pod("w-1", namespace: "shop", labels: mtls, network: "net-a", place: "initContainers"),
            try Self.pod("w-3", namespace: "shop", labels: mtls, network: "net-b"),
            try Self.pod("w-4", namespace: "shop", labels: mtls, network: "net-c", status: #"{"phase":"Succeeded"}"#),
            try Self.pod("w-5", namespace: "shop", labels: mtls + #","istio.io/rev":"other""#, network: "net-a"),
            try Self.pod("gw-1"),
        ]
        let rows = Rows.meshProxies("a", gateways: gateways, workloads: workloads)
        #expect(rows.map { $0["example"] } == ["istio-system/gw-1", "shop/w-1", "shop/w-3", "shop/w-5"])
        #expect(rows.map { $0["role"] } == ["gateway", "workload", "workload", "workload"])
        #expect(rows.map { $0["pods"] } == [1, 2, 1, 1])
        #expect(rows.map { $0["revision"] } == ["asm-1246-9", "asm-1246-9", "asm-1246-9", "other"])
        #expect(rows[0]["trust_domain"] == "f.svc.id.goog")
    }

    @Test func aServiceToAskFor() throws {
        let mtls = #""app":"hello","security.istio.io/tlsMode":"istio""#
        let selecting = #"{"selector":{"app":"hello"},"ports":[{"port":53,"protocol":"UDP"},{"port":5000}]}"#
        let ready = [
            try Self.pod("p", namespace: "sample", labels: mtls), try Self.pod("q", namespace: "kube-system", labels: mtls),
        ]
        let services = [
            try Self.service("a", namespace: "kube-system", labels: "", spec: selecting),
            try Self.service("z", namespace: "sample", labels: "", spec: selecting),
            try Self.service(
                "b", namespace: "sample", labels: "",
                spec: #"{"clusterIP":"None","selector":{"app":"hello"},"ports":[{"port":1}]}"#),
            try Self.service(
                "c", namespace: "sample", labels: "", annotations: #""networking.istio.io/exportTo":".""#, spec: selecting),
            try Self.service("d", namespace: "sample", labels: "", spec: #"{"selector":{"app":"other"},"ports":[{"port":1}]}"#),
            try Self.service(
                "e", namespace: "sample", labels: "", spec: #"{"selector":{"app":"hello"},"ports":[{"port":1,"protocol":"UDP"}]}"#
            ),
            try Self.service("f", namespace: "shop", labels: "", spec: selecting),
        ]
        let chosen = ProbeService.candidates(services: services, pods: ready).first
        #expect(chosen?.serverName == "outbound_.5000_._.z.sample.svc.cluster.local")
        // The gateway knows nothing of a namespace that istiod leaves out.
        let known = ProbeService.candidates(services: services, pods: ready, ignored: ["sample"])
        #expect(known.map(\.namespace) == ["kube-system", "sample", "sample"])
        let web = try Self.service(
            "zz", namespace: "sample", labels: "",
            spec:
                #"{"selector":{"app":"hello"},"ports":[{"port":1,"name":"tcp-a"},{"port":8080,"name":"http-web"},{"port":2,"appProtocol":"HTTP"}]}"#
        )
        let first = ProbeService.candidates(services: services + [web], pods: ready).first
        #expect(first == ProbeService(namespace: "sample", name: "zz", port: 8080, isHTTP: true))
        let notReady = try Self.pod("p", namespace: "sample", labels: mtls, status: #"{"phase":"Running"}"#)
        let plain = try Self.pod("p", namespace: "sample", labels: #""app":"hello""#)
        #expect(ProbeService.candidates(services: services, pods: [notReady, plain]).isEmpty)
        #expect(ProbeService.candidates(services: [], pods: ready).isEmpty)
    }
}
