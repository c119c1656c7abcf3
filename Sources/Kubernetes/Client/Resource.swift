import Secrecy

/// A kind of object as the API's URLs name it.
package struct Resource: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    /// Plural, lower case: `deployments`.
    package let name: String

    package init(group: String = "", version: String = "v1", _ name: String) {
        self.group = group
        self.version = version
        self.name = name
    }

    /// The URL path of the collection, or of one object, or of its subresource.
    ///
    /// - Parameter namespace: `nil` for objects outside of namespaces, and for a collection over all of them.
    package func path(namespace: String? = nil, name object: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(percentEncoded(group))/\(percentEncoded(version))"
        if let namespace { path += "/namespaces/\(percentEncoded(namespace))" }
        path += "/\(name)"
        if let object { path += "/\(percentEncoded(object))" }
        if let subresource { path += "/\(subresource)" }
        return path
    }
}

extension Resource {
    package static let namespaces = Resource("namespaces")
    package static let nodes = Resource("nodes")
    package static let pods = Resource("pods")
    package static let services = Resource("services")
    package static let configMaps = Resource("configmaps")
    package static let secrets = Resource("secrets")
    package static let serviceAccounts = Resource("serviceaccounts")
    package static let events = Resource("events")
    package static let endpoints = Resource("endpoints")
    package static let deployments = Resource(group: "apps", "deployments")
    package static let mutatingWebhookConfigurations = Resource(
        group: "admissionregistration.k8s.io", "mutatingwebhookconfigurations")
    package static let leases = Resource(group: "coordination.k8s.io", "leases")
}
