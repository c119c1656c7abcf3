internal import Foundation
internal import Kubernetes
internal import Mesh
internal import Secrecy

/// Whether istiod has taken up the clusters that the remote secrets open: its metrics say how many it knows, and the API server
/// passes the question on. That each of them is synced is said only where this istiod has a metric for it.
struct PeerSync: Sendable {
    let waiter: Waiter

    private struct Pod: Decodable, Sendable {
        struct Meta: Decodable, Sendable { var name: String }
        struct Status: Decodable, Sendable { var phase: String? }
        var metadata: Meta
        var status: Status?
    }

    private struct Named: Decodable, Sendable { var name: String }

    func wait(_ wait: Wait) async throws(SetupFailure) -> String {
        let client = waiter.target.client, namespace = MeshConstants.systemNamespace
        let wanted: Int, pods: [String]
        do throws(KubernetesError) {
            let label = Selection(labels: "\(MeshConstants.multiClusterLabel)=true")
            wanted = try await client.listMetadata(Resource.secrets.path(namespace: namespace), label, as: JSONValue.self).items
                .count
            let running = try await client.list(
                Resource.pods.path(namespace: namespace), Selection(labels: "app=istiod"), as: Pod.self)
            pods = running.items.filter { $0.status?.phase == "Running" }.map(\.metadata.name).sorted()
        } catch {
            return "istiod was not asked whether it took up its peers: \(error.cause)"
        }
        guard wanted > 0 else { return "" }
        guard !pods.isEmpty else { return "istiod was not asked whether it took up its peers: it has no running pod" }
        for pod in pods {
            let problem = try await knows(wanted, pod, wait)
            if let problem { return "istiod was not asked whether it took up its peers: \(problem)" }
        }
        return "istiod knows \(wanted) of \(wanted) peers; isthmus verify shows whether requests reach them"
    }

    /// - Returns: why it cannot be asked; `nil` once it knows as many as are wanted.
    private func knows(_ wanted: Int, _ pod: String, _ wait: Wait) async throws(SetupFailure) -> String? {
        let path = Resource.pods.path(
            namespace: MeshConstants.systemNamespace, name: "\(pod):15014", subresource: "proxy/metrics")
        let end = ContinuousClock.now + min(waiter.deadline, .seconds(60))
        var pause = Duration.milliseconds(200), told = -1
        while !Task.isCancelled {
            let text: String
            do throws(KubernetesError) {
                text = String(
                    decoding: try await waiter.target.client.send(.init("GET", path, accept: "*/*")).body, as: UTF8.self)
            } catch {
                return "\(error.cause)"
            }
            guard let known = Self.remoteClusters(text) else { return "its metrics do not tell (istiod_managed_clusters)" }
            if known >= wanted { return nil }
            if known != told {
                told = known
                waiter.report(.waiting(cluster: waiter.target.name, words: "istiod knows \(known) of \(wanted) peers"))
            }
            guard ContinuousClock.now + pause < end else {
                throw waiter.failure(
                    wait,
                    "istiod (\(printable(pod))) knows \(known) of the \(wanted) clusters that remote secrets open: it has refused, "
                        + "or cannot reach, the others",
                    remedy: "kubectl -n istio-system logs \(printable(pod)) | grep -i 'cluster'")
            }
            // Metrics cannot be watched.
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
        throw waiter.failure(wait, "broken off while it was waited for")
    }

    /// `istiod_managed_clusters{cluster_type="remote"} 2`; `nil` where the metric is not there.
    static func remoteClusters(_ metrics: String) -> Int? {
        for line in metrics.split(separator: "\n") {
            guard let match = line.wholeMatch(of: /istiod_managed_clusters\{([^}]*)\} +([0-9.e+]+).*/) else { continue }
            if match.1.contains("cluster_type=\"remote\"") { return Double(match.2).map { Int($0) } }
        }
        return nil
    }
}
