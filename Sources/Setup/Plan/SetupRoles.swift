package import Kubernetes
internal import Mesh

/// The RBAC objects that `isthmus setup` takes beside those of level probe, at which it looks: for plan, apply and undo, whatever
/// they may have to do.
package enum SetupRoles {
    package static func yaml(for subjects: [RoleSubject]) -> String {
        RoleText.yaml("isthmus-setup", rights, for: subjects) + """
            # Only for clusters in which nobody gives \(RemoteSecretManifest.serviceAccount) its rights: setup makes a role for it, and a
            # role is given only by who has its rights. Elsewhere leave this out.

            """ + RoleText.yaml("isthmus-setup-reader", readerRights, for: subjects)
    }

    /// Apply is one patch, which also asks for create; undo puts back with update, and watches what it deletes go.
    private static let writing = ["get", "list", "watch", "create", "patch", "update", "delete"]

    static let rights: [RoleRight] = {
        let system = MeshConstants.systemNamespace, rbac = "rbac.authorization.k8s.io"
        func inSystem(_ group: String, _ resources: [String], _ verbs: [String]) -> [RoleRight] {
            resources.flatMap { resource in verbs.map { RoleRight($0, group, resource, namespace: system) } }
        }
        return ["get", "patch", "update"].map { RoleRight($0, "", "namespaces", name: system) }
            // What the cluster is: its uid.
            + [RoleRight("get", "", "namespaces", name: "kube-system")]
            // What the reader account may see.
            + [RoleRight("create", "authorization.k8s.io", "subjectaccessreviews")]
            // Trust domain aliases in the mesh configuration.
            + inSystem("", ["configmaps"], ["get", "patch", "update"])
            + inSystem("", ["secrets", "serviceaccounts", "services"], writing)
            + inSystem("apps", ["deployments"], writing)
            + inSystem(rbac, ["roles", "rolebindings"], writing)
            + inSystem("autoscaling", ["horizontalpodautoscalers"], writing)
            + inSystem("policy", ["poddisruptionbudgets"], writing)
            + inSystem("networking.istio.io", ["gateways"], writing)
            // The lock between two runs; a holder is watched to see whether it lives.
            + inSystem("coordination.k8s.io", ["leases"], ["get", "list", "watch", "create", "update", "delete"])
            // Made in a dry run only: the proof of injection.
            + inSystem("", ["pods"], ["create", "list", "watch"])
            + inSystem("", ["events"], ["list", "watch"])
            // What istiod's metrics say of its peers.
            + inSystem("", ["pods/proxy"], ["get"])
    }()

    static let readerRights: [RoleRight] = {
        let objects = ["clusterroles", "clusterrolebindings"].flatMap { resource in
            writing.map { RoleRight($0, "rbac.authorization.k8s.io", resource, name: ReaderRole.name) }
        }
        return objects
            + ReaderRole.resources.flatMap { group, names in
                names.flatMap { name in ReaderRole.verbs.map { RoleRight($0, group, name) } }
            }
    }()
}
