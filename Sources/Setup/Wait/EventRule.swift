internal import Secrecy

/// What an event's text means, and what to do about it.
struct EventRule: Sendable {
    var kind: WaitCause.Kind
    /// Words of which the event's reason or message has at least one, in lower case.
    var words: [String]
    var meaning: String
    var remedy: @Sendable (String) -> String

    /// Of the events that are no warnings only one says why nothing happens: GKE's word to the firewall's administrator.
    func matches(_ event: ClusterEvent) -> Bool {
        guard event.isWarning || kind == .firewallAdministrator else { return false }
        let text = "\(event.reason) \(event.message)".lowercased()
        return words.contains { text.contains($0) }
    }

    /// Kubernetes tries again, but nothing changes unless somebody acts.
    var isFinal: Bool { [.organizationPolicy, .podSecurity, .serviceAccount].contains(kind) }

    init(_ kind: WaitCause.Kind, _ words: [String], _ meaning: String, _ remedy: @escaping @Sendable (String) -> String) {
        self.kind = kind
        self.words = words
        self.meaning = meaning
        self.remedy = remedy
    }

    /// The first that matches counts: what is special comes before what is general.
    static let all: [EventRule] = [
        EventRule(
            .organizationPolicy, ["constraints/compute.restrictloadbalancercreationfortypes", "constraint constraints/"],
            "an organization policy forbids this load balancer"
        ) { message in
            let project = message.firstMatch(of: /violated for projects\/([a-z0-9:.-]+)/)?.1.trimmingSuffix(".") ?? "PROJECT"
            let type = message.firstMatch(of: /of type ([A-Z_]+)/)?.1 ?? "EXTERNAL_NETWORK_TCP_UDP"
            return "gcloud resource-manager org-policies allow constraints/compute.restrictLoadBalancerCreationForTypes \(type) "
                + "--project=\(project); or an internal load balancer, and a VPN between the networks"
        },
        EventRule(
            .firewallAdministrator, ["loadbalancermanualchange", "firewall change required by"],
            "the address is there, but the firewall of the shared VPC waits for its administrator"
        ) { message in
            // The event brings the command, in backquotes.
            let command = message.firstMatch(of: /`([^`]+)`/).map { printable(String($0.1), limit: 900) }
            return command
                ?? "grant roles/compute.securityAdmin on the host project to "
                + "service-PROJECT_NUMBER@container-engine-robot.iam.gserviceaccount.com"
        },
        EventRule(.quota, ["quota_exceeded", "quotaexceeded", "quota '"], "a quota is used up") { message in
            let metric = message.firstMatch(of: /[Qq]uota '([A-Z_a-z-]+)'/)?.1
            return "raise the quota\(metric.map { " \($0)" } ?? ""), or release what is not needed: gcloud compute regions "
                + "describe REGION --format='table(quotas.metric,quotas.usage,quotas.limit)'"
        },
        EventRule(
            .noAddressLeft, ["no available ips", "ip_space_exhausted", "no ips available", "pool exhausted"],
            "no address is left in the pool"
        ) { _ in "extend the pool, or release an address: kubectl get services -A | grep LoadBalancer" },
        EventRule(
            .addressTaken,
            [
                "is not allowed in config", "neither static nor assigned", "is in-use and would result",
                "can't change sharing key",
                "is already allocated", "address is already in use",
            ], "the address that is asked for cannot be had"
        ) { _ in "name another address, or reserve this one for the cluster" },
        EventRule(
            .webhook, ["failed calling webhook", "failed to call webhook"],
            "the API server cannot ask the injector, so that no pod is made"
        ) { message in
            if message.contains("context deadline exceeded") || message.contains("i/o timeout")
                || message.contains("Client.Timeout")
            {
                return "let the control plane reach the nodes on port 15017 (a firewall rule, on private nodes)"
            }
            if message.contains("x509") {
                return "the webhook's caBundle is not istiod's: kubectl -n istio-system rollout restart deployment -l app=istiod"
            }
            return "kubectl -n istio-system get pods -l app=istiod"
        },
        EventRule(
            .podSecurity, ["violates podsecurity", "podsecuritypolicy: unable to admit"],
            "the namespace's pod security forbids the pod"
        ) { _ in
            "kubectl get namespace istio-system --show-labels"
        },
        EventRule(.resourceQuota, ["exceeded quota:", "failed quota:"], "the namespace's quota is used up") { _ in
            "kubectl -n istio-system describe resourcequota"
        },
        EventRule(.serviceAccount, ["error looking up service account"], "the pod's service account is not there") { _ in
            "start isthmus setup apply again: it makes what is missing"
        },
        EventRule(.terminating, ["being terminated"], "the namespace is being removed") { _ in
            "kubectl get namespace istio-system -o yaml: its conditions and finalizers say what it waits for"
        },
        EventRule(.unschedulable, ["failedscheduling"], "no node takes the pod") { _ in
            "kubectl get nodes; kubectl -n istio-system describe pod -l istio=eastwestgateway"
        },
        EventRule(.mount, ["failedmount"], "a volume of the pod is not there") { message in
            message.contains("istio-ca-root-cert")
                ? "istiod has not yet put its root into the namespace: kubectl -n istio-system get pods -l app=istiod"
                : "kubectl -n istio-system describe pod -l istio=eastwestgateway"
        },
        EventRule(.sandbox, ["failedcreatepodsandbox"], "the node cannot give the pod a network") { _ in
            "kubectl -n istio-system describe pod -l istio=eastwestgateway"
        },
        EventRule(.notReady, ["readiness probe failed"], "the proxy runs, but is not ready: it has nothing from istiod yet") {
            _ in
            "kubectl -n istio-system logs -l istio=eastwestgateway --tail=50"
        },
        EventRule(
            .loadBalancer, ["syncloadbalancerfailed", "allocationfailed", "ensureloadbalancerfailed"],
            "the load balancer is not made"
        ) { _ in
            "kubectl -n istio-system describe service istio-eastwestgateway"
        },
    ]
}

extension Substring {
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring { hasSuffix(suffix) ? dropLast(suffix.count) : self }
}
