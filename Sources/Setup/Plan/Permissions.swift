internal import AtOnce
internal import Kubernetes
internal import Mesh

/// What the credential must be allowed to do for a plan's acts.
enum Permissions {
    /// The questions of one cluster's acts, by step, without repetition.
    static func needed(for acts: [Act], steps: [SetupStep]) -> [Permission] {
        let system = MeshConstants.systemNamespace
        var needed: [Permission] = []
        func need(_ step: SetupStep, _ verb: String, _ group: String, _ resource: String, _ namespace: String) {
            let isAsked = needed.contains {
                $0.verb == verb && $0.group == group && $0.resource == resource && $0.namespace == namespace
            }
            if isAsked { return }
            needed.append(Permission(step: step, verb: verb, group: group, resource: resource, namespace: namespace))
        }
        for act in acts where act.verb != .leave && act.object.kind != "IstioOperator" {
            let resource = act.object.resource
            // Server-side apply of something new asks for both.
            for verb in ["get", "create", "patch"] where verb != "create" || act.uid.isEmpty {
                need(act.step, verb, resource.group, resource.name, act.object.namespace)
            }
            // The proof of injection.
            if act.object.kind == "Deployment" { need(act.step, "create", "", "pods", system) }
            if act.object.kind == "Role" {
                // A role is given only by who has its rights.
                for verb in ["get", "list", "watch"] { need(act.step, verb, "", "secrets", system) }
            }
            if act.object.kind == "Secret" { need(act.step, "list", "", "secrets", system) }
        }
        if let step = acts.first(where: { $0.verb.writes })?.step {
            for verb in ["get", "create", "update", "delete"] { need(step, verb, "coordination.k8s.io", "leases", system) }
        }
        return needed
    }

    /// Asks the authorizer, all at once.
    static func ask(_ client: KubernetesClient, _ permissions: [Permission]) async -> [Permission] {
        await permissions.atOnce(limit: 8) { permission in
            var answered = permission
            let question = AccessQuestion(
                permission.verb, permission.resource, group: permission.group,
                namespace: permission.namespace.isEmpty ? nil : permission.namespace)
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
