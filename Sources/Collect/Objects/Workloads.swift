internal import Policy

/// `apps/v1` Deployment.
struct Deployment: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec
    var status: Status?

    struct Spec: Decodable, Sendable {
        var replicas: Int?
        var selector: LabelSelector
        var template: Template
    }

    struct Template: Decodable, Sendable {
        var metadata: TemplateMeta?
        var spec: PodSpec
    }

    struct TemplateMeta: Decodable, Sendable {
        var labels: [String: String]?
        var annotations: [String: String]?
    }

    struct Status: Decodable, Sendable {
        var readyReplicas: Int?
        var availableReplicas: Int?
        var conditions: [Condition]?
    }

    /// Labels that the Deployment gives to its pods.
    var podLabels: [String: String] { spec.template.metadata?.labels ?? [:] }

    /// Whether a pod is one of this Deployment's.
    func owns(_ pod: Pod) -> Bool {
        pod.metadata.namespace == metadata.namespace && spec.selector.matches(pod.metadata.labels ?? [:])
    }

    func container(_ name: String) -> Container? { spec.template.spec.container(name) }
}

/// A condition in an object's status.
struct Condition: Decodable, Sendable {
    var type: String
    var status: String
    var reason: String?
    var message: String?
}

struct PodSpec: Decodable, Sendable {
    var containers: [Container]
    /// Native sidecars stand here.
    var initContainers: [Container]?
    var hostNetwork: Bool?

    /// The container of that name, wherever it stands.
    func container(_ name: String) -> Container? {
        containers.first { $0.name == name } ?? initContainers?.first { $0.name == name }
    }
}

struct Container: Decodable, Sendable {
    var name: String
    var image: String?
    var env: [Variable]?
    var ports: [Port]?

    struct Port: Decodable, Sendable {
        var name: String?
        var containerPort: Int
    }

    struct Variable: Decodable, Sendable {
        var name: String
        /// Absent where the value comes from elsewhere (`valueFrom`).
        var value: String?
    }

    /// The plain value of a variable, the last one counting; empty where it is absent.
    func environment(_ name: String) -> String { env?.last { $0.name == name }?.value ?? "" }
}

/// Pod.
struct Pod: ListedObject {
    var metadata: ObjectMeta
    var spec: PodSpec
    var status: Status?

    struct Status: Decodable, Sendable {
        var phase: String?
        var conditions: [Condition]?
        var containerStatuses: [ContainerStatus]?
        var initContainerStatuses: [ContainerStatus]?
        /// Of each family at most one.
        var podIPs: [Address]?
    }

    struct Address: Decodable, Sendable { var ip: String? }

    struct ContainerStatus: Decodable, Sendable {
        var name: String
        var state: State?

        struct State: Decodable, Sendable {
            var running: Running?
            var waiting: Waiting?
        }

        struct Running: Decodable, Sendable { var startedAt: Timestamp? }
        struct Waiting: Decodable, Sendable { var reason: String? }
    }

    /// Neither finished nor being deleted.
    var isAlive: Bool {
        metadata.deletionTimestamp == nil && !["Succeeded", "Failed"].contains(status?.phase ?? "")
    }

    var isReady: Bool {
        isAlive && status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false
    }

    /// The families of its own addresses; none while it has none, and where it has the node's.
    var addressFamilies: Set<IPAddress.Family> {
        guard isAlive, spec.hostNetwork != true else { return [] }
        return Set((status?.podIPs ?? []).compactMap { $0.ip.flatMap { IPAddress($0)?.family } })
    }

    /// When a container began to run; `nil` where it does not run.
    func started(_ container: String) -> Timestamp? {
        let all = (status?.containerStatuses ?? []) + (status?.initContainerStatuses ?? [])
        return all.first { $0.name == container }?.state?.running?.startedAt
    }

    /// Why the pod does not come up, in Kubernetes' words (`ErrImagePull`, `Unschedulable`); empty where it does.
    var waitingReason: String {
        let unschedulable = status?.conditions?.first { $0.type == "PodScheduled" && $0.status == "False" }?.reason
        let waiting = ((status?.initContainerStatuses ?? []) + (status?.containerStatuses ?? [])).lazy
            .compactMap { $0.state?.waiting?.reason }.first
        return unschedulable ?? waiting ?? ""
    }
}

/// Node.
struct Node: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?
    var status: Status?

    struct Spec: Decodable, Sendable { var providerID: String? }

    struct Status: Decodable, Sendable {
        var addresses: [Address]?
        var conditions: [Condition]?
        var nodeInfo: Info?
    }

    struct Address: Decodable, Sendable {
        var type: String
        var address: String
    }

    struct Info: Decodable, Sendable { var kubeletVersion: String? }
}
