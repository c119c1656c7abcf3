import Foundation
import HTTP
import Kubernetes
import Peers
import Testing

@testable import Setup

/// A real API server for a suite of Setup's tests.
final class SetupWorld: Sendable {
    let server: KubeAPIServer
    let http = HTTPClient(userAgent: "isthmus-test/1")
    let admin: KubernetesClient

    init() async throws {
        server = try await KubeAPIServer(isAudited: true)
        admin = try server.client(http: http)
        try await server.waitUntilReady(admin)
        try await make(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "istio-system"]])
    }

    /// Creates an object as somebody else's tool would.
    @discardableResult
    func make(_ object: JSONValue, manager: String = "test") async throws -> JSONValue {
        let reference = ObjectReference(cluster: "a", object)
        let path = reference.resource.path(namespace: reference.namespace.isEmpty ? nil : reference.namespace)
        return try await admin.create(path, object, manager: manager, as: JSONValue.self)
    }

    /// Istio's kind Gateway.
    func defineGateways() async throws { try await define("gateways", "Gateway", "networking.istio.io", "v1alpha3") }

    /// Makes the API server know a kind, if it does not, and waits until it does; with a schema that keeps everything.
    func define(
        _ plural: String, _ kind: String, _ group: String, _ version: String, scope: String = "Namespaced"
    ) async throws {
        let any: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        let schema: JSONValue = ["openAPIV3Schema": ["type": "object", "properties": ["spec": any]]]
        let names: JSONValue = [
            "kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased()),
            "listKind": .string("\(kind)List"),
        ]
        let name = "\(plural).\(group)"
        if try await object("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\(name)") == nil {
            try await make([
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": .string(name)],
                "spec": [
                    "group": .string(group), "scope": .string(scope), "names": names,
                    "versions": [["name": .string(version), "served": true, "storage": true, "schema": schema]],
                ],
            ])
        }
        let end = ContinuousClock.now + .seconds(30)
        while (try? await object("/apis/\(group)/\(version)/\(plural)")) ?? nil == nil, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The rights that istiod's own chart gives the reader account.
    func makeIstiosReaderRole() async throws {
        let api = "rbac.authorization.k8s.io", name: JSONValue = "istio-reader-clusterrole-r-istio-system"
        try await make([
            "apiVersion": .string("\(api)/v1"), "kind": "ClusterRole", "metadata": ["name": name],
            "rules": [
                [
                    "apiGroups": ["", "discovery.k8s.io", "apps", "gateway.networking.k8s.io", "apiextensions.k8s.io"],
                    "resources": [
                        "pods", "services", "endpoints", "nodes", "namespaces", "secrets", "endpointslices", "replicasets",
                        "gateways", "customresourcedefinitions",
                    ], "verbs": ["get", "list", "watch"],
                ]
            ],
        ])
        try await make([
            "apiVersion": .string("\(api)/v1"), "kind": "ClusterRoleBinding", "metadata": ["name": name],
            "roleRef": ["apiGroup": .string(api), "kind": "ClusterRole", "name": name],
            "subjects": [
                ["kind": "ServiceAccount", "name": "istio-reader-service-account", "namespace": "istio-system"]
            ],
        ])
    }

    func object(_ path: String) async throws -> JSONValue? { try await admin.find(path, as: JSONValue.self) }

    func remove(_ path: String) async throws {
        _ = try? await admin.send(.init("DELETE", path, query: [("gracePeriodSeconds", "0")]))
    }

    @TaskLocal static var current: SetupWorld?
}

struct SetupWorldTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        try await SetupWorld.$current.withValue(try await SetupWorld()) { try await function() }
    }
}

extension Trait where Self == SetupWorldTrait {
    /// Starts one API server for a suite and ends it afterwards.
    static var setupWorld: Self { SetupWorldTrait() }
}
