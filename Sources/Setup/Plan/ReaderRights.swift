internal import AtOnce
internal import Kubernetes
internal import Mesh

/// What the reader account of a cluster may see there, and what has to be made where that is not enough.
struct ReaderRights: Sendable {
    /// Role and binding of isthmus' own, where something is lacking or they are there already.
    var acts: [Act] = []
    var findings: [Finding] = []

    /// Asks the authorizer, for the account, whatever istiod will: so that it does not matter whose role gives it.
    static func look(_ dryRun: DryRun, meshID: String) async -> ReaderRights {
        var rights = ReaderRights()
        let missing: [AccessQuestion]
        do throws(KubernetesError) {
            missing = try await lacking(dryRun.client)
        } catch {
            rights.findings.append(
                Finding(
                    .unknown, cluster: dryRun.cluster,
                    "whether \(RemoteSecretManifest.serviceAccount) may see what the other clusters' istiods read was not told: "
                        + Refusal(error).words,
                    remedy: "isthmus rbac --setup prints what asking takes: create subjectaccessreviews.authorization.k8s.io"))
            return rights
        }
        let objects = ReaderRole.objects(meshID: meshID)
        // Where nothing is lacking isthmus' own role matters only as what an earlier run has made. Who may not look has made none.
        let own = ObjectReference(cluster: dryRun.cluster, objects[0]).path
        let isThere: Bool
        do throws(KubernetesError) {
            isThere = try await dryRun.client.findMetadata(own, as: JSONValue.self) != nil
        } catch {
            isThere = false
            if error.httpStatus != 403 {
                rights.findings.append(
                    Finding(
                        .unknown, cluster: dryRun.cluster,
                        "whether an earlier run made the role \(ReaderRole.name) was not told: \(Refusal(error).words)",
                        remedy: "look again"))
            }
        }
        guard !missing.isEmpty || isThere else { return rights }
        for object in objects { rights.acts.append(await dryRun.act(.discovery, object)) }
        for index in rights.acts.indices where rights.acts[index].verb.writes && rights.acts[index].object.kind == "ClusterRole" {
            rights.acts[index].reason = "the reader may not \(words(missing))"
            rights.findings.append(
                Finding(
                    .note, cluster: dryRun.cluster,
                    "the role \(ReaderRole.name), as Istio's own, lets the other clusters' istiods read the Secrets of every namespace "
                        + "here"))
        }
        return rights
    }

    private static func lacking(_ client: KubernetesClient) async throws(KubernetesError) -> [AccessQuestion] {
        // To get single objects is in every role that lets a resource be listed, and istiod does not.
        let questions = ReaderRole.resources.flatMap { group, names in
            names.flatMap { name in ["list", "watch"].map { AccessQuestion($0, name, group: group) } }
        }
        let account = "\(MeshConstants.systemNamespace):\(RemoteSecretManifest.serviceAccount)"
        let answers = await questions.atOnce(limit: 8) { question -> Result<Bool, KubernetesError> in
            do throws(KubernetesError) {
                let answer = try await client.may(
                    "system:serviceaccount:\(account)",
                    groups: [
                        "system:serviceaccounts", "system:serviceaccounts:\(MeshConstants.systemNamespace)",
                        "system:authenticated",
                    ], question)
                return .success(answer.allowed)
            } catch {
                return .failure(error)
            }
        }
        var missing: [AccessQuestion] = []
        for (question, answer) in zip(questions, answers) where try !answer.get() { missing.append(question) }
        return missing
    }

    /// `list pods, services and 3 more, watch nodes`, by verb.
    private static func words(_ missing: [AccessQuestion]) -> String {
        ["list", "watch"].compactMap { verb in
            let names = missing.filter { $0.verb == verb }.map { $0.group.isEmpty ? $0.resource : "\($0.resource).\($0.group)" }
            if names.isEmpty { return nil }
            return "\(verb) " + names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        }.joined(separator: ", ")
    }
}
