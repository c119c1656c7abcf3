/// Why a request to one of Google's APIs gave no result. Holds no secret.
package struct GoogleFailure: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The caller lacks this IAM permission; empty where neither Google nor the caller named it.
        case permissionDenied(permission: String)
        /// The API is not enabled in the project (id or `projects/NUMBER`; empty where unknown).
        case serviceDisabled(service: String, project: String)
        /// The named thing does not exist.
        case notFound
        /// The token was refused.
        case unauthenticated
        /// The token lacks the OAuth scope that the API wants.
        case insufficientScopes
        /// A quota that does not come back within a minute.
        case quota
        case rateLimited
        /// Google's side failed.
        case unavailable
        /// A service perimeter is in the way, whatever the caller's permissions are.
        case vpcServiceControls
        /// A person's login needs to be told whose quota the requests use.
        case quotaProjectMissing
        /// The project that pays for or owns the request is deleted, or does not exist.
        case projectInvalid(project: String)
        /// No answer in time.
        case deadline
        /// No connection, or none that could be trusted.
        case unreachable
        /// The answer cannot be read; where in it.
        case malformed(at: String)
        /// No token could be had.
        case credential
        /// The task was cancelled: nothing is known.
        case cancelled
        /// Another status.
        case other(status: Int)
    }

    package let kind: Kind
    /// Google's words (or the network's), made safe to print and short.
    package let message: String
    package let method: String
    /// Without query.
    package let url: String
    /// A command or a sentence that says what to do; empty where there is nothing.
    package let mend: String

    package init(kind: Kind, message: String, method: String = "GET", url: String, mend: String = "") {
        self.kind = kind
        self.message = message
        self.method = method
        self.url = url
        self.mend = mend
    }
}

extension GoogleFailure: CustomStringConvertible {
    package var description: String { "\(method) \(url): \(message)" + (mend.isEmpty ? "" : ". Mend: \(mend)") }
}
