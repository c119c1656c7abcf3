/// One thing that a role lets somebody do.
package struct RoleRight: Sendable, Hashable {
    package var verb: String
    package var group: String
    /// With a subresource after a slash: `pods/log`.
    package var resource: String
    /// For one object only; empty for all.
    package var name: String
    /// Empty for the whole cluster.
    package var namespace: String

    package init(_ verb: String, _ group: String, _ resource: String, name: String = "", namespace: String = "") {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.name = name
        self.namespace = namespace
    }
}

/// Who gets a role.
package enum RoleSubject: Sendable, Equatable {
    case user(String)
    case group(String)
    case serviceAccount(namespace: String, name: String)
}

/// Roles and their bindings as YAML for `kubectl apply -f -`.
package enum RoleText {
    /// A ClusterRole, and a Role for each namespace, each with its binding.
    ///
    /// - Parameter name: of all of them.
    package static func yaml(_ name: String, _ rights: [RoleRight], for subjects: [RoleSubject]) -> String {
        let spaces = Dictionary(grouping: rights, by: \.namespace)
        return spaces.keys.sorted().map { space in
            let kind = space.isEmpty ? "ClusterRole" : "Role"
            let metadata = "  name: \(name)\n" + (space.isEmpty ? "" : "  namespace: \(space)\n")
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
                  name: \(name)
                subjects:
                \(subjects.map(\.yaml).joined())
                """
        }.joined()
    }

    /// One rule for each set of verbs on a group's resources.
    private static func rules(_ rights: [RoleRight]) -> String {
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
        let targets = Dictionary(grouping: rights) { Target(group: $0.group, resource: $0.resource, name: $0.name) }
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

extension RoleSubject {
    fileprivate var yaml: String {
        switch self {
        case .user(let name): "- apiGroup: rbac.authorization.k8s.io\n  kind: User\n  name: \(RoleText.quoted([name]))\n"
        case .group(let name): "- apiGroup: rbac.authorization.k8s.io\n  kind: Group\n  name: \(RoleText.quoted([name]))\n"
        case .serviceAccount(let namespace, let name):
            "- kind: ServiceAccount\n  namespace: \(RoleText.quoted([namespace]))\n  name: \(RoleText.quoted([name]))\n"
        }
    }
}
