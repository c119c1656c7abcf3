import Kubernetes
import Testing

@testable import Setup

/// What Kubernetes really writes, and what it means.
@Suite struct WaitCauseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var kind: WaitCause.Kind
        var about = "Service"
        var reason: String
        var message: String
        /// What the remedy names.
        var remedy: String
        var testDescription: String { "\(kind): \(reason)" }
    }

    private static let webhook =
        "Error creating: Internal error occurred: failed calling webhook \"rev.namespace.sidecar-injector.istio.io\": failed to call webhook: "
        + "Post \"https://istiod-asm-1246-9.istio-system.svc:443/inject?timeout=10s\": "

    static let cases = [
        Case(
            kind: .organizationPolicy, reason: "SyncLoadBalancerFailed",
            message: "Error syncing load balancer: failed to ensure load balancer: googleapi: Error 412: Constraint "
                + "constraints/compute.restrictLoadBalancerCreationForTypes violated for projects/my-project. Forwarding Rule "
                + "projects/my-project/regions/us-central1/forwardingRules/a1 of type EXTERNAL_NETWORK_TCP_UDP is not allowed., "
                + "conditionNotMet", remedy: "EXTERNAL_NETWORK_TCP_UDP --project=my-project;"),
        Case(
            kind: .firewallAdministrator, reason: "LoadBalancerManualChange",
            message:
                "Firewall change required by security admin: `gcloud compute firewall-rules create k8s-fw-a1 --network shared "
                + "--description \"{}\" --allow tcp:15443 --source-ranges 0.0.0.0/0 --target-tags gke-a --project host`",
            remedy: "gcloud compute firewall-rules create k8s-fw-a1 --network shared"),
        Case(
            kind: .quota, reason: "SyncLoadBalancerFailed",
            message: "Error syncing load balancer: failed to ensure load balancer: googleapi: Error 403: QUOTA_EXCEEDED - Quota "
                + "'FORWARDING_RULES' exceeded.  Limit: 15.0 in region us-central1.", remedy: "raise the quota FORWARDING_RULES"),
        Case(
            kind: .noAddressLeft, reason: "AllocationFailed",
            message: "Failed to allocate IP for \"istio-system/istio-eastwestgateway\": no available IPs",
            remedy: "extend the pool"),
        Case(
            kind: .addressTaken, reason: "AllocationFailed",
            message: "Failed to allocate IP for \"istio-system/istio-eastwestgateway\": [\"10.0.0.9\"] is not allowed in config",
            remedy: "another address"),
        Case(
            kind: .loadBalancer, reason: "SyncLoadBalancerFailed",
            message: "Error syncing load balancer: failed to ensure load balancer: instance not found", remedy: "describe service"
        ),
        Case(
            kind: .webhook, about: "ReplicaSet", reason: "FailedCreate", message: webhook + "context deadline exceeded",
            remedy: "15017"),
        Case(
            kind: .webhook, about: "ReplicaSet", reason: "FailedCreate",
            message: webhook + "x509: certificate signed by unknown authority", remedy: "rollout restart"),
        Case(
            kind: .webhook, about: "ReplicaSet", reason: "FailedCreate",
            message: webhook + "no endpoints available for service \"istiod-asm-1246-9\"", remedy: "get pods -l app=istiod"),
        Case(
            kind: .podSecurity, about: "ReplicaSet", reason: "FailedCreate",
            message: "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": seccompProfile",
            remedy: "show-labels"),
        Case(
            kind: .resourceQuota, about: "ReplicaSet", reason: "FailedCreate",
            message:
                "Error creating: pods \"x\" is forbidden: exceeded quota: compute, requested: cpu=100m, used: cpu=1, limited: cpu=1",
            remedy: "describe resourcequota"),
        Case(
            kind: .serviceAccount, about: "ReplicaSet", reason: "FailedCreate",
            message:
                "Error creating: pods \"x\" is forbidden: error looking up service account istio-system/y: serviceaccount \"y\" not found",
            remedy: "setup apply again"),
        Case(
            kind: .terminating, about: "ReplicaSet", reason: "FailedCreate",
            message:
                "Error creating: pods \"x\" is forbidden: unable to create new content in namespace istio-system because it is being "
                + "terminated", remedy: "finalizers"),
        Case(
            kind: .unschedulable, about: "Pod", reason: "FailedScheduling",
            message: "0/3 nodes are available: 3 Insufficient cpu.", remedy: "get nodes"),
        Case(
            kind: .mount, about: "Pod", reason: "FailedMount",
            message: "MountVolume.SetUp failed for volume \"istiod-ca-cert\" : configmap \"istio-ca-root-cert\" not found",
            remedy: "app=istiod"),
        Case(
            kind: .notReady, about: "Pod", reason: "Unhealthy",
            message: "Readiness probe failed: HTTP probe failed with statuscode: 503", remedy: "logs"),
    ]

    @Test(arguments: cases) func eventsAreUnderstood(_ one: Case) throws {
        let event = ClusterEvent(kind: one.about, name: "istio-eastwestgateway-7", reason: one.reason, message: one.message)
        let causes = WaitCause.find(in: WaitEvidence(events: [event]))
        #expect(causes.count == 1)
        let cause = try #require(causes.first)
        #expect(cause.kind == one.kind)
        #expect(cause.remedy.contains(one.remedy), "\(cause.remedy)")
        #expect(cause.words.contains(one.message.prefix(40)))
        #expect(cause.isFinal == [.organizationPolicy, .podSecurity, .serviceAccount].contains(one.kind))
        var normal = event
        normal.isWarning = false
        // GKE's word to the firewall's administrator is the only one of these that comes as no warning.
        #expect(WaitCause.find(in: WaitEvidence(events: [normal])).isEmpty == (one.kind != .firewallAdministrator))
    }

    @Test func whatWasThereBeforeDoesNotEndTheWait() throws {
        var event = ClusterEvent(kind: "Service", name: "x", reason: "SyncLoadBalancerFailed", message: Self.cases[0].message)
        event.isEarlier = true
        #expect(WaitCause.find(in: WaitEvidence(events: [event])).first?.isFinal == false)
    }

    private static func pod(image: String, status: JSONValue = [:]) -> JSONValue {
        [
            "metadata": ["name": "istio-eastwestgateway-1", "labels": ["istio.io/rev": "asm-1"]],
            "spec": ["containers": [["name": "istio-proxy", "image": .string(image)]]], "status": status,
        ]
    }

    @Test func aPodWithoutAProxyWasNotInjected() throws {
        let waiting: JSONValue = [
            "containerStatuses": [
                ["image": "auto", "state": ["waiting": ["reason": "ErrImagePull", "message": "pull access denied for auto"]]]
            ]
        ]
        let causes = WaitCause.find(in: WaitEvidence(pods: [Self.pod(image: "auto", status: waiting)]))
        #expect(causes.map(\.kind) == [.notInjected, .imagePull])
        #expect(causes.first?.isFinal == true && causes.first?.words.contains("revision asm-1") == true)
    }

    @Test(arguments: [
        ("ImagePullBackOff", WaitCause.Kind.imagePull), ("CrashLoopBackOff", .crashing), ("ContainerCreating", nil),
    ])
    func podsSayWhyTheyDoNotRun(reason: String, kind: WaitCause.Kind?) {
        let status: JSONValue = [
            "containerStatuses": [["image": "proxy:1", "state": ["waiting": ["reason": .string(reason), "message": "m"]]]]
        ]
        #expect(WaitCause.find(in: WaitEvidence(pods: [Self.pod(image: "proxy:1", status: status)])).first?.kind == kind)
    }

    @Test func aPendingServiceOfWhichNobodySpeaks() {
        let service: JSONValue = ["metadata": ["name": "g"], "spec": ["type": "LoadBalancer"], "status": ["loadBalancer": [:]]]
        #expect(WaitCause.find(in: WaitEvidence(service: service)).map(\.kind) == [.noLoadBalancer])
        let assigned: JSONValue = [
            "spec": ["type": "LoadBalancer"], "status": ["loadBalancer": ["ingress": [["ip": "192.0.2.7"]]]],
        ]
        #expect(WaitCause.find(in: WaitEvidence(service: assigned)).isEmpty)
    }

    @Test func aDeploymentRemembersWhatItsEventsSaid() {
        let deployment: JSONValue = [
            "metadata": ["name": "g"],
            "status": [
                "conditions": [
                    [
                        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                        "message": .string(Self.cases[6].message),
                    ]
                ]
            ],
        ]
        #expect(WaitCause.find(in: WaitEvidence(deployment: deployment)).map(\.kind) == [.webhook])
    }

    @Test func metricsTellHowManyPeersAreKnown() {
        let text = """
            # TYPE istiod_managed_clusters gauge
            istiod_managed_clusters{cluster_type="local"} 1
            istiod_managed_clusters{cluster_type="remote"} 2
            """
        #expect(PeerSync.remoteClusters(text) == 2)
        #expect(PeerSync.remoteClusters("istiod_managed_clusters{cluster_type=\"local\"} 1") == nil)
        #expect(PeerSync.remoteClusters("") == nil)
    }

    @Test func restoringKeepsWhatOthersChanged() {
        let before: JSONValue = ["l": ["a": "1", "b": "1"], "ports": [["name": "x", "port": 1]]]
        let after: JSONValue = [
            "l": ["a": "2", "b": "1", "c": "3"], "ports": [["name": "x", "port": 2], ["name": "y", "port": 9]],
        ]
        let live: JSONValue = [
            "l": ["a": "2", "b": "1", "c": "3", "theirs": "7"],
            "ports": [["name": "x", "port": 2], ["name": "y", "port": 9], ["name": "z", "port": 5]],
        ]
        var one = Restoration()
        #expect(
            one.fields(before: before, after: after, live: live) == [
                "l": ["a": "1", "b": "1", "theirs": "7"], "ports": [["name": "x", "port": 1], ["name": "z", "port": 5]],
            ])
        #expect(one.conflicts.isEmpty)
        var two = Restoration()
        _ = two.fields(before: before, after: after, live: ["l": ["a": "mine", "b": "1"], "ports": [["name": "x", "port": 7]]])
        #expect(two.conflicts.sorted() == [".l.a", ".ports[name=x].port"])
    }
}
