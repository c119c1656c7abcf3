internal import AtOnce
internal import Kubernetes
internal import Mesh

/// What the credential must be allowed to do for a plan's acts.
enum Permissions {
    /// The questions of one cluster's acts, by step, without repetition.
    static func needed(for acts: [Act], steps: [SetupStep]) -> [Permission] {
        let system = MeshConstants.systemNamespace
        var needed: [Permission] = []
        func need(
            _ step: SetupStep, _ verb: String, _ group: String, _ resource: String, _ namespace: String, name: String? = nil
        ) {
            let isAsked = needed.contains {
                $0.verb == verb && $0.group == group && $0.resource == resource && $0.namespace == namespace && $0.name == name
            }
            if isAsked { return }
            needed.append(
                Permission(step: step, verb: verb, group: group, resource: resource, namespace: namespace, name: name))
        }
        for act in acts where act.verb != .leave && !act.isForProgram {
            let resource = act.object.resource
            // Server-side apply of something new asks for both.
            for verb in ["get", "create", "patch"] where verb != "create" || act.uid.isEmpty {
                // Outside of namespaces a role need not be for more than this one.
                let name = act.object.namespace.isEmpty ? act.object.name : nil
                need(act.step, verb, resource.group, resource.name, act.object.namespace, name: name)
            }
            // The proof of injection.
            if act.object.kind == "Deployment" { need(act.step, "create", "", "pods", system) }
            // A role is given only by who has its rights.
            for right in rights(of: act.desired) { need(act.step, right.verb, right.group, right.resource, act.object.namespace) }
            if act.object.kind == "Secret" { need(act.step, "list", "", "secrets", system) }
        }
        if let step = acts.first(where: { $0.verb.writes })?.step {
            for verb in ["get", "create", "update", "delete"] { need(step, verb, "coordination.k8s.io", "leases", system) }
        }
        return needed
    }

    /// What a Role or ClusterRole gives; nothing for other kinds.
    private static func rights(of object: JSONValue) -> [(verb: String, group: String, resource: String)] {
        (object["rules"]?.array ?? []).flatMap { rule in
            func words(_ key: String) -> [String] { (rule[key]?.array ?? []).compactMap(\.string) }
            return words("apiGroups").flatMap { group in
                words("resources").flatMap { resource in words("verbs").map { ($0, group, resource) } }
            }
        }
    }

    /// Asks the authorizer, all at once.
    static func ask(_ client: KubernetesClient, _ permissions: [Permission]) async -> [Permission] {
        await permissions.atOnce(limit: 8) { permission in
            var answered = permission
            let question = AccessQuestion(
                permission.verb, permission.resource, group: permission.group,
                namespace: permission.namespace.isEmpty ? nil : permission.namespace, name: permission.name)
            do throws(KubernetesError) {
                let answer = try await client.mayI(question)
                answered.allowed = answer.allowed ? true : (answer.evaluationError.isEmpty ? false : nil)
                answered.reason = answer.evaluationError.isEmpty ? answer.reason : answer.evaluationError
            } catch {
                answered.reason = Refusal(error).words
            }
            return answered
        }
    }
}
