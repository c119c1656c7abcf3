internal import Foundation
internal import Kubernetes

extension ProbePlace {
    /// Where the test workloads of level mutate run. Their own containers meet Pod Security `restricted`; what the injector adds to
    /// them may not (without Istio's CNI plugin it needs NET_ADMIN), so that nothing is enforced.
    ///
    /// - Parameters:
    ///   - revision: whose sidecars get in; empty for the default one.
    ///   - selectors: of the mesh, all of which are to choose the namespace.
    static func workloads(revision: String, chosenBy selectors: DiscoverySelectors = .none) -> ProbePlace {
        let own = [
            "pod-security.kubernetes.io/enforce": "privileged",
            revision.isEmpty ? "istio-injection" : "istio.io/rev": revision.isEmpty ? "enabled" : revision,
        ]
        return ProbePlace(
            name: WorkloadObjects.namespace, level: .mutate,
            labels: own.merging(selectors.labels(besides: own)) { own, _ in own },
            kinds: [
                ("Job", ProbeObjects.jobs), ("Service", .services), ("PeerAuthentication", WorkloadObjects.peerAuthentications),
                ("ConfigMap", .configMaps),
            ], permissions: Permission.provingWorkloads)
    }
}

extension Permission {
    /// What the workload proof takes in its namespace.
    static let provingWorkloads: [Permission] = {
        let space = WorkloadObjects.namespace
        func entries(_ verbs: [String], _ group: String, _ resource: String, _ neededFor: String) -> [Permission] {
            verbs.map { Permission(verb: $0, group: group, resource: resource, namespace: space, neededFor: neededFor) }
        }
        return entries(["create", "list", "watch", "delete"], "batch", "jobs", "the test's servers and clients")
            + entries(["patch"], "batch", "jobs", "taking a server away and bringing it back (--failover)")
            + entries(["create", "list", "delete"], "", "configmaps", "the test's programs")
            + entries(["create", "list", "delete"], "", "services", "the names under which the test's servers are called")
            + entries(
                ["create", "list", "delete"], "security.istio.io", "peerauthentications",
                "the rule that the test's servers take mutual TLS alone")
            + entries(["list", "watch"], "", "pods", "whether the pods run")
            + entries(["get"], "", "pods/log", "the clients' results")
            + entries(["list", "watch"], "", "events", optional)
    }()
}

/// The objects of one run of the workload proof. Names are the same in every cluster, as a mesh of several clusters wants it.
struct WorkloadObjects: Sendable {
    static let namespace = "isthmus-verify"
    static let peerAuthentications = Resource(group: "security.istio.io", version: "v1beta1", "peerauthentications")
    /// The account of all pods, as a SPIFFE identity has it behind the trust domain.
    static let account = "/ns/\(namespace)/sa/default"
    private static let part = "isthmus.dev/part"
    private static let place = "isthmus.dev/place"

    let run: ProbeRun
    /// All clusters of the mesh, in the order of their places.
    let clusters: [String]
    let options: ProbeOptions

    /// Of the Job and its part in names.
    enum Part: String, Sendable { case server, client, plain, failover }

    /// The name that servers of all clusters share.
    var shared: String { "isthmus-\(run.id)" }

    func job(_ part: Part) -> String { "\(shared)-\(part.rawValue)" }
    func job(_ questions: Questions) -> String { job(questions.part) + (questions.absent.map { "-\($0)" } ?? "") }

    /// The name of one cluster's own server. It contains the cluster's, as far as a DNS label can.
    func instance(_ place: Int) -> String {
        let plain = clusters[place].lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let name = "\(shared)-\(place)-\(String(plain))".prefix(63)
        return String(name.reversed().drop { $0 == "-" }.reversed())
    }

    /// The URL of a Service without scheme and port.
    func host(_ service: String) -> String { "\(service).\(Self.namespace)" }

    // MARK: Manifests

