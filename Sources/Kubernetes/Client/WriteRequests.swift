import Foundation
import HTTP

/// What must still hold of an object for it to be deleted.
package struct Preconditions: Sendable, Hashable, Encodable {
    package var uid: String?
    package var resourceVersion: String?

    package init(uid: String? = nil, resourceVersion: String? = nil) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}

/// What becomes of the objects that a deleted one owns.
package enum Propagation: String, Sendable, Encodable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
}

/// One question to the authorizer: may I?
package struct AccessQuestion: Sendable, Hashable, Encodable {
    package var verb: String
    package var group: String
    package var resource: String
    package var subresource: String?
    package var namespace: String?
    package var name: String?

    package init(
        _ verb: String, _ resource: String, group: String = "", subresource: String? = nil, namespace: String? = nil,
        name: String? = nil
    ) {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
    }
}

extension AccessQuestion {
    /// `resourceAttributes` of a review.
    fileprivate var attributes: JSONValue {
        var attributes: [String: JSONValue] = [
            "verb": .string(verb), "group": .string(group), "resource": .string(resource),
        ]
        if let subresource { attributes["subresource"] = .string(subresource) }
        if let namespace { attributes["namespace"] = .string(namespace) }
        if let name { attributes["name"] = .string(name) }
        return .object(attributes)
    }
}

/// The authorizer's answer.
package struct AccessAnswer: Sendable, Hashable {
    package let allowed: Bool
    /// Why, in the authorizer's words; often empty.
    package let reason: String
    /// What went wrong while it was evaluated; empty where nothing did. An answer with `allowed == false` is then no proof.
    package let evaluationError: String
}

extension KubernetesClient {
    /// Server-side apply: makes the fields of `object` what they say, as `manager`.
    ///
    /// - Parameters:
    ///   - force: also take over fields that another manager owns; without it that is a conflict (409).
    ///   - dryRun: the server does everything but store it.
    package func apply<T: Decodable & Sendable>(
        _ path: String, _ object: JSONValue, manager: String, force: Bool = false, dryRun: Bool = false, as type: T.Type
    ) async throws(KubernetesError) -> T {
        var query = [("fieldManager", manager), ("force", force ? "true" : "false")]
        if dryRun { query.append(("dryRun", "All")) }
        // JSON is YAML. The same fields a second time change nothing, so that it may be repeated.
        return try await send(
            Request(
                "PATCH", path, query: query, contentType: "application/apply-patch+yaml", body: try body(object, path),
                retries: .vouched), as: type)
    }

    /// Server-side apply as `apply`, and whether the object came into being by it.
    ///
    /// Not repeated after a lost answer: the second answer would call what the first request created an object that was there.
    package func applyAndTell<T: Decodable & Sendable>(
        _ path: String, _ object: JSONValue, manager: String, force: Bool = false, dryRun: Bool = false, as type: T.Type
    ) async throws(KubernetesError) -> (object: T, isNew: Bool) {
        var query = [("fieldManager", manager), ("force", force ? "true" : "false")]
        if dryRun { query.append(("dryRun", "All")) }
        let request = Request(
            "PATCH", path, query: query, contentType: "application/apply-patch+yaml", body: try body(object, path),
            retries: .never)
        let answer = try await send(request)
        return (try decode(type, answer, request), answer.status == 201)
    }

    /// Replaces an object as a whole. With a `metadata.resourceVersion` in it that is no longer the object's: `isConflict`.
    package func replace<T: Decodable & Sendable>(
        _ path: String, _ object: JSONValue, manager: String, as type: T.Type
    ) async throws(KubernetesError) -> T {
        try await send(
            Request(
                "PUT", path, query: [("fieldManager", manager)], contentType: "application/json", body: try body(object, path),
                retries: .never), as: type)
    }

