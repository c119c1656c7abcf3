internal import Foundation

/// The RBAC objects that a level of isthmus takes, as YAML for `kubectl apply -f -`.
package enum Roles {
    /// Who gets the roles.
    package enum Subject: Sendable, Equatable {
        case user(String)
        case group(String)
        case serviceAccount(namespace: String, name: String)
    }

    /// Roles and bindings for a level and all below it. Level mutate is not in this version: it gives what probing takes.
    package static func yaml(_ level: Level, for subjects: [Subject]) -> String {
        var text = Self.text("read", Permission.reading, subjects)
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
            text += Self.text(
                "probe",
                Permission.probing + [
                    Permission(
                        verb: "get", group: "", resource: "namespaces", namespace: ProbeObjects.namespace,
                        neededFor: "whether the namespace is there")
                ], subjects)
        }
        return text
    }

    private static func text(_ level: String, _ permissions: [Permission], _ subjects: [Subject]) -> String {
        let spaces = Dictionary(grouping: permissions, by: \.namespace)
        return spaces.keys.sorted().map { space in
            let kind = space.isEmpty ? "ClusterRole" : "Role"
            let metadata = "  name: isthmus-\(level)\n" + (space.isEmpty ? "" : "  namespace: \(space)\n")
            return """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: \(kind)
                metadata:
                \(metadata)rules:
                \(rules(spaces[space] ?? []))---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: \(kind)Binding
                metadata:
                \(metadata)roleRef:
                  apiGroup: rbac.authorization.k8s.io
                  kind: \(kind)
                  name: isthmus-\(level)
                subjects:
                \(subjects.map(\.yaml).joined())
                """
        }.joined()
    }

    /// One rule for each set of verbs on a group's resources.
    private static func rules(_ permissions: [Permission]) -> String {
        struct Target: Hashable {
            var group: String
            var resource: String
            var name: String
        }
        struct Key: Hashable {
            var group: String
            var verbs: [String]
            var name: String
        }
        let targets = Dictionary(grouping: permissions) { Target(group: $0.group, resource: $0.resource, name: $0.name) }
        let rules = Dictionary(grouping: targets.keys) { target in
            Key(group: target.group, verbs: Set((targets[target] ?? []).map(\.verb)).sorted(), name: target.name)
        }
        return rules.keys.sorted { ($0.group, $0.verbs.joined(), $0.name) < ($1.group, $1.verbs.joined(), $1.name) }.map { key in
            let resources = (rules[key] ?? []).map(\.resource).sorted()
            return "- apiGroups: [\(quoted([key.group]))]\n  resources: [\(quoted(resources))]\n"
                + (key.name.isEmpty ? "" : "  resourceNames: [\(quoted([key.name]))]\n") + "  verbs: [\(quoted(key.verbs))]\n"
        }.joined()
    }

    fileprivate static func quoted(_ words: [String]) -> String {
        words.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }.joined(separator: ", ")
    }
}

extension Roles.Subject {
    fileprivate var yaml: String {
        switch self {
        case .user(let name): "- apiGroup: rbac.authorization.k8s.io\n  kind: User\n  name: \(Roles.quoted([name]))\n"
        case .group(let name): "- apiGroup: rbac.authorization.k8s.io\n  kind: Group\n  name: \(Roles.quoted([name]))\n"
        case .serviceAccount(let namespace, let name):
            "- kind: ServiceAccount\n  namespace: \(Roles.quoted([namespace]))\n  name: \(Roles.quoted([name]))\n"
        }
    }
}
