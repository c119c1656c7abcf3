internal import AtOnce
internal import Foundation
package import HTTP
internal import Kubernetes
package import Mesh

/// Removes what probes and test workloads left in a mesh's clusters.
package struct ProbeCleanup: Sendable {
    private let mesh: MeshDeclaration
    private let http: HTTPClient
    private let options: CollectOptions

    package init(mesh: MeshDeclaration, http: HTTPClient, options: CollectOptions) {
        self.mesh = mesh
        self.http = http
        self.options = options
    }

    /// What was done in one cluster. Names of objects are `KIND NAMESPACE/NAME`.
    package struct Outcome: Sendable, Equatable {
        package var cluster: String
        package var removed: [String] = []
        /// Of runs that may still be going on, and until when.
        package var kept: [String] = []
        /// Why not everything could be done; empty where it could.
        package var problem = ""

        mutating func add(_ other: Outcome) {
            removed += other.removed
            kept += other.kept
            problem = [problem, other.problem].filter { !$0.isEmpty }.joined(separator: "; ")
        }
    }

    /// Cleans every cluster, all at the same time.
    ///
    /// - Parameter force: also remove what belongs to runs that may still be going on.
    package func clean(force: Bool) async -> [Outcome] {
        let plugins = ExecCache(trust: ExecTrust(allowed: options.allowExec))
        return await mesh.clusters.atOnce { await clean($0, force: force, plugins) }
    }

    private func clean(_ cluster: ClusterDeclaration, force: Bool, _ plugins: ExecCache) async -> Outcome {
        do {
            let access = try Kubeconfig.load(.file(cluster.kubeconfig)).resolve(context: cluster.context)
            let client = KubernetesClient(
                access: access, http: http, timeout: options.timeout, connectTimeout: options.connectTimeout, plugins: plugins)
            var outcome = await Self.clean(cluster.name, ProbeNamespace(client: client), force: force)
            let workloads = ProbeNamespace(client: client, place: .workloads(revision: ""))
            outcome.add(await Self.clean(cluster.name, workloads, force: force))
            return outcome
        } catch {
            return Outcome(cluster: cluster.name, problem: "\(error)")
        }
    }

    static func clean(_ cluster: String, _ namespace: ProbeNamespace, force: Bool) async -> Outcome {
        var outcome = Outcome(cluster: cluster)
        do throws(KubernetesError) {
            let found: ProbeNamespace.Object?, now: Date
            do throws(KubernetesError) {
                (found, now) = try await namespace.find()
            } catch {
                // Whoever may not even look at it has deployed nothing there.
                guard error.isForbidden, namespace.place.level == .mutate else { throw error }
                return outcome
            }
            guard found != nil else { return outcome }
            for object in try await namespace.objects() {
                let name = "\(object.kind) \(namespace.place.name)/\(object.name)"
                guard force || object.claim.isDead(at: now) else {
                    outcome.kept.append(
                        "\(name), of a run until \(object.claim.expires.map(ProbeObjects.stamp) ?? "it is removed")")
                    continue
                }
                try await namespace.remove(object)
                outcome.removed.append(name)
            }
            if try await namespace.dissolve(without: "", force: force) {
                outcome.removed.append("Namespace \(namespace.place.name)")
            }
        } catch {
            outcome.problem = "\(error.method) \(error.url): \(error.cause)"
        }
        return outcome
    }
}
