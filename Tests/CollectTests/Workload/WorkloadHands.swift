import Foundation
import Kubernetes
import Mesh
import Peers
import Synchronization
import Testing

@testable import Collect

/// What a cluster around a bare API server does for the workload proof: it makes the Jobs' pods, puts sidecars in, lets the servers serve
/// and the clients ask, all with their own programs, and takes away what goes. Names lead from every cluster to the servers of all that
/// the Services select, and a server with a sidecar and a rule for mutual TLS lets nobody in who has none.
final class WorkloadHands: Sendable {
    struct Behaviour: Sendable {
        /// Pods that want a sidecar get one.
        var injects = true
        /// Servers that run become ready.
        var makesReady = true
        /// Pods of these parts get a status, and no more.
        var stuck: [WorkloadObjects.Part: JSONValue] = [:]
        /// Of the logs of these parts the end is missing.
        var cutsLogs: Set<WorkloadObjects.Part> = []
    }

    let cluster: BareCluster
    private let mesh: WorkloadMesh
    private let behaviour = Mutex(Behaviour())
    /// By the Jobs' uids: those that run, and those that were taken away.
    private let servers = Mutex<(running: [String: Server], away: Set<String>)>(([:], []))
    private let pods = Mutex(0)

    private static let rules = "/apis/security.istio.io/v1beta1/peerauthentications"
    private static let services = "/api/v1/services"

    /// One that runs.
    private struct Server: Sendable {
        var pod: String
        var port: Int
        var labels: [String: String]
        var hasSidecar: Bool
        var process: Daemon
    }

    init(_ mesh: WorkloadMesh) async throws {
        self.mesh = mesh
        cluster = try await BareCluster(space: WorkloadObjects.namespace, more: [Self.services, Self.rules])
        try await defineRules()
        cluster.followJobs { [self] change in
            switch change {
            case .came(let job): start(job)
            case .changed(let job): await scale(job)
            case .went(let job): await collect(job)
            }
        }
    }

    func behave(_ change: (inout Behaviour) -> Void = { _ in }) {
        var new = Behaviour()
        change(&new)
        behaviour.withLock { $0 = new }
    }

