package import Kubernetes

/// What Kubernetes says about what is waited for.
package struct WaitEvidence: Sendable {
    /// `nil` where it is not waited for, or not there.
    package var deployment: JSONValue?
    package var service: JSONValue?
    package var pods: [JSONValue] = []
    /// Of these objects and of those that they own.
    package var events: [ClusterEvent] = []

    package init(
        deployment: JSONValue? = nil, service: JSONValue? = nil, pods: [JSONValue] = [], events: [ClusterEvent] = []
    ) {
        self.deployment = deployment
        self.service = service
        self.pods = pods
        self.events = events
    }
}

/// One event that Kubernetes reports.
package struct ClusterEvent: Sendable, Hashable {
    /// Of the object that it is about.
    package var kind: String
    package var name: String
    package var reason: String
    package var message: String
    package var isWarning: Bool
    /// By the server's clock; RFC 3339, which sorts by time.
    package var last: String
    /// UID of that object; `""` where the event does not say.
    package var object: String
    /// It was there when the wait began: what it says may have been mended since.
    package var isEarlier: Bool

    package init(
        kind: String, name: String, reason: String, message: String, isWarning: Bool = true, last: String = "",
        object: String = "",
        isEarlier: Bool = false
    ) {
        self.kind = kind
        self.name = name
        self.reason = reason
        self.message = message
        self.isWarning = isWarning
        self.last = last
        self.object = object
        self.isEarlier = isEarlier
    }

    /// Reads a `v1` Event.
    init(_ object: JSONValue) {
        func text(_ key: String) -> String? { object[key]?.string }
        let about = object["involvedObject"]
        self.init(
            kind: about?["kind"]?.string ?? "", name: about?["name"]?.string ?? "", reason: text("reason") ?? "",
            message: text("message") ?? "", isWarning: text("type") == "Warning",
            last: object["series"]?["lastObservedTime"]?.string ?? text("lastTimestamp") ?? text("eventTime")
                ?? object["metadata"]?["creationTimestamp"]?.string ?? "",
            object: about?["uid"]?.string ?? "")
    }
}
