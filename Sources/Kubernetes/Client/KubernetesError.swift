package import HTTP
import Secrecy

/// Why a request to an API server gave no result. Names the cluster and the URL; holds no secret.
package struct KubernetesError: Error, Sendable, Hashable {
    package enum Cause: Sendable, Hashable {
        /// The credential could not be had: no request was sent.
        case credential(KubeconfigError)
        /// No answer arrived.
        case transport(HTTPFailure)
        /// The API server said no, in its own words.
        case status(KubernetesStatus)
        /// Whatever answered does not talk as a Kubernetes API server: an HTML page, an empty body, plain text.
        case notKubernetes(status: Int, contentType: String, beginning: String)
        /// The answer is JSON, but not of the expected shape. `path` is where, such as `items[3].metadata.name`.
        case undecodable(path: String, problem: String)
    }

    /// The context's name for the cluster.
    package let cluster: String
    package let method: String
    /// Without query.
    package let url: String
    package let cause: Cause

    /// The HTTP status; `nil` where no answer arrived or the answer was good but unreadable.
    package var httpStatus: Int? {
        switch cause {
        case .status(let status): status.code
        case .notKubernetes(let status, _, _): status
        case .credential, .transport, .undecodable: nil
        }
    }

    package var isUnauthorized: Bool { httpStatus == 401 }
    package var isForbidden: Bool { httpStatus == 403 }
    package var isNotFound: Bool { httpStatus == 404 }
    package var isConflict: Bool { httpStatus == 409 }
    /// A watch or a list was continued from a version that the server no longer has.
    package var isGone: Bool { httpStatus == 410 }
}

/// What Kubernetes' `Status` object says.
package struct KubernetesStatus: Sendable, Hashable, Decodable {
    package var code: Int
    /// One word, such as `Forbidden`; empty where the server gives none.
    package var reason: String
    package var message: String
    package var details: Details

    package struct Details: Sendable, Hashable, Decodable {
        package var name = ""
        package var group = ""
        package var kind = ""
        package var retryAfterSeconds: Int?
        package var causes: [Cause] = []

        package struct Cause: Sendable, Hashable, Decodable {
            package var reason: String?
            package var message: String?
            package var field: String?
        }
    }
}

extension KubernetesStatus {
    private enum Keys: String, CodingKey { case kind, code, reason, message, details }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        guard try container.decodeIfPresent(String.self, forKey: .kind) == "Status" else {
            throw DecodingError.dataCorruptedError(forKey: .kind, in: container, debugDescription: "not a Status")
        }
        code = try container.decodeIfPresent(Int.self, forKey: .code) ?? 0
        reason = try container.decodeIfPresent(String.self, forKey: .reason) ?? ""
        message = try container.decodeIfPresent(String.self, forKey: .message) ?? ""
        details = try container.decodeIfPresent(Details.self, forKey: .details) ?? Details()
    }
}

extension KubernetesStatus.Details {
    private enum Keys: String, CodingKey { case name, group, kind, retryAfterSeconds, causes }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
        group = try container.decodeIfPresent(String.self, forKey: .group) ?? ""
        kind = try container.decodeIfPresent(String.self, forKey: .kind) ?? ""
        retryAfterSeconds = try container.decodeIfPresent(Int.self, forKey: .retryAfterSeconds)
        causes = try container.decodeIfPresent([Cause].self, forKey: .causes) ?? []
    }
}

extension KubernetesError: CustomStringConvertible {
    package var description: String { "cluster \(printable(cluster)): \(method) \(printable(url)): \(cause)" }
}

extension KubernetesError.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .credential(let error): return "no credential: \(error)"
        case .transport(let failure): return "\(failure)"
        case .status(let status): return status.sentence
        case .notKubernetes(let status, let contentType, let beginning):
            let type = contentType.isEmpty ? "no content type" : printable(contentType, limit: 80)
            let seen = beginning.isEmpty ? "an empty body" : "\"\(beginning)\""
            return "HTTP \(status)\(HTTPMeaning.words(status)), but not from a Kubernetes API (\(type), \(seen))"
        case .undecodable(let path, let problem):
            return "the answer cannot be read at \(path.isEmpty ? "its beginning" : path): \(problem)"
        }
    }
}

extension KubernetesStatus {
    fileprivate var sentence: String {
        let words = message.isEmpty ? reason : message
        let text = "HTTP \(code)\(HTTPMeaning.words(code))"
        return words.isEmpty ? text : "\(text): \(printable(Redaction.text(words), limit: 600))"
    }
}

/// What the statuses mean here that a reader is likely to meet.
private enum HTTPMeaning {
    static func words(_ status: Int) -> String {
        switch status {
        case 401: " (the credential was not accepted)"
        case 403: " (the credential is not allowed to do this)"
        case 404: " (not found)"
        case 409: " (conflict)"
        case 410: " (gone)"
        case 429: " (too many requests)"
        case 500: " (the server failed)"
        case 502, 503, 504: " (the server is not available)"
        default: ""
        }
    }
}
