package import Kubernetes

/// A cluster that is to be changed.
package struct SetupTarget: Sendable {
    /// As declared.
    package var name: String
    package var client: KubernetesClient
    /// For programs that isthmus runs: the kubeconfig's file and the context in it.
    package var kubeconfig: String
    package var context: String

    package init(name: String, client: KubernetesClient, kubeconfig: String, context: String) {
        self.name = name
        self.client = client
        self.kubeconfig = kubeconfig
        self.context = context
    }
}

/// What a run of apply or undo does, as it does it.
package enum SetupEvent: Sendable {
    /// Another run holds the cluster's Lease; it is watched to see whether that run lives.
    case waitingForRun(cluster: String, run: String)
    case step(cluster: String, SetupStep)
    case doing(cluster: String, Verb, ObjectReference)
    case did(cluster: String, Verb, ObjectReference)
    /// Something is waited for; `words` say what, and what Kubernetes says meanwhile.
    case waiting(cluster: String, words: String)
    case came(cluster: String, words: String)
    /// A line that a program wrote.
    case output(cluster: String, line: String)
    case failed(SetupFailure)
    /// For the whole mesh.
    case note(String)
}

/// What a step could not do in a cluster: which object, why, and the way forward.
package struct SetupFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// `""` for the whole mesh.
    package var cluster: String
    /// `""` where it is no object's.
    package var object: String
    package var problem: String
    package var remedy: String

    package init(cluster: String, object: String = "", _ problem: String, remedy: String = "") {
        self.cluster = cluster
        self.object = object
        self.problem = problem
        self.remedy = remedy
    }

    package var description: String {
        [cluster.isEmpty ? "" : "cluster \(cluster)", object, problem].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// Runs work to its end even where the task around it is cancelled: an act that has been begun is finished, and its end recorded.
func uninterrupted<Result: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () async throws(Failure) -> Result
) async throws(Failure) -> Result {
    let task = Task { () -> Swift.Result<Result, Failure> in
        do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
    }
    return try await task.value.get()
}
