internal import Kubernetes
import Setup

/// What one act comes to, in the room that a line has.
enum ActSummary {
    /// Of an act that makes something, or leaves it.
    static func words(_ act: Act) -> String {
        if act.verb == .create { return create(act) }
        return act.reason.hasPrefix("as wanted") ? act.reason : act.reason.isEmpty ? "as wanted" : "as wanted; \(act.reason)"
    }

    /// `+ .path = new`, `.path: old → new` or `- .path`.
    static func words(_ field: FieldChange, arrow: String) -> String {
        // Of a text of many lines those that come and go: the others are not what the act is about.
        if case .string(let before)? = field.before, case .string(let after)? = field.after, after.contains("\n") {
            return "\(field.path): \(lines(before, after))"
        }
        return switch (field.before, field.after) {
        case (nil, let after?): "+ \(field.path) = \(text(after))"
        case (let before?, let after?): "\(field.path): \(text(before)) \(arrow) \(text(after))"
        case (let before?, nil): "- \(field.path) = \(text(before))"
        case (nil, nil): field.path
        }
    }

    private static func lines(_ before: String, _ after: String) -> String {
        let changes = after.split(separator: "\n").difference(from: before.split(separator: "\n"))
        let words = changes.removals.map(sign) + changes.insertions.map(sign)
        return words.isEmpty ? "white space" : words.joined(separator: ", ")
    }

    private static func sign(_ change: CollectionDifference<Substring>.Change) -> String {
        switch change {
        case .insert(_, let line, _): "+ \"\(line)\""
        case .remove(_, let line, _): "- \"\(line)\""
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        default: (try? value.encoded()).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }

    private static func create(_ act: Act) -> String {
        let spec = act.desired["spec"]
        let words: [String]
        switch act.object.kind {
        case "Service":
            let annotations = act.desired["metadata"]?["annotations"]?.object ?? [:]
            let isInternal = annotations["networking.gke.io/load-balancer-type"] == "Internal"
            let ports = (spec?["ports"]?.array ?? []).compactMap { $0["port"]?.integer }.map(String.init)
            words = [
                spec?["type"]?.string ?? "", isInternal ? "internal" : "", spec?["loadBalancerIP"]?.string ?? "",
                ports.joined(separator: " "),
                spec?["loadBalancerSourceRanges"]?.array.map { "from \($0.compactMap(\.string).joined(separator: " "))" } ?? "",
            ]
        case "Deployment":
            let labels = spec?["template"]?["metadata"]?["labels"]
            words = [
                "revision \(labels?["istio.io/rev"]?.string ?? "default")",
                "network \(labels?["topology.istio.io/network"]?.string ?? "")",
            ]
        case "HorizontalPodAutoscaler":
            words = [
                "\(spec?["minReplicas"]?.integer ?? 0) to \(spec?["maxReplicas"]?.integer ?? 0) pods", act.object.apiVersion,
            ]
        case "PodDisruptionBudget": words = ["one pod away at a time", act.object.apiVersion]
        case "Gateway":
            let hosts = spec?["servers"]?[0]?["hosts"]?.array ?? []
            words = ["hosts \(hosts.compactMap(\.string).joined(separator: " "))"]
        case "Role": words = ["reads Secrets of its namespace"]
        case "ClusterRole": words = ["what the others' istiods read"]
        case "ClusterRoleBinding": words = ["for the reader account"]
        case "Membership":
            words = [
                "\(act.desired["membership"]?.string ?? "") in the fleet of \(act.desired["fleet"]?.string ?? ""), by gcloud"
            ]
        case "IstioOperator":
            words = ["for istioctl", "revision \(spec?["revision"]?.string ?? "")", "network \(spec?["network"]?.string ?? "")"]
        case "Secret":
            words = act.secret.map { ["opens \($0.cluster)", $0.server] } ?? ["token of the reader account"]
        default: words = []
        }
        return (words + [act.reason]).filter { !$0.isEmpty }.joined(separator: ", ")
    }
}
