package import Kubernetes

/// The RBAC objects that a level of isthmus takes, as YAML for `kubectl apply -f -`.
package enum Roles {
    /// Roles and bindings for a level and all below it. Level mutate is not in this version: it gives what probing takes.
    package static func yaml(_ level: Level, for subjects: [RoleSubject]) -> String {
        var text = RoleText.yaml("isthmus-read", Permission.reading.map(\.right), for: subjects)
        if level >= .probe {
            text += """
                ---
                # Where pods probe. Made here, it stays; isthmus removes only a namespace that it made itself.
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: \(ProbeObjects.namespace)
                  labels:
                    \(ProbeObjects.managedBy.key): \(ProbeObjects.managedBy.value)
                    pod-security.kubernetes.io/enforce: restricted
                    istio-injection: disabled

                """
            // Whether the namespace is there.
            let namespace = RoleRight("get", "", "namespaces", namespace: ProbeObjects.namespace)
            text += RoleText.yaml("isthmus-probe", Permission.probing.map(\.right) + [namespace], for: subjects)
        }
        return text
    }
}

extension Permission {
    fileprivate var right: RoleRight { RoleRight(verb, group, resource, name: name, namespace: namespace) }
}