    func configMap(owner: JSONValue, expires: Date) -> JSONValue {
        let targets = clusters.indices.map { "\($0) \(host(instance($0)))\n" }.joined()
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(shared, owner, expires),
            "data": [
                "serve.sh": .string(WorkloadScript.serve), "answer.sh": .string(WorkloadScript.answer),
                "ask.sh": .string(WorkloadScript.ask), "targets": .string(targets),
            ],
        ]
    }

    /// The shared Service, and one for each cluster: in every cluster all of them, so that every name can be resolved; what is not
    /// here has no endpoint here.
    func services(owner: JSONValue, expires: Date) -> [JSONValue] {
        [service(shared, [:], owner, expires)]
            + clusters.indices.map { service(instance($0), [Self.place: .string("\($0)")], owner, expires) }
    }

    private func service(_ name: String, _ more: [String: JSONValue], _ owner: JSONValue, _ expires: Date) -> JSONValue {
        let selector: [String: JSONValue] = [
            ProbeObjects.runLabel: .string(run.id), Self.part: .string(Part.server.rawValue),
        ]
        return [
            "apiVersion": "v1", "kind": "Service", "metadata": metadata(name, owner, expires),
            "spec": [
                "selector": .object(selector.merging(more) { $1 }),
                "ports": [
                    [
                        "name": "http", "port": .integer(Int64(WorkloadScript.port)),
                        "targetPort": .integer(Int64(WorkloadScript.port)),
                    ]
                ],
            ],
        ]
    }

    /// This run's servers take mutual TLS alone, whatever the mesh permits.
    func strict(owner: JSONValue, expires: Date) -> JSONValue {
        [
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication", "metadata": metadata(shared, owner, expires),
            "spec": [
                "selector": [
                    "matchLabels": [ProbeObjects.runLabel: .string(run.id), Self.part: .string(Part.server.rawValue)]
                ],
                "mtls": ["mode": "STRICT"],
            ],
        ]
    }

    /// The server of the cluster at `place`. It owns everything else, so that all of it goes with it.
    func server(_ place: Int, revision: String, seconds: Int, expires: Date) -> JSONValue {
        job(
            .server, named: job(.server), ["sh", "/isthmus/serve.sh", String(WorkloadScript.port)],
            ["ISTHMUS_NONCE": run.nonce, "ISTHMUS_PLACE": String(place)], revision: revision, place: place, owner: nil,
            seconds: seconds, expires: expires)
    }

    /// What a client asks.
    struct Questions: Sendable {
        var part: Part
        /// The places of the servers to be asked one by one.
        var instances: [Int] = []
        /// The places that are to be heard under the shared name; empty: it is not asked.
        var shared: [Int] = []

        /// The place of the server that is away; `nil` where all are there.
        var absent: Int?

        /// Its sidecar is asked, too, what it knows of them.
        var asksSidecar: Bool { part == .client }

        /// Results that its log holds at the end: of each instance, of the shared name, of the sidecar.
        var count: Int { answers + (asksSidecar ? 1 : 0) }
        var answers: Int { instances.count + (shared.isEmpty ? 0 : 1) }
    }

    func client(
        _ place: Int, _ questions: Questions, revision: String, owner: JSONValue, _ limits: ProbeLimits, expires: Date
    ) -> JSONValue {
        let words: ([Int]) -> String = { $0.map(String.init).joined(separator: " ") }
        return job(
            questions.part, named: job(questions), ["sh", "/isthmus/ask.sh"],
            [
                "ISTHMUS_NONCE": run.nonce, "ISTHMUS_ASKED": words(questions.instances),
                "ISTHMUS_EXPECTED": words(questions.shared), "ISTHMUS_SHARED": questions.shared.isEmpty ? "" : host(shared),
                "ISTHMUS_SIDECAR": questions.part == .plain ? "" : "http://127.0.0.1:15021/healthz/ready",
                "ISTHMUS_ADMIN": questions.asksSidecar ? "http://127.0.0.1:15000" : "",
                "ISTHMUS_CONNECT": String(limits.connect), "ISTHMUS_TOTAL": String(limits.total),
                "ISTHMUS_PATIENCE": String(WorkloadTimes.patience), "ISTHMUS_PORT": String(WorkloadScript.port),
                "ISTHMUS_WORKERS": String(WorkloadScript.workers),
            ],
            revision: revision, place: place, owner: owner, seconds: limits.job, expires: expires)
    }

    private func job(
        _ part: Part, named name: String, _ command: [String], _ environment: [String: String], revision: String, place: Int,
        owner: JSONValue?,
        seconds: Int, expires: Date
    ) -> JSONValue {
        var labels = ProbeObjects.labels(run)
        labels["app"] = .string(name)
        labels[Self.part] = .string(part.rawValue)
        labels[Self.place] = .string(String(place))
        // The namespace says it too, where a run made it; one that was made by hand need not.
        labels["sidecar.istio.io/inject"] = .string(part == .plain ? "false" : "true")
        if part != .plain, !revision.isEmpty { labels["istio.io/rev"] = .string(revision) }
        return PodJob(
            metadata: metadata(name, owner, expires).object ?? [:], configMap: shared, command: command, environment: environment,
            seconds: seconds, podLabels: labels,
            podAnnotations: part == .plain ? ["sidecar.istio.io/inject": "false"] : [:], retries: part == .server ? 3 : 0
        ).manifest(options)
    }

    private func metadata(_ name: String, _ owner: JSONValue?, _ expires: Date) -> JSONValue {
        var metadata = ProbeObjects.metadata(run, name: name, in: Self.namespace, expires: expires)
        if let owner { metadata["ownerReferences"] = [owner] }
        return .object(metadata)
    }

    /// A reference to the server's Job, for what is to go with it.
    func owner(uid: String) -> JSONValue {
        ["apiVersion": "batch/v1", "kind": "Job", "name": .string(job(.server)), "uid": .string(uid)]
    }
}
