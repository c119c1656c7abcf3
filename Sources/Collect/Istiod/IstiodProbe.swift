internal import AtOnce
internal import Foundation
internal import HTTP
internal import Kubernetes
internal import Mesh

/// What the istiods of one cluster say of themselves.
struct IstiodAnswers: Sendable {
    /// Of every ready pod of istiod in istio-system, or why they could not all be asked.
    var pods: Answer<[IstiodPod]>
    var permissions: [PermissionReview] = []
}

/// What one pod of istiod says.
struct IstiodPod: Sendable {
    var name: String
    /// Label `istio.io/rev`; empty where it has none.
    var revision: String
    var clusters: Answer<[IstiodCluster]>
    var gateways: Answer<[IstiodGateway]>
    var proxies: Answer<[IstiodProxy]>
}

/// Asks every ready pod of istiod, through a port-forward, for what it answers to its own loopback alone. Three paths and no other:
/// none of them tells a secret.
struct IstiodProbe: Sendable {
    let client: KubernetesClient

    private static let port: UInt16 = 15014
    private static let clusterz = "/debug/clusterz", networkz = "/debug/networkz", syncz = "/debug/syncz"
    /// Pods of one cluster at a time: each takes a connection.
    private static let podsAtOnce = 8
    /// What is under way (a first reading, a configuration just sent) is over within so many seconds, or looked at another time.
    private static let patience = 5

    /// Asks the istiods of one cluster.
    static func ask(_ cluster: ClusterResult) async -> IstiodAnswers {
        guard let client = cluster.client, !cluster.contact.outcome.isFinal else {
            return IstiodAnswers(pods: .failure(NoAnswer("the API server cannot be asked: \(cluster.contact.detail)")))
        }
        let probe = IstiodProbe(client: client)
        async let reviews = client.review(Permission.forwarding)
        let pods = await probe.pods(cluster.evidence)
        return IstiodAnswers(pods: pods, permissions: await reviews.0)
    }

    /// Of what was read of the cluster: which pods there are to be asked.
    func pods(_ evidence: ClusterEvidence) async -> Answer<[IstiodPod]> {
        switch both(evidence.meshControlPlanes, evidence.controlPlanePods) {
        case .failure(let reason): return .failure(reason)
        case .success(let (deployments, pods)):
            let ready = pods.filter { pod in pod.isReady && deployments.contains { $0.owns(pod) } }
            guard !ready.isEmpty else { return .failure(NoAnswer("no pod of istiod in istio-system is ready")) }
            return .success(await ready.atOnce(limit: Self.podsAtOnce, ask))
        }
    }

    private func ask(_ pod: Pod) async -> IstiodPod {
        var answer = await once(pod)
        for _ in 0..<Self.patience where answer.isUnderWay {
            do { try await Task.sleep(for: .seconds(1)) } catch { break }
            answer = await once(pod)
        }
        return answer
    }

    private func once(_ pod: Pod) async -> IstiodPod {
        let name = pod.metadata.name, revision = pod.metadata.label(MeshConstants.revisionLabel)
        let paths = [Self.clusterz, Self.networkz, Self.syncz]
        do throws(KubernetesError) {
            let answers = try await client.forwarded(
                paths, namespace: MeshConstants.systemNamespace, pod: name, port: Self.port)
            func read<T: Decodable>(_ place: Int, _ type: T.Type) -> Answer<[T]> {
                Self.read(answers[place], as: type, of: "GET \(paths[place]) of pod \(name)")
            }
            return IstiodPod(
                name: name, revision: revision, clusters: read(0, IstiodCluster.self), gateways: read(1, IstiodGateway.self),
                proxies: read(2, IstiodProxy.self))
        } catch {
            let reason = Self.reason(error, pod: name)
            return IstiodPod(
                name: name, revision: revision, clusters: .failure(reason), gateways: .failure(reason), proxies: .failure(reason))
        }
    }

