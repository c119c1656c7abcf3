import Kubernetes
import Testing

@testable import Setup

@Suite struct ObjectReferenceTests {
    @Test(arguments: [
        ("v1", "Namespace", "", "istio-system", "/api/v1/namespaces/istio-system"),
        ("v1", "ServiceAccount", "istio-system", "a", "/api/v1/namespaces/istio-system/serviceaccounts/a"),
        ("policy/v1", "PodDisruptionBudget", "n", "a", "/apis/policy/v1/namespaces/n/poddisruptionbudgets/a"),
        ("networking.istio.io/v1", "Gateway", "n", "a", "/apis/networking.istio.io/v1/namespaces/n/gateways/a"),
        ("networking.k8s.io/v1", "NetworkPolicy", "n", "a", "/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/a"),
    ])
    func path(apiVersion: String, kind: String, namespace: String, name: String, path: String) {
        let metadata: JSONValue =
            namespace.isEmpty ? ["name": .string(name)] : ["name": .string(name), "namespace": .string(namespace)]
        let object: JSONValue = ["apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": metadata]
        #expect(ObjectReference(cluster: "east", object).path == path)
    }
}
