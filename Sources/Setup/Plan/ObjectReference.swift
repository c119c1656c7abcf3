package import Kubernetes

/// One object of one cluster.
package struct ObjectReference: Hashable, Codable, Sendable {
    package var cluster: String
    /// As in the object: `apps/v1`.
    package var apiVersion: String
    package var kind: String
    /// `""` where the kind stands outside of namespaces.
    package var namespace: String
    package var name: String

    package init(cluster: String, apiVersion: String, kind: String, namespace: String, name: String) {
        self.cluster = cluster
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// Reads it from an object.
    package init(cluster: String, _ object: JSONValue) {
        self.init(
            cluster: cluster, apiVersion: object["apiVersion"]?.string ?? "", kind: object["kind"]?.string ?? "",
            namespace: object["metadata"]?["namespace"]?.string ?? "", name: object["metadata"]?["name"]?.string ?? "")
    }

    /// The collection that the API's URLs name.
    package var resource: Resource {
        let parts = apiVersion.split(separator: "/", maxSplits: 1).map(String.init)
        return Resource(group: parts.count == 2 ? parts[0] : "", version: parts.last ?? "", Self.plural(kind))
    }

    /// The object's URL path.
    package var path: String {
        resource.path(namespace: namespace.isEmpty ? nil : namespace, name: name)
    }

    /// `Service istio-system/istio-eastwestgateway`; the namespace is left out where there is none.
    package var words: String { namespace.isEmpty ? "\(kind) \(name)" : "\(kind) \(namespace)/\(name)" }

    /// Right for every kind that Setup makes; a test holds it against a server's discovery.
    private static func plural(_ kind: String) -> String {
        let word = kind.lowercased()
        if word.hasSuffix("s") { return word + "es" }
        let endsInConsonantAndY = word.hasSuffix("y") && word.dropLast().last.map { !"aeiou".contains($0) } == true
        return endsInConsonantAndY ? word.dropLast() + "ies" : word + "s"
    }
}
