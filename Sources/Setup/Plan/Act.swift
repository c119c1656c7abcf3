package import Kubernetes

/// One field that an act would change.
package struct FieldChange: Hashable, Codable, Sendable {
    /// As `.spec.ports[name=tls].port`.
    package var path: String
    /// `nil` where the field is not there.
    package var before: JSONValue?
    package var after: JSONValue?
    /// The field manager that would lose it; `""` where nobody does.
    package var owner: String

    package init(path: String, before: JSONValue?, after: JSONValue?, owner: String = "") {
        self.path = path
        self.before = before
        self.after = after
        self.owner = owner
    }
}

/// Where the data of a remote secret comes from. It is made while applying and never written down.
package struct RemoteSecretSource: Hashable, Codable, Sendable {
    /// The cluster whose API the secret opens, as declared.
    package var cluster: String
    /// The name by which that cluster's own istiod calls it.
    package var clusterID: String
    /// The API's address as the other clusters' pods are to use it.
    package var server: String
    /// The account in istio-system whose token the secret holds.
    package var serviceAccount: String

    package init(cluster: String, clusterID: String, server: String, serviceAccount: String) {
        self.cluster = cluster
        self.clusterID = clusterID
        self.server = server
        self.serviceAccount = serviceAccount
    }
}

/// What is to be done with one object.
package struct Act: Hashable, Codable, Sendable, Identifiable {
    package var step: SetupStep
    package var object: ObjectReference
    package var verb: Verb
    /// The apply configuration; a Secret's has no data.
    package var desired: JSONValue
    /// Of a remote secret only.
    package var secret: RemoteSecretSource?
    /// What would change, field by field; in a conflict those that others own.
    package var fields: [FieldChange]
    /// Of the object that was seen; `""` where there was none.
    package var uid: String
    package var resourceVersion: String
    /// Why it is left, refused or in conflict; `""` where there is nothing to say.
    package var reason: String

    package init(
        step: SetupStep, object: ObjectReference, verb: Verb, desired: JSONValue, secret: RemoteSecretSource? = nil,
        fields: [FieldChange] = [], uid: String = "", resourceVersion: String = "", reason: String = ""
    ) {
        self.step = step
        self.object = object
        self.verb = verb
        self.desired = desired
        self.secret = secret
        self.fields = fields
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.reason = reason
    }

    /// Whether a program of the user's does it: istioctl, or gcloud.
    var isForProgram: Bool { object.kind == "IstioOperator" || step == .register }

    /// `CLUSTER/STEP/KIND/NAMESPACE/NAME`; the same in every plan of the same mesh.
    package var id: String {
        [object.cluster, step.rawValue, object.kind, object.namespace, object.name].joined(separator: "/")
    }

    /// The step that an ``id`` names; `nil` where it names none.
    static func step(of id: String) -> SetupStep? {
        let words = id.split(separator: "/", omittingEmptySubsequences: false)
        return words.count > 1 ? SetupStep(rawValue: String(words[1])) : nil
    }
}