    /// Istio's kind PeerAuthentication.
    private func defineRules() async throws {
        let any: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        let schema: JSONValue = ["openAPIV3Schema": ["type": "object", "properties": ["spec": any]]]
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "peerauthentications.security.istio.io"],
            "spec": [
                "group": "security.istio.io", "scope": "Namespaced",
                "names": [
                    "kind": "PeerAuthentication", "plural": "peerauthentications", "singular": "peerauthentication",
                    "listKind": "PeerAuthenticationList",
                ],
                "versions": [["name": "v1beta1", "served": true, "storage": true, "schema": schema]],
            ],
        ]
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        _ = try await cluster.admin.create(path, definition, manager: "test", as: JSONValue.self)
        let end = ContinuousClock.now + .seconds(30)
        while (try? await cluster.admin.list(Self.rules, as: JSONValue.self)) == nil {
            guard ContinuousClock.now < end else { throw PeerError(description: "PeerAuthentication is not served") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Jobs

    private func start(_ job: JSONValue) {
        let behaviour = behaviour.withLock { $0 }
        cluster.work { [self] in
            do { try await run(job, behaviour) } catch {
                // The Job, or its namespace, has gone meanwhile.
            }
        }
    }

    private func run(_ job: JSONValue, _ behaviour: Behaviour) async throws {
        let labels = job.podLabels
        guard let part = WorkloadObjects.Part(rawValue: labels["isthmus.dev/part"] ?? "") else { return }
        let number = pods.withLock { count in
            count += 1
            return count
        }
        let pod = "\(job.name)-x\(number)"
        let hasSidecar = behaviour.injects && labels["sidecar.istio.io/inject"] == "true"
        let revision = labels["istio.io/rev"] ?? ""
        try await cluster.makePod(
            job, pod, annotations: hasSidecar ? ["sidecar.istio.io/status": .string(#"{"revision":"\#(revision)"}"#)] : [:])
        if let status = behaviour.stuck[part] { return try await cluster.patch(pod, status) }
        // The kubelet waits for what is mounted.
        let files = try await files(of: job)
        if part == .server {
            let server = try await serve(job, pod, files, labels, hasSidecar: hasSidecar)
            servers.withLock { $0.running[job.uid] = server }
            try await cluster.patch(pod, PodState.running(ready: behaviour.makesReady))
        } else {
            try cluster.write("", of: pod)
            try await cluster.patch(pod, PodState.running())
            var output = String(
                decoding: try await ask(job, files, hasSidecar: hasSidecar, isPlain: part == .plain), as: UTF8.self)
            let isCut = behaviour.cutsLogs.contains(part)
            if isCut { output = String(output.prefix(output.count * 2 / 3)) }
            try cluster.write(output, of: pod)
            try await cluster.patch(pod, PodState.terminated(isCut ? 137 : 0))
        }
    }

    private func files(of job: JSONValue) async throws -> [String: Data] {
        let name = job["spec"]?["template"]?["spec"]?["volumes"]?[0]?["configMap"]?["name"]?.string ?? ""
        let map = try await cluster.admin.wait(
            cluster.path("/api/v1/configmaps"), Selection(fields: "metadata.name=\(name)"), as: JSONValue.self,
            deadline: .seconds(20), key: { $0.name }, until: { $0.first })
        return try #require(map, "ConfigMap \(name)").files
    }

    private func serve(
        _ job: JSONValue, _ pod: String, _ files: [String: Data], _ labels: [String: String], hasSidecar: Bool
    ) async throws -> Server {
        let box = try ProbeBox.folder(files)
        // Where the kubelet mounts it, for this process.
        let script = String(decoding: files["serve.sh"] ?? Data(), as: UTF8.self).replacing(
            "/isthmus/", with: "\(box.path("in"))/")
        try box.write("in/serve.sh", Data(script.utf8))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: box.path("in/answer.sh"))
        let port = try Listener.freePort()
        let process = try await Daemon(
            "/usr/bin/env",
            ["-i", "PATH=\(box.path("bin"))"] + job.variables.map { "\($0)=\($1)" } + [
                box.path("bin/sh"), box.path("in/serve.sh"), "\(port)",
            ], port: port, folder: box)
        return Server(pod: pod, port: port, labels: labels, hasSidecar: hasSidecar, process: process)
    }

    private func ask(_ job: JSONValue, _ files: [String: Data], hasSidecar: Bool, isPlain: Bool) async throws -> Data {
        let folder = try Folder()
        let names = try await mesh.endpoints(from: self, isPlain: isPlain)
        let lines = names.map { "\($0.name) \($0.port)\n" }.joined()
        var variables = job.variables
        // Nobody has to be waited for here.
        variables["ISTHMUS_PATIENCE"] = "2"
        variables["MESH_NAMES"] = try folder.write("names", Data(lines.utf8))
        variables["MESH_SIDECAR"] = hasSidecar ? "yes" : ""
        let curl = try folder.write("curl", Data(Self.curl.utf8))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: curl)
        let output = try await ProbeBox.run(
            files, script: "ask.sh", own: cluster.server.port, variables.map { "\($0)=\($1)" }, curl: curl)
        withExtendedLifetime(folder) {}
        return output
    }

    /// curl, with what DNS and the sidecar do: a name leads to one of its servers, which hears who the two ends are.
    private static let curl = #"""
        #!/bin/bash
        host=${!#} ports=()
        host=${host#http://}
        if [[ $host == 127.0.0.1:15021/* ]]; then [[ $MESH_SIDECAR ]]; exit; fi
        if [[ $host == 127.0.0.1:15000/* && $MESH_SIDECAR ]]; then
          out=/dev/stdout
          while (($# > 1)); do [[ $1 != -o ]] || out=$2; shift; done
          if [[ $host == */certs ]]; then
            echo '{"certificates": [{"ca_cert": [{"serial_number": "0a"}], "cert_chain": [{"subject_alt_names": [{"uri": "spiffe://td/own"}]}]}]}'
          else
            while read -r name port; do
              cluster="outbound|8080||$name.svc.cluster.local::127.0.0.1:$port"
              printf '%s\n' "$cluster::cx_total::2" "$cluster::rq_total::2" "$cluster::health_flags::healthy"
            done <"$MESH_NAMES"
          fi >"$out"
          exit
        fi
        if [[ $host == 127.0.0.1* ]]; then exit 7; fi
        while read -r name port; do [[ $name != "${host%%[:/]*}" ]] || ports+=("$port"); done <"$MESH_NAMES"
        ((${#ports[@]})) || ports=(1)
        account=spiffe://td/ns/isthmus-verify/sa/default ends=()
        [[ ! $MESH_SIDECAR ]] || ends=(-H "X-Forwarded-Client-Cert: By=$account;URI=$account")
        exec /usr/bin/curl "$@" --connect-to "::127.0.0.1:${ports[RANDOM % ${#ports[@]}]}" "${ends[@]}"
        """#

    /// What the Job controller does where more or fewer pods are wanted.
    private func scale(_ job: JSONValue) async {
        if job["spec"]?["parallelism"] == 0 {
            let server = servers.withLock { servers in
                servers.away.insert(job.uid)
                return servers.running.removeValue(forKey: job.uid)
            }
            if let server { await cluster.remove(cluster.path("/api/v1/pods", server.pod)) }
        } else if servers.withLock({ $0.away.remove(job.uid) }) != nil {
            start(job)
        }
    }

    /// What the garbage collector does.
    private func collect(_ job: JSONValue) async {
        servers.withLock { $0.running[job.uid] = nil }
        await cluster.remove(cluster.path("/api/v1/pods"), [("labelSelector", "job-name=\(job.name)")])
    }

    // MARK: Names

    /// What stands behind the Services' names in this cluster, by the name.
    func endpoints(isPlain: Bool, _ closed: Int) async throws -> [(name: String, port: Int)] {
        let servers = servers.withLock { Array($0.running.values) }
        let rules = try await cluster.admin.list(cluster.path(Self.rules), as: JSONValue.self).items
        let services = try await cluster.admin.list(cluster.path(Self.services), as: JSONValue.self).items
        return services.flatMap { service in
            servers.filter { $0.labels.has(service["spec"]?["selector"]) }.map { server in
                let isStrict = rules.contains { rule in
                    rule["spec"]?["mtls"]?["mode"]?.string == "STRICT"
                        && server.labels.has(rule["spec"]?["selector"]?["matchLabels"])
                }
                let isRefused = isPlain && isStrict && server.hasSidecar
                return ("\(service.name).\(cluster.space)", isRefused ? closed : server.port)
            }
        }
    }

    /// The names that can be resolved here.
    func names() async throws -> Set<String> {
        Set(
            try await cluster.admin.list(cluster.path(Self.services), as: JSONValue.self).items.map {
                "\($0.name).\(cluster.space)"
            })
    }
}
