internal import Kubernetes
internal import Secrecy

extension SetupFailure {
    /// What a server's refusal, or its silence, means for an act.
    init(_ error: KubernetesError, cluster: String, object: String) {
        let again = "then start again: isthmus setup apply goes on where it stopped"
        guard case .status(let status) = error.cause else {
            self.init(
                cluster: cluster, object: object, "the API server is not heard any more: \(error.cause)",
                remedy: "see that the server answers (isthmus preflight), \(again)")
            return
        }
        let refusal = Refusal(error)
        let conflicts = status.details.causes.filter { $0.reason == "FieldManagerConflict" }
        if error.isConflict, !conflicts.isEmpty {
            let fields = conflicts.map { "\(printable($0.field ?? "?")) (\(printable($0.message ?? "")))" }
            self.init(
                cluster: cluster, object: object, "others own fields that would change: \(fields.joined(separator: "; "))",
                remedy: "isthmus setup plan shows them; --take-over FIELD takes one over, and only that one")
            return
        }
        let remedy: String =
            switch status.code {
            case 401: "renew the credential, \(again)"
            case 403 where status.message.contains("being terminated"):
                "wait until the namespace is gone: kubectl get namespace istio-system -o yaml says what its finalizers wait for; \(again)"
            case 403: "give the credential what it lacks (isthmus rbac --setup prints it), \(again)"
            case 404: "see that the namespace istio-system and Istio's CustomResourceDefinitions are there, \(again)"
            case 409: "\(again.capitalizedFirst): it looks at the object anew"
            default: "mend that, \(again)"
            }
        self.init(cluster: cluster, object: object, refusal.words, remedy: remedy)
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
