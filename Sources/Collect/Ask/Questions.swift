internal import Synchronization

/// The steps of reading one cluster; a display of progress counts them.
enum Question: Sendable, CaseIterable {
    case version, groups, namespaces, nodes, controlPlanes, controlPlanePods, systemDeployments, gatewayDeployments, gatewayPods
    case workloadPods, configMaps, rootCopies, webhooks, services, serviceEvents, secretNames
    case remoteSecrets, permissions
    case gateways, destinationRules, peerAuthentications, authorizationPolicies
    case membership, controlPlaneRevisions, endpointSlices, unlabelledSecrets
    case platform
    case gatewayProbes, remoteSecretProbes
}

/// Counts a cluster's answered questions and tells the display, from any task.
final class Progress: Sendable {
    private let cluster: String
    private let report: @Sendable (CollectEvent) -> Void
    private let answered = Mutex(Set<Question>())

    init(cluster: String, report: @escaping @Sendable (CollectEvent) -> Void) {
        self.cluster = cluster
        self.report = report
    }

    func done(_ question: Question) {
        // Told under the lock, so that the display sees the counts in their order.
        answered.withLock { answered in
            answered.insert(question)
            tell(.progress(done: answered.count, of: Question.allCases.count))
        }
    }

    func tell(_ kind: CollectEvent.Kind) { report(CollectEvent(cluster: cluster, kind: kind)) }
}
