internal import Foundation
internal import Kubernetes

/// What one run of probing is known by.
struct ProbeRun: Sendable {
    /// In names and labels: ten lower-case letters and digits.
    var id: String
    /// In the script's lines. Unguessable: 128 random bits.
    var nonce: String
    /// The process that started it, as ``ProbeHolder`` names it.
    var holder: String
    /// The random bytes of the hellos.
    var random: [UInt8]

    init(holder: String) {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        id = String((0..<10).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
        nonce = (0..<2).map { _ in
            let word = String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
        random = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        self.holder = holder
    }

    var name: String { "isthmus-probe-\(id)" }
}

/// The objects of a probe, and the names by which they are found again.
enum ProbeObjects {
    static let namespace = "isthmus-probe"
    static let manager = "isthmus"
    static let managedBy = (key: "app.kubernetes.io/managed-by", value: "isthmus")
    static let runLabel = "isthmus.dev/run"
    static let expires = "isthmus.dev/expires"
    static let holder = "isthmus.dev/holder"
    /// On a namespace that a run made and that the last run is to remove; one that was made by hand does not bear it.
    static let temporary = "isthmus.dev/temporary"
    /// Followed by a run's id, on the namespace: this run needs it until then.
    static let lease = "run.isthmus.dev/"
    /// Selects everything that any run made.
    static let selector = "\(managedBy.key)=\(managedBy.value),\(runLabel)"

    static let jobs = Resource(group: "batch", "jobs")

    static func configMap(_ run: ProbeRun, _ files: ProbeFiles, expires: Date) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": .object(metadata(run, expires: expires)),
            "data": .object(files.texts.mapValues { .string($0) }),
            "binaryData": .object(files.binaries.mapValues { .string($0.base64EncodedString()) }),
        ]
    }

    static func metadata(_ run: ProbeRun, expires: Date) -> [String: JSONValue] {
        metadata(run, name: run.name, in: namespace, expires: expires)
    }

    static func metadata(
        _ run: ProbeRun, name: String, in namespace: String, labels more: [String: String] = [:], expires: Date
    ) -> [String: JSONValue] {
        [
            "name": .string(name), "namespace": .string(namespace),
            "labels": .object(labels(run).merging(more.mapValues { .string($0) }) { $1 }),
            "annotations": [Self.expires: .string(stamp(expires)), holder: .string(run.holder)],
        ]
    }

    static func labels(_ run: ProbeRun) -> [String: JSONValue] {
        [managedBy.key: .string(managedBy.value), runLabel: .string(run.id)]
    }

    /// RFC 3339, whole seconds.
    static func stamp(_ date: Date) -> String { date.formatted(.iso8601) }

    /// The Job: one pod, once, for so many seconds.
    static func job(_ run: ProbeRun, _ options: ProbeOptions, limits: ProbeLimits, expires: Date) -> JSONValue {
        PodJob(
            metadata: metadata(run, expires: expires), configMap: run.name, command: ["sh", "/isthmus/probe.sh"],
            environment: [
                "ISTHMUS_NONCE": run.nonce, "ISTHMUS_CONNECT": String(limits.connect), "ISTHMUS_TOTAL": String(limits.total),
                "ISTHMUS_SECOND": String(limits.second), "ISTHMUS_WORKERS": String(ProbeScript.workers),
            ],
            seconds: limits.job, podLabels: labels(run).merging(["sidecar.istio.io/inject": "false"]) { $1 },
            podAnnotations: ["sidecar.istio.io/inject": "false"]
        ).manifest(options)
    }
}

/// A Job of one pod with one container, which reads its program from a ConfigMap and has nothing that it does not need: it meets Pod
/// Security `restricted`.
struct PodJob {
    var metadata: [String: JSONValue]
    var configMap: String
    var command: [String]
    var environment: [String: String]
    /// After which Kubernetes ends it.
    var seconds: Int
    var podLabels: [String: JSONValue]
    var podAnnotations: [String: JSONValue]
    /// So often another pod takes the place of one that failed.
    var retries = 0

    func manifest(_ options: ProbeOptions) -> JSONValue {
        var pod: [String: JSONValue] = [
            "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 1,
            "securityContext": [
                "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532,
                "seccompProfile": ["type": "RuntimeDefault"],
            ],
            "containers": [container(options)],
            "volumes": [
                ["name": "isthmus", "configMap": ["name": .string(configMap), "defaultMode": 0o555]],
                ["name": "tmp", "emptyDir": ["sizeLimit": "16Mi"]],
            ],
        ]
        if !options.pullSecrets.isEmpty {
            pod["imagePullSecrets"] = .array(options.pullSecrets.map { ["name": .string($0)] })
        }
        if !options.nodeSelector.isEmpty { pod["nodeSelector"] = .object(options.nodeSelector.mapValues { .string($0) }) }
        if !options.tolerations.isEmpty { pod["tolerations"] = .array(options.tolerations.map(\.json)) }
        let annotations = podAnnotations.merging(["cluster-autoscaler.kubernetes.io/safe-to-evict": "true"]) { $1 }
        return [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": .object(metadata),
            "spec": [
                "backoffLimit": .integer(Int64(retries)), "completions": 1, "parallelism": 1,
                "activeDeadlineSeconds": .integer(Int64(seconds)), "ttlSecondsAfterFinished": 60,
                "template": [
                    "metadata": ["labels": .object(podLabels), "annotations": .object(annotations)],
                    "spec": .object(pod),
                ],
            ],
        ]
    }