    /// Creates an object.
    package func create<T: Decodable & Sendable>(
        _ path: String, _ object: JSONValue, manager: String, dryRun: Bool = false, as type: T.Type
    ) async throws(KubernetesError) -> T {
        var query = [("fieldManager", manager)]
        if dryRun { query.append(("dryRun", "All")) }
        return try await send(
            Request(
                "POST", path, query: query, contentType: "application/json", body: try body(object, path), retries: .never),
            as: type)
    }

    /// Changes an object by a JSON merge patch: members of `change` replace the object's, null removes them. An object that does
    /// not exist is the error `isNotFound`.
    package func merge<T: Decodable & Sendable>(
        _ path: String, _ change: JSONValue, manager: String, as type: T.Type
    ) async throws(KubernetesError) -> T {
        // The same change a second time changes nothing.
        return try await send(
            Request(
                "PATCH", path, query: [("fieldManager", manager)], contentType: "application/merge-patch+json",
                body: try body(change, path),
                retries: .vouched), as: type)
    }

    /// Deletes an object. Where it does not exist any more the error `isNotFound`; where a precondition fails, `isConflict`.
    package func delete(
        _ path: String, preconditions: Preconditions = Preconditions(), propagation: Propagation = .background,
        dryRun: Bool = false
    ) async throws(KubernetesError) {
        var options: [String: JSONValue] = [
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(propagation.rawValue),
        ]
        // In the body: where there is a body the server does not look at the query, and would really delete.
        if dryRun { options["dryRun"] = ["All"] }
        if preconditions != Preconditions() {
            var required: [String: JSONValue] = [:]
            if let uid = preconditions.uid { required["uid"] = .string(uid) }
            if let version = preconditions.resourceVersion { required["resourceVersion"] = .string(version) }
            options["preconditions"] = .object(required)
        }
        // Without a precondition a repeated deletion could meet a new object of the same name.
        _ = try await send(
            Request(
                "DELETE", path, contentType: "application/json",
                body: try body(.object(options), path), retries: preconditions.uid == nil ? .never : .whenSafe))
    }

    /// Asks whether the credential may do something.
    package func mayI(_ question: AccessQuestion) async throws(KubernetesError) -> AccessAnswer {
        try await review("SelfSubjectAccessReview", ["resourceAttributes": question.attributes])
    }

    /// Asks whether somebody else may do something: it takes the right to create `subjectaccessreviews`.
    ///
    /// - Parameters:
    ///   - user: as the API server calls it: `system:serviceaccount:NAMESPACE:NAME`.
    ///   - groups: those that the user's credential would put it into.
    package func may(_ user: String, groups: [String], _ question: AccessQuestion) async throws(KubernetesError) -> AccessAnswer {
        try await review(
            "SubjectAccessReview",
            [
                "user": .string(user), "groups": .array(groups.map(JSONValue.string)),
                "resourceAttributes": question.attributes,
            ])
    }

    private func review(_ kind: String, _ spec: JSONValue) async throws(KubernetesError) -> AccessAnswer {
        let path = "/apis/authorization.k8s.io/v1/\(kind.lowercased())s"
        let review: JSONValue = ["apiVersion": "authorization.k8s.io/v1", "kind": .string(kind), "spec": spec]
        // A review stores nothing, so that it may be repeated.
        let answer = try await send(
            Request("POST", path, contentType: "application/json", body: try body(review, path), retries: .vouched),
            as: Review.self)
        return AccessAnswer(
            allowed: answer.status.allowed && answer.status.denied != true, reason: answer.status.reason ?? "",
            evaluationError: answer.status.evaluationError ?? "")
    }

    private func body(_ object: JSONValue, _ path: String) throws(KubernetesError) -> Data {
        do {
            return try object.encoded()
        } catch {
            throw self.error(Request("POST", path), .undecodable(path: "", problem: "the object cannot be written as JSON"))
        }
    }
}

private struct Review: Decodable, Sendable {
    struct Status: Decodable, Sendable {
        let allowed: Bool
        let denied: Bool?
        let reason: String?
        let evaluationError: String?
    }
    let status: Status
}
