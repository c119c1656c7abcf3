import Kubernetes
import Mesh
import Testing
import Yams

@testable import Setup

/// Every field of the gateway that istiod, its injector, Kubernetes' routing or Envoy read, as the guide's two other ways of making it
/// give it: `gen-eastwest-gateway.sh | istioctl install -f -` (ASM 1.24.6) and Istio's Helm chart `gateway` with `networkGateway`.
@Suite struct GatewayTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let kind: String
        let path: [String]
        /// `nil` where that way leaves the field out.
        let istioctl: String?
        let chart: String?
        /// Who reads it.
        let reader: String
        /// Where native follows neither, why.
        var native: String?

        var testDescription: String { "\(kind) \(path.joined(separator: "."))" }
    }

    private static let template = ["spec", "template"]
    private static let labels = template + ["metadata", "labels"]
    private static let pod = template + ["spec"]
    private static let proxy = pod + ["containers", "0"]

    static let rows = [
        Row(
            kind: "Deployment", path: labels + ["istio"], istioctl: "eastwestgateway", chart: "eastwestgateway",
            reader: "cross-network-gateway's selector"),
        Row(
            kind: "Deployment", path: labels + ["app"], istioctl: "istio-eastwestgateway", chart: "istio-eastwestgateway",
            reader: "the Service's selector, telemetry"),
        Row(
            kind: "Deployment", path: labels + ["topology.istio.io/network"], istioctl: "NET", chart: nil,
            reader: "istiod: the network of the endpoint"),
        Row(
            kind: "Deployment", path: labels + ["istio.io/rev"], istioctl: "asm-1246-9", chart: "asm-1246-9",
            reader: "the injector webhooks' selectors"),
        Row(
            kind: "Deployment", path: labels + ["sidecar.istio.io/inject"], istioctl: "true", chart: "true",
            reader: "the injector webhooks' selectors"),
        Row(
            kind: "Deployment", path: labels + ["service.istio.io/canonical-name"], istioctl: "istio-eastwestgateway",
            chart: nil, reader: "telemetry"),
        Row(
            kind: "Deployment", path: labels + ["service.istio.io/canonical-revision"], istioctl: "asm-1246-9", chart: nil,
            reader: "telemetry"),
        Row(
            kind: "Deployment", path: template + ["metadata", "annotations", "inject.istio.io/templates"], istioctl: "gateway",
            chart: "gateway", reader: "the injector"),
        Row(
            kind: "Deployment", path: proxy + ["name"], istioctl: "istio-proxy", chart: "istio-proxy",
            reader: "the injector: the container to fill in"),
        Row(kind: "Deployment", path: proxy + ["image"], istioctl: "auto", chart: "auto", reader: "the injector"),
        Row(
            kind: "Deployment", path: proxy + ["env", "ISTIO_META_REQUESTED_NETWORK_VIEW"], istioctl: "NET", chart: "NET",
            reader: "istiod: which endpoints the gateway serves"),
        Row(
            kind: "Deployment", path: proxy + ["env", "ISTIO_META_UNPRIVILEGED_POD"], istioctl: "true", chart: nil,
            reader: "istiod: Envoy binds no port below 1024"),
        Row(
            kind: "Deployment", path: pod + ["serviceAccountName"], istioctl: "istio-eastwestgateway-service-account",
            chart: "istio-eastwestgateway", reader: "istiod: the gateway's identity; any of istio-system is good"),
        Row(
            kind: "Deployment", path: ["spec", "selector", "matchLabels", "topology.istio.io/network"], istioctl: "NET",
            chart: nil,
            reader: "Kubernetes; immutable, so that the network could not change", native: ""),
        Row(kind: "Service", path: ["spec", "type"], istioctl: "LoadBalancer", chart: "LoadBalancer", reader: "the platform"),
        Row(
            kind: "Service", path: ["metadata", "labels", "topology.istio.io/network"], istioctl: "NET", chart: "NET",
            reader: "istiod: the way into the network"),
        Row(
            kind: "Service", path: ["spec", "selector", "istio"], istioctl: "eastwestgateway", chart: "eastwestgateway",
            reader: "Kubernetes"),
        Row(
            kind: "Service", path: ["spec", "selector", "app"], istioctl: "istio-eastwestgateway",
            chart: "istio-eastwestgateway", reader: "Kubernetes"),
        Row(
            kind: "Service", path: ["spec", "ports", "status-port", "port"], istioctl: "15021", chart: "15021",
            reader: "health checks"),
        Row(
            kind: "Service", path: ["spec", "ports", "status-port", "targetPort"], istioctl: "15021", chart: "15021",
            reader: "Kubernetes"),
        Row(kind: "Service", path: ["spec", "ports", "tls", "port"], istioctl: "15443", chart: "15443", reader: "peers"),
        Row(
            kind: "Service", path: ["spec", "ports", "tls", "targetPort"], istioctl: "15443", chart: "15443", reader: "Kubernetes"
        ),
        Row(kind: "Service", path: ["spec", "ports", "tls-istiod", "port"], istioctl: "15012", chart: "15012", reader: "VMs"),
        Row(kind: "Service", path: ["spec", "ports", "tls-webhook", "port"], istioctl: "15017", chart: "15017", reader: "VMs"),
        Row(
            kind: "Role", path: ["rules", "0", "resources", "0"], istioctl: "secrets", chart: "secrets",
            reader: "istiod, before it sends the gateway a certificate of a Secret"),
        Row(
            kind: "HorizontalPodAutoscaler", path: ["spec", "scaleTargetRef", "name"], istioctl: "istio-eastwestgateway",
            chart: "istio-eastwestgateway", reader: "Kubernetes"),
        Row(kind: "HorizontalPodAutoscaler", path: ["spec", "maxReplicas"], istioctl: "5", chart: "5", reader: "Kubernetes"),
        Row(kind: "HorizontalPodAutoscaler", path: ["spec", "minReplicas"], istioctl: "1", chart: "1", reader: "Kubernetes"),
    ]

    static let objects = GatewayManifests.objects(
        GatewayWish(meshID: "proj-1", network: "NET", revision: "asm-1246-9"), GatewayAPIs(autoscaling: "v2", policy: "v1"))

    @Test(arguments: rows) func asTheOthersMakeIt(row: Row) throws {
        let object = try #require(Self.objects.first { $0["kind"]?.string == row.kind })
        let value = Self.value(object, row.path[...])
        if let native = row.native {
            #expect((value ?? "") == native, "\(row.reader)")
        } else {
            #expect(value != nil && [row.istioctl, row.chart].contains(value), "\(row.reader)")
        }
    }

    /// Elements of lists by their name, or by their index.
    static func value(_ json: JSONValue, _ path: ArraySlice<String>) -> String? {
        guard let first = path.first else {
            return switch json {
            case .string(let text): text
            case .integer(let number): String(number)
            case .object(let members) where members["value"]?.string != nil: members["value"]?.string
            default: nil
            }
        }
        let next = json[first] ?? json.array?.first { $0["name"]?.string == first } ?? Int(first).flatMap { json[$0] }
        return next.flatMap { value($0, path.dropFirst()) }
    }

    /// The text for istioctl says the same as the native objects.
    @Test func operatorTextSaysTheSame() throws {
        let text = IstioOperatorText.text(network: "123", revision: "asm-1246-9")
        let spec = try #require((try Yams.load(yaml: text) as? [String: Any])?["spec"] as? [String: Any])
        #expect(spec["revision"] as? String == "asm-1246-9" && spec["profile"] as? String == "empty")
        let components = try #require(spec["components"] as? [String: Any])
        let gateway = try #require((components["ingressGateways"] as? [[String: Any]])?.first)
        #expect(gateway["name"] as? String == MeshConstants.eastWestGateway && gateway["enabled"] as? Bool == true)
        #expect(
            gateway["label"] as? [String: String]
                == ["istio": "eastwestgateway", "app": "istio-eastwestgateway", "topology.istio.io/network": "123"])
        let k8s = try #require(gateway["k8s"] as? [String: Any])
        #expect(k8s["env"] as? [[String: String]] == [["name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "123"]])
        let ports = try #require((k8s["service"] as? [String: Any])?["ports"] as? [[String: Any]])
        #expect(ports.map { $0["name"] as? String } == GatewayPort.all.map(\.name))
        #expect(ports.map { $0["port"] as? Int } == GatewayPort.all.map(\.number))
        #expect(ports.map { $0["targetPort"] as? Int } == GatewayPort.all.map(\.number))
        let values = try #require(spec["values"] as? [String: Any])
        #expect((values["global"] as? [String: String]) == ["network": "123"])
    }

    /// Without a network it must not be quoted, the script's text and this one differ only in the quotes.
    @Test func operatorTextIsTheScripts() {
        let script = """
            apiVersion: install.istio.io/v1alpha1
            kind: IstioOperator
            metadata:
              name: eastwest
            spec:
              revision: "asm-1246-9"
              profile: empty
              components:
                ingressGateways:
                  - name: istio-eastwestgateway
                    label:
                      istio: eastwestgateway
                      app: istio-eastwestgateway
                      topology.istio.io/network: NET
                    enabled: true
                    k8s:
                      env:
                        - name: ISTIO_META_REQUESTED_NETWORK_VIEW
                          value: NET
                      service:
                        ports:
                          - name: status-port
                            port: 15021
                            targetPort: 15021
                          - name: tls
                            port: 15443
                            targetPort: 15443
                          - name: tls-istiod
                            port: 15012
                            targetPort: 15012
                          - name: tls-webhook
                            port: 15017
                            targetPort: 15017
              values:
                gateways:
                  istio-ingressgateway:
                    injectionTemplate: gateway
                global:
                  network: NET

            """
        let text = IstioOperatorText.text(network: "NET", revision: "asm-1246-9")
        #expect(text.replacing("\"NET\"", with: "NET") == script)
    }

    @Test func versionsFollowTheServer() {
        func kinds(_ autoscaling: String?, _ policy: String?) -> [String] {
            GatewayManifests.objects(
                GatewayWish(meshID: "m", network: "n", revision: ""), GatewayAPIs(autoscaling: autoscaling, policy: policy)
            ).compactMap { $0["apiVersion"]?.string }.filter { $0.contains("autoscaling") || $0.contains("policy") }
        }
        #expect(kinds("v2beta2", "v1beta1") == ["autoscaling/v2beta2", "policy/v1beta1"])
        #expect(kinds(nil, nil) == [])
        let groups = APIGroups(versions: ["autoscaling": ["v1", "v2beta1", "v2beta2"], "policy": ["v1beta1"]])
        #expect(GatewayAPIs(groups) == GatewayAPIs(autoscaling: "v2beta2", policy: "v1beta1"))
    }

    @Test func theDefaultRevisionHasNoLabel() throws {
        let objects = GatewayManifests.objects(
            GatewayWish(meshID: "m", network: "n", revision: ""), GatewayAPIs(autoscaling: nil, policy: nil))
        let deployment = try #require(objects.first { $0["kind"] == "Deployment" })
        let labels = try #require(deployment["spec"]?["template"]?["metadata"]?["labels"]?.object)
        #expect(labels["istio.io/rev"] == nil && labels["service.istio.io/canonical-revision"] == "latest")
    }
}
