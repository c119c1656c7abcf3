internal import Kubernetes
internal import Secrecy

/// Why nothing happens while something is waited for.
package struct WaitCause: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case organizationPolicy, quota, firewallAdministrator, noAddressLeft, addressTaken, loadBalancer, noLoadBalancer
        case notInjected, webhook, podSecurity, resourceQuota, serviceAccount, terminating, unschedulable, imagePull, mount
        case crashing, notReady, sandbox
    }
    package var kind: Kind
    /// What Kubernetes says, and what it means.
    package var words: String
    /// What to do about it.
    package var remedy: String
    /// Waiting longer is no use: nothing changes unless somebody acts.
    package var isFinal: Bool

    /// The causes in the evidence, the one that explains most first; empty where Kubernetes says nothing.
    package static func find(in evidence: WaitEvidence) -> [WaitCause] {
        var causes = notInjected(evidence)
        let newestFirst = evidence.events.sorted { $0.last > $1.last }
        causes += newestFirst.compactMap(of(event:))
        causes += replicaFailures(evidence).compactMap(of(event:))
        causes += evidence.pods.flatMap(of(pod:))
        if causes.isEmpty { causes += noLoadBalancer(evidence) }
        var seen: Set<Kind> = []
        // A pod that is not ready, or whose image cannot be pulled, is what the other causes look like from outside.
        return causes.filter { seen.insert($0.kind).inserted }.sorted { $0.rank < $1.rank }
    }

    private var rank: Int { Kind.allCases.firstIndex(of: kind) ?? 0 }

    // MARK: Events

    private static func of(event: ClusterEvent) -> WaitCause? {
        for rule in EventRule.all where rule.matches(event) {
            return WaitCause(
                kind: rule.kind, words: "\(rule.meaning): \(said(event))", remedy: rule.remedy(event.message),
                isFinal: rule.isFinal && !event.isEarlier)
        }
        return nil
    }

    private static func said(_ event: ClusterEvent) -> String {
        "\(event.kind) \(printable(event.name)): \(printable(event.reason)): \(printable(Redaction.text(event.message), limit: 900))"
    }

    /// A Deployment says itself what the events of its ReplicaSet say, and remembers it for longer.
    private static func replicaFailures(_ evidence: WaitEvidence) -> [ClusterEvent] {
        let conditions = evidence.deployment?["status"]?["conditions"]?.array ?? []
        return conditions.filter { $0["type"]?.string == "ReplicaFailure" && $0["status"]?.string == "True" }.map {
            ClusterEvent(
                kind: "Deployment", name: evidence.deployment?["metadata"]?["name"]?.string ?? "",
                reason: $0["reason"]?.string ?? "", message: $0["message"]?.string ?? "")
        }
    }

    // MARK: Objects

    private static func notInjected(_ evidence: WaitEvidence) -> [WaitCause] {
        let bare = evidence.pods.first { pod in
            pod["spec"]?["containers"]?.array?.contains { $0["image"]?.string == "auto" } == true
        }
        guard let bare else { return [] }
        let name = printable(bare["metadata"]?["name"]?.string ?? "")
        let revision = printable(bare["metadata"]?["labels"]?["istio.io/rev"]?.string ?? "")
        return [
            WaitCause(
                kind: .notInjected,
                words: "the pod \(name) still has the image \"auto\": no injector has put the proxy in. Its revision"
                    + "\(revision.isEmpty ? "" : " \(revision)") is not installed, its webhook does not select this namespace, or "
                    + "the namespace is labelled istio-injection=disabled",
                remedy: "kubectl get mutatingwebhookconfigurations -l app=sidecar-injector --show-labels; "
                    + "kubectl get namespace istio-system --show-labels", isFinal: true)
        ]
    }

    private static func of(pod: JSONValue) -> [WaitCause] {
        let name = printable(pod["metadata"]?["name"]?.string ?? "")
        let status = pod["status"]
        let unscheduled = status?["conditions"]?.array?.first {
            $0["type"]?.string == "PodScheduled" && $0["status"]?.string == "False"
        }
        if let message = unscheduled?["message"]?.string {
            let event = ClusterEvent(kind: "Pod", name: name, reason: "FailedScheduling", message: message)
            return [of(event: event)].compactMap(\.self)
        }
        let containers = (status?["initContainerStatuses"]?.array ?? []) + (status?["containerStatuses"]?.array ?? [])
        return containers.compactMap { of(container: $0, pod: name) }
    }

    private static func of(container: JSONValue, pod: String) -> WaitCause? {
        let waiting = container["state"]?["waiting"], reason = waiting?["reason"]?.string ?? ""
        let message = printable(Redaction.text(waiting?["message"]?.string ?? ""), limit: 600)
        let image = printable(container["image"]?.string ?? "")
        switch reason {
        case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
            return WaitCause(
                kind: .imagePull, words: "the image \(image) of pod \(pod) cannot be pulled: \(reason): \(message)",
                remedy: "kubectl -n istio-system describe pod \(pod)", isFinal: false)
        case "CrashLoopBackOff":
            let last = container["lastState"]?["terminated"]
            let code = last?["exitCode"]?.integer.map { " with exit code \($0)" } ?? ""
            return WaitCause(
                kind: .crashing, words: "the pod \(pod) starts and ends again\(code)",
                remedy: "kubectl -n istio-system logs \(pod) --previous", isFinal: false)
        default: return nil
        }
    }

    /// Nobody has said anything about a Service that has no address.
    private static func noLoadBalancer(_ evidence: WaitEvidence) -> [WaitCause] {
        guard let service = evidence.service, service["spec"]?["type"]?.string == "LoadBalancer",
            service["status"]?["loadBalancer"]?["ingress"]?.array?.isEmpty != false
        else { return [] }
        let name = printable(service["metadata"]?["name"]?.string ?? "")
        return [
            WaitCause(
                kind: .noLoadBalancer,
                words: "nothing in the cluster has said a word about the Service \(name): no controller gives addresses to "
                    + "Services of type LoadBalancer, or it serves another class",
                remedy: "install one, or, where the load balancer is made by hand, name its address: loadBalancerIP or "
                    + "externalIPs of the Service", isFinal: false)
        ]
    }
}
