package import Judge

/// One verdict that a step waits for.
package struct Gate: Hashable, Codable, Sendable {
    package var step: SetupStep
    package var check: String
    package var subject: String
    package var status: Status
    package var message: String
    /// An act of this plan is to make it good: it is looked at again before the step, and does not speak against the plan now.
    package var later: Bool

    package init(step: SetupStep, check: String, subject: String, status: Status, message: String, later: Bool = false) {
        self.step = step
        self.check = check
        self.subject = subject
        self.status = status
        self.message = message
        self.later = later
    }
}

/// One thing that the credential must be allowed to do.
package struct Permission: Hashable, Codable, Sendable {
    package var step: SetupStep
    package var verb: String
    package var group: String
    package var resource: String
    /// `""` for the whole cluster.
    package var namespace: String
    /// For this object only; `nil` for all.
    package var name: String?
    /// `nil` where the authorizer did not say.
    package var allowed: Bool?
    /// In the authorizer's words; often empty.
    package var reason: String

    package init(
        step: SetupStep, verb: String, group: String, resource: String, namespace: String, name: String? = nil,
        allowed: Bool? = nil, reason: String = ""
    ) {
        self.step = step
        self.verb = verb
        self.group = group
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.allowed = allowed
        self.reason = reason
    }
}

/// What must have come true after a step's acts, before the next step begins.
package struct Wait: Hashable, Codable, Sendable {
    package enum Condition: String, Codable, Sendable {
        /// The Deployment's pods are ready.
        case podsReady
        /// The Service has an address.
        case addressAssigned
        /// The TLS port at that address answers from here.
        case portAnswers
        /// The token controller has filled the Secret.
        case tokenIssued
        /// istiod reports every peer synced, where it can be asked.
        case peersSynced
    }

    package var step: SetupStep
    package var object: ObjectReference
    package var condition: Condition

    package init(step: SetupStep, object: ObjectReference, condition: Condition) {
        self.step = step
        self.object = object
        self.condition = condition
    }
}

/// What a plan means to do in one cluster.
package struct ClusterPlan: Hashable, Codable, Sendable {
    package var name: String
    /// Of the namespace kube-system: the cluster itself, whatever the kubeconfig is called. `""` where it was not reached.
    package var uid: String
    package var server: String
    /// By step, then in the order in which they are to be applied.
    package var acts: [Act]
    package var gates: [Gate]
    package var permissions: [Permission]
    package var waits: [Wait]

    package init(
        name: String, uid: String, server: String, acts: [Act] = [], gates: [Gate] = [], permissions: [Permission] = [],
        waits: [Wait] = []
    ) {
        self.name = name
        self.uid = uid
        self.server = server
        self.acts = acts
        self.gates = gates
        self.permissions = permissions
        self.waits = waits
    }
}