    private static func reason(_ error: KubernetesError, pod: String) -> NoAnswer {
        NoAnswer(
            "port-forward to pod \(pod) of istio-system: \(error.cause)",
            mend: error.isForbidden ? ProbePlace.probe.remedy : "")
    }

    /// A list, in which nothing at all is written as null.
    private static func read<T: Decodable>(_ answer: HTTP1Answer, as type: T.Type, of question: String) -> Answer<[T]> {
        guard answer.status == 200 else { return .failure(NoAnswer("\(question): HTTP \(answer.status)")) }
        do {
            return .success(try JSONDecoder().decode([T]?.self, from: Data(answer.body)) ?? [])
        } catch {
            return .failure(NoAnswer("\(question): the answer is not of the shape that Istio 1.24 gives it"))
        }
    }
}

extension IstiodPod {
    /// Whether what it says may be over in a moment.
    fileprivate var isUnderWay: Bool {
        let isReading = clusters.value?.contains { $0.status == "syncing" } ?? false
        return isReading || proxies.value?.contains { !$0.unacknowledged.isEmpty } ?? false
    }
}

extension Permission {
    /// What it takes to hear istiod itself.
    static let forwarding = ["get", "create"].map { verb in
        Permission(
            verb: verb, group: "", resource: "pods/portforward", namespace: MeshConstants.systemNamespace,
            neededFor: "what istiod itself knows of clusters and gateways, and has sent to proxies")
    }
}

/// One entry of `/debug/clusterz`.
struct IstiodCluster: Decodable, Sendable {
    var id: String
    /// `namespace/name`; empty for the cluster that istiod runs in.
    var secret: String
    /// `synced`, `syncing`, `timeout`, `closed`.
    var status: String

    private enum Keys: String, CodingKey { case id, secretName, syncStatus }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        id = try container.decode(String.self, forKey: .id)
        secret = try container.decodeIfPresent(String.self, forKey: .secretName) ?? ""
        status = try container.decodeIfPresent(String.self, forKey: .syncStatus) ?? ""
    }
}

/// One entry of `/debug/networkz`.
struct IstiodGateway: Decodable, Sendable {
    var network: String
    /// Empty where it comes from the mesh configuration.
    var cluster: String
    var address: String
    var port: Int

    private enum Keys: String, CodingKey {
        case network = "Network", cluster = "Cluster", address = "Addr", port = "Port"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        network = try container.decode(String.self, forKey: .network)
        cluster = try container.decodeIfPresent(String.self, forKey: .cluster) ?? ""
        address = try container.decode(String.self, forKey: .address)
        port = try container.decode(Int.self, forKey: .port)
    }
}

/// One entry of `/debug/syncz`: nonces of what was sent to a proxy, and of what it has acknowledged.
struct IstiodProxy: Decodable, Sendable {
    /// `pod.namespace`.
    var proxy: String
    /// `sidecar`, `router`, `waypoint`, `ztunnel`; empty where istiod does not tell.
    var type: String
    var version: String
    /// Kinds of configuration that were sent and acknowledged, and those that were sent and not acknowledged.
    var acknowledged: [String] = []
    var unacknowledged: [String] = []

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    /// Istio's names, and those of the facts.
    private static let kinds = [
        ("cluster", "clusters"), ("listener", "listeners"), ("route", "routes"), ("endpoint", "endpoints"),
        ("extensionconfig", "extensions"),
    ]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        proxy = try container.decode(String.self, forKey: Key("proxy"))
        type = try container.decodeIfPresent(String.self, forKey: Key("proxy_type")) ?? ""
        version = try container.decodeIfPresent(String.self, forKey: Key("istio_version")) ?? ""
        for (kind, name) in Self.kinds {
            let sent = try container.decodeIfPresent(String.self, forKey: Key("\(kind)_sent")) ?? ""
            let acknowledged = try container.decodeIfPresent(String.self, forKey: Key("\(kind)_acked")) ?? ""
            guard !sent.isEmpty else { continue }
            if sent == acknowledged { self.acknowledged.append(name) } else { unacknowledged.append(name) }
        }
    }
}
