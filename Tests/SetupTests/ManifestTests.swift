import Foundation
import Kubernetes
import Mesh
import Secrecy
import Testing
import Yams

@testable import Setup

@Suite struct ManifestTests {
    @Test func exposeIsTheGuides() throws {
        let guide = """
            apiVersion: networking.istio.io/v1alpha3
            kind: Gateway
            metadata:
              name: cross-network-gateway
              namespace: istio-system
            spec:
              selector:
                istio: eastwestgateway
              servers:
                - port:
                    number: 15443
                    name: tls
                    protocol: TLS
                  tls:
                    mode: AUTO_PASSTHROUGH
                  hosts:
                    - "*.local"
            """
        let wanted = try #require(try PositionedYAML.read(Data(guide.utf8), file: "expose-services.yaml")).json
        let made = ExposeManifest.gateway(version: "v1alpha3", hosts: ["*.local"], meshID: "proj-1")
        #expect(made["spec"] == wanted["spec"] && made["apiVersion"] == wanted["apiVersion"])
        #expect(made["metadata"]?["name"] == wanted["metadata"]?["name"])
        #expect(made["metadata"]?["namespace"] == wanted["metadata"]?["namespace"])
    }

    /// As `istioctl create-remote-secret --name cn-my-fleet-global-b` of 1.24.6 prints it (client-go's own writer).
    @Test func remoteKubeconfigIsIstioctls() {
        let source = RemoteSecretSource(
            cluster: "b", clusterID: "cn-my-fleet-global-b", server: "https://198.51.100.2:6443",
            serviceAccount: RemoteSecretManifest.serviceAccount)
        let text = RemoteSecretManifest.kubeconfig(source, authority: Data("CA".utf8), token: Secret("e30.e30.c2ln"))
        #expect(
            text.revealed == """
                apiVersion: v1
                clusters:
                - cluster:
                    certificate-authority-data: Q0E=
                    server: https://198.51.100.2:6443
                  name: cn-my-fleet-global-b
                contexts:
                - context:
                    cluster: cn-my-fleet-global-b
                    user: cn-my-fleet-global-b
                  name: cn-my-fleet-global-b
                current-context: cn-my-fleet-global-b
                kind: Config
                preferences: {}
                users:
                - name: cn-my-fleet-global-b
                  user:
                    token: e30.e30.c2ln

                """)
        #expect("\(text)" == "REDACTED")
        let secret = RemoteSecretManifest.secret(clusterID: source.clusterID, meshID: "proj-1")
        #expect(secret["metadata"]?["name"] == "istio-remote-secret-cn-my-fleet-global-b")
        #expect(secret["metadata"]?["labels"]?["istio/multiCluster"] == "true")
        #expect(secret["metadata"]?["annotations"]?["networking.istio.io/cluster"] == "cn-my-fleet-global-b")
        #expect(secret["data"] == nil && secret["stringData"] == nil)
    }

    @Test(arguments: ["123", "true", "No", "0x1"]) func aClusterIDThatYAMLWouldReadAsSomethingElse(id: String) throws {
        let source = RemoteSecretSource(cluster: "b", clusterID: id, server: "https://b", serviceAccount: "a")
        let text = RemoteSecretManifest.kubeconfig(source, authority: Data(), token: Secret("t")).revealed
        #expect(try YAMLDecoder().decode(JSONValue.self, from: text)["current-context"]?.string == id)
    }

    @Test(arguments: [
        ("cn-my-fleet-global-b", true), ("Kubernetes", false), ("", false), ("-a", false), ("a_b", false),
        (String(repeating: "a", count: 64), false),
    ]) func clusterIDs(id: String, isGood: Bool) {
        #expect((RemoteSecretManifest.fault(clusterID: id) == nil) == isGood)
    }

    @Test(
        arguments: [
            ("my-project-my-vpc", nil), ("", "empty"), ("example.com:proj-net", "\":\""),
            (String(repeating: "n", count: 64), "64"),
            ("-net", "begin"), ("netz-ü", "u{00FC}"),
        ] as [(String, String?)]) func labelValues(text: String, fault: String?)
    {
        let found = LabelValue.fault(text)
        #expect(fault.map { found?.contains($0) == true } ?? (found == nil), "\(found ?? "none")")
    }

    private func wish(
        _ change: (inout ClusterDeclaration) -> Void, _ platform: Platform?, _ mode: GatewayServiceWish.OnPremises? = nil
    )
        -> (wish: GatewayServiceWish, faults: [Finding])
    {
        var cluster = ClusterDeclaration(name: "a", kubeconfig: "a")
        change(&cluster)
        return GatewayServiceWish.make(cluster, platform: platform, onPremises: mode)
    }

    @Test func loadBalancersByPlatform() {
        #expect(wish({ _ in }, .gke).wish == GatewayServiceWish())
        let inside = wish({ $0.loadBalancer = .internal }, .gke)
        #expect(inside.faults.isEmpty)
        #expect(
            inside.wish.annotations == [
                "networking.gke.io/load-balancer-type": "Internal",
                "networking.gke.io/internal-load-balancer-allow-global-access": "true",
            ])
        #expect(wish({ $0.loadBalancer = .internal }, .kubernetes).faults.map(\.severity) == [.error])
        #expect(
            wish(
                {
                    $0.loadBalancer = .internal; $0.gateway.annotations = ["x/internal": "true"]
                }, nil
            ).faults.isEmpty)
        let named = wish({ $0.gateway.address = "my-address" }, .gke).wish
        #expect(named.annotations["networking.gke.io/load-balancer-ip-addresses"] == "my-address" && named.loadBalancerIP == nil)
        #expect(wish({ $0.gateway.address = "203.0.113.7" }, .gdcBareMetal).wish.loadBalancerIP == "203.0.113.7")
        #expect(wish({ $0.gateway.address = "my-address" }, .gdcBareMetal).faults.count == 1)
    }

    @Test func loadBalancersMadeByHand() {
        #expect(wish({ _ in }, .gdcVMware, .manual).faults.count == 2)
        #expect(wish({ _ in }, .gdcVMware, .told).faults.count == 1)
        #expect(wish({ _ in }, .gdcBareMetal, .automatic).faults.isEmpty)
        let made = wish(
            {
                $0.gateway.address = "10.0.0.9"
                $0.gateway.nodePorts = ["status-port": 30021, "tls": 30443]
            }, .gdcVMware, .manual)
        #expect(made.faults.isEmpty)
        let objects = GatewayManifests.objects(
            GatewayWish(meshID: "m", network: "n", revision: "", service: made.wish), GatewayAPIs(autoscaling: nil, policy: nil))
        let spec = objects.first { $0["kind"] == "Service" }?["spec"]
        #expect(spec?["loadBalancerIP"] == "10.0.0.9")
        #expect(spec?["ports"]?.array?.map { $0["nodePort"]?.integer } == [30021, 30443, nil, nil])
    }
}