    private func container(_ options: ProbeOptions) -> JSONValue {
        let variables = environment.sorted { $0.key < $1.key }
        return [
            "name": "probe", "image": .string(options.image), "imagePullPolicy": "IfNotPresent",
            "command": .array(command.map { .string($0) }),
            "env": .array(variables.map { ["name": .string($0.key), "value": .string($0.value)] }),
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
                "capabilities": ["drop": ["ALL"]],
            ],
            "resources": [
                "requests": ["cpu": "50m", "memory": "32Mi", "ephemeral-storage": "16Mi"],
                "limits": ["cpu": "1", "memory": "256Mi", "ephemeral-storage": "64Mi"],
            ],
            "volumeMounts": [
                ["name": "isthmus", "mountPath": "/isthmus", "readOnly": true], ["name": "tmp", "mountPath": "/tmp"],
            ],
        ]
    }
}

extension Toleration {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [:]
        if !key.isEmpty { members["key"] = .string(key) }
        if !effect.isEmpty { members["effect"] = .string(effect) }
        if let value {
            members["operator"] = "Equal"
            members["value"] = .string(value)
        } else {
            members["operator"] = "Exists"
        }
        return .object(members)
    }
}

/// The seconds that a probe's parts may take.
struct ProbeLimits: Sendable, Equatable {
    /// Until a connection stands.
    var connect: Int
    /// For one attempt.
    var total: Int
    /// For a second one, after one that hung.
    var second: Int
    /// For everything that the script does.
    var script: Int
    /// From the Job's creation to its end, pulling the image and finding a node included.
    var job: Int

    /// For which the run needs its objects at most.
    var lifetime: Int { job + 120 }

    init(connect: Int, total: Int, script: Int, job: Int) {
        (self.connect, self.total, second, self.script, self.job) = (connect, total, 0, script, job)
    }

    init(targets: Int, timeout: Duration, connectTimeout: Duration, start: Duration) {
        connect = max(1, Int((connectTimeout / .seconds(1)).rounded(.up)))
        total = max(connect + 1, Int((timeout / .seconds(1)).rounded(.up)))
        second = ProbeScript.secondAttempt
        let rounds = (targets + ProbeScript.workers - 1) / ProbeScript.workers
        script = rounds * (connect + total + second) + 10
        job = Int((start / .seconds(1)).rounded(.up)) + script
    }
}

/// What the script reads.
struct ProbeFiles: Sendable, Equatable {
    private(set) var texts: [String: String] = [:]
    private(set) var binaries: [String: Data] = [:]

    /// A ConfigMap may hold a mebibyte.
    static let limit = 1_000_000

    init(_ targets: [ProbeTarget], random: [UInt8]) {
        var authorities: [Data: String] = [:]
        var lines = ""
        for (index, target) in targets.enumerated() {
            var authority = "-", greeting = "-"
            switch target.trust {
            case .system: break
            case .nothing: authority = "none"
            case .authority(let pem):
                authority = authorities[pem] ?? "ca-\(authorities.count)"
                authorities[pem] = authority
                texts[authority] = String(decoding: pem, as: UTF8.self)
            }
            if target.kind == .gateway, !target.serverName.isEmpty {
                greeting = "hello-\(index)"
                binaries[greeting] = Data(ClientHello.bytes(serverName: target.serverName, random: random))
                binaries["small-\(index)"] = Data(
                    ClientHello.bytes(serverName: target.serverName, random: random, ciphers: ClientHello.none))
            }
            let name = target.kind == .controlPlane && !target.serverName.isEmpty ? target.serverName : target.host
            let words = [
                String(index), target.kind.word, target.host, String(target.port), bracketed(name), authority,
                target.path.isEmpty ? "-" : target.path, greeting,
            ]
            lines += words.joined(separator: " ") + "\n"
        }
        texts["targets"] = lines
        texts["probe.sh"] = ProbeScript.text
        texts["pad"] = "X-Isthmus-Pad: \(String(repeating: "x", count: 4000))\n"
    }

    /// Bytes, as the API server counts them.
    var size: Int {
        texts.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            + binaries.reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
    }
}

extension ProbeTarget.Kind {
    /// In the script.
    fileprivate var word: String {
        switch self {
        case .controlPlane: "api"
        case .gateway: "gateway"
        case .gatewayStatus: "status"
        case .own: "own"
        case .void: "void"
        }
    }
}
