internal import Kubernetes
internal import Secrecy

/// What a server's refusal of a dry run means for the act.
struct Refusal: Sendable, Equatable {
    /// `refused` where the server would refuse the write, too; `unknown` where nothing was learnt.
    var verb: Verb
    /// For people: what was seen, and what it means.
    var words: String

    init(_ verb: Verb, _ words: String) {
        self.verb = verb
        self.words = words
    }

    init(_ error: KubernetesError) {
        guard case .status(let status) = error.cause else {
            self.init(.unknown, "the server was not heard: \(error.cause)")
            return
        }
        let text = status.message
        func has(_ words: String) -> Bool { text.contains(words) }
        let meaning: (Verb, String)? =
            switch status.code {
            case 401: (.unknown, "the credential was not accepted")
            case 403 where has("exceeded quota"): (.refused, "a ResourceQuota of the namespace leaves no room")
            case 403 where has("being terminated"), 409 where has("being terminated"):
                (.refused, "the namespace is being deleted; wait until it is gone, and see what its finalizers wait for")
            case _ where has("does not support dry run"):
                (.unknown, "a webhook cannot take part in a dry run, so that what would happen cannot be told beforehand")
            case _ where has("failed calling webhook"), _ where has("failed to call webhook"):
                (.refused, "an admission webhook does not answer, and the server takes nothing without it")
            case _ where has("denied the request"): (.refused, "an admission webhook forbids it")
            case 403 where has("violates PodSecurity"): (.refused, "the namespace's Pod Security level forbids it")
            case 403 where has("unable to validate against any pod security policy"):
                (.refused, "no PodSecurityPolicy permits it")
            case 403 where has("attempting to grant RBAC permissions"):
                (.refused, "a role may only be given by who has all of its rights, or the verb escalate")
            case 403: (.refused, "the credential is not allowed to do this")
            case 404: (.refused, "the server does not know the namespace, or this kind of object")
            case 409: (.refused, "the object was changed, or is being deleted, at this moment")
            case 415: (.refused, "the server does not know server-side apply (Kubernetes 1.16 and later do)")
            case 422 where has("field is immutable"):
                (.refused, "a field that can never change differs: the object has to be deleted and made anew")
            case 400, 422: (.refused, "the server finds the object not valid")
            default: nil
            }
        guard let meaning else {
            self.init(.unknown, "\(error.cause)")
            return
        }
        let words = printable(Redaction.text(text.isEmpty ? status.reason : text), limit: 600)
        self.init(meaning.0, "\(meaning.1) (HTTP \(status.code): \(words))")
    }
}
