/// How the pods of level probe are to be run.
package struct ProbeOptions: Sendable, Equatable {
    /// curl with busybox, as its makers publish it: 8.11.1, for every architecture.
    package static let defaultImage =
        "docker.io/curlimages/curl:8.11.1@sha256:c1fe1679c34d9784c1b0d1e5f62ac0a79fca01fb6377cdd33e90473c6f9f9a69"

    package var image: String
    /// Names of Secrets in the namespace isthmus-probe.
    package var pullSecrets: [String]
    package var tolerations: [Toleration]
    package var nodeSelector: [String: String]
    /// Longest time from the Job's creation until its pod runs.
    package var start: Duration

    package init(
        image: String = defaultImage, pullSecrets: [String] = [], tolerations: [Toleration] = [],
        nodeSelector: [String: String] = [:], start: Duration = .seconds(60)
    ) {
        self.image = image
        self.pullSecrets = pullSecrets
        self.tolerations = tolerations
        self.nodeSelector = nodeSelector
        self.start = start
    }
}

/// A node's taint that a pod puts up with.
package struct Toleration: Sendable, Equatable {
    /// Empty: every key.
    package var key: String
    /// `nil`: every value.
    package var value: String?
    /// Empty: every effect.
    package var effect: String

    package init(key: String, value: String? = nil, effect: String = "") {
        self.key = key
        self.value = value
        self.effect = effect
    }

    /// Reads `KEY[=VALUE][:EFFECT]`, or `*` for every taint; `nil` where the text is neither.
    package init?(_ text: String) {
        if text == "*" {
            self.init(key: "")
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let words = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let effect = parts.count > 1 ? String(parts[1]) : ""
        guard !words[0].isEmpty, ["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) else { return nil }
        self.init(key: String(words[0]), value: words.count > 1 ? String(words[1]) : nil, effect: effect)
    }
}
