package import Kubernetes

/// The RBAC objects that a level of isthmus takes, as YAML for `kubectl apply -f -`.
package enum Roles {
    /// Roles and bindings for a level and all below it.
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
            text += RoleText.yaml("isthmus-probe", Permission.forwarding.map(\.right) + rights(in: .probe), for: subjects)
        }
        if level >= .mutate {
            text += """
                ---
                # Where test workloads run. Made here, it stays. What the injector adds to pods may need more than Pod Security restricted
                # lets; which revision's injector that is, the pods say.
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: \(WorkloadObjects.namespace)
                  labels:
                    \(ProbeObjects.managedBy.key): \(ProbeObjects.managedBy.value)
                    pod-security.kubernetes.io/enforce: privileged

                """
            text += RoleText.yaml("isthmus-mutate", rights(in: .workloads(revision: "")), for: subjects)
        }
        return text
    }

    /// What a run does there, and whether the namespace is there at all.
    private static func rights(in place: ProbePlace) -> [RoleRight] {
        place.permissions.map(\.right) + [RoleRight("get", "", "namespaces", namespace: place.name)]
    }
}

extension Permission {
    fileprivate var right: RoleRight { RoleRight(verb, group, resource, name: name, namespace: namespace) }
}
