internal import Foundation
internal import Kubernetes
internal import Mesh

/// A plan's objects as files for GitOps: a folder per cluster, names that sort in the order of applying. There is no secret in them.
package struct Rendering: Sendable {
    /// A file, by its path from the folder that is rendered into.
    package struct File: Sendable, Hashable {
        package let path: String
        package let text: String
    }

    /// In the order of their paths.
    package let files: [File]

    /// What a person should know of what is not in the files.
    package let notes: [String]

    package init(_ plan: SetupPlan) throws {
        var files: [File] = []
        var notes: [String] = []
        for cluster in plan.clusters {
            let folder = Self.name(cluster.name)
            for (index, act) in cluster.acts.enumerated() {
                if act.step == .register {
                    notes.append("\(cluster.name): its registration to the fleet is not rendered: gcloud does it")
                } else if act.isSomebodyElses {
                    notes.append("\(cluster.name): \(act.object.words) is not rendered: it is \(act.reason)")
                } else if act.secret == nil {
                    files.append(File(path: "\(folder)/\(Self.fileName(act, index))", text: try Self.text(act)))
                }
            }
            let secrets = cluster.acts.filter { $0.secret != nil }
            if !secrets.isEmpty {
                files.append(
                    File(path: "\(folder)/\(Self.prefix(.discovery))-remote-secrets.txt", text: Self.secretsNote(secrets)))
                notes.append("\(cluster.name): \(secrets.count) remote secrets are not rendered: they hold tokens")
            }
        }
        files.append(File(path: "README.txt", text: Self.readme(plan)))
        self.files = files.sorted { $0.path < $1.path }
        self.notes = notes
    }

    private static func prefix(_ step: SetupStep) -> String { "\(step.order * 10)-\(step.rawValue)" }

    /// `20-gateway-05-service-istio-eastwestgateway.yaml`; the number within a step keeps the order of applying.
    private static func fileName(_ act: Act, _ index: Int) -> String {
        let number = index < 10 ? "0\(index)" : "\(index)"
        return "\(prefix(act.step))-\(number)-\(act.object.kind.lowercased())-\(name(act.object.name)).yaml"
    }

    /// A name that is one component of a path, whatever the cluster is called.
    private static func name(_ text: String) -> String {
        let plain = String(
            text.unicodeScalars.map {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "-_.".unicodeScalars.contains($0))
                    ? Character($0) : "_"
            })
        return plain.allSatisfy { $0 == "." } ? "_" : plain
    }

    private static func text(_ act: Act) throws -> String {
        guard act.object.kind == "IstioOperator" else { return try ManifestYAML.text(act.desired) }
        let spec = act.desired["spec"]
        return IstioOperatorText.text(network: spec?["network"]?.string ?? "", revision: spec?["revision"]?.string ?? "")
    }

    private static func secretsNote(_ acts: [Act]) -> String {
        let list = acts.compactMap { act in
            act.secret.map { "  \(act.object.namespace)/\(act.object.name)    opens \($0.cluster) at \($0.server)" }
        }
        return """
            The remote secrets of this cluster hold tokens, and so are in no file here and belong in no repository:

            \(list.joined(separator: "\n"))

            isthmus makes them from the other clusters, once everything else is good everywhere:

              isthmus setup apply -f mesh.yaml

            Written before the gateways work, they make istiod send requests where nobody answers.

            """
    }

    private static func readme(_ plan: SetupPlan) -> String {
        let steps = plan.options.steps.filter { $0 != .register }.sorted().map { "  \(prefix($0))-*    \($0.title)" }
        return """
            Made by isthmus \(plan.isthmusVersion) for the mesh \(plan.mesh.id)\(plan.mesh.revision.isEmpty ? "" : ", revision \(plan.mesh.revision)").
            A folder per cluster; the names sort in the order of applying:

            \(steps.joined(separator: "\n"))

            Apply each step to every cluster before the next one, by server-side apply, so that what others set stays:

              kubectl --context CLUSTER apply --server-side --field-manager isthmus -f FOLDER/FILE

            The file of the Namespace has one label and nothing else: a tool that prunes must not own the namespace by it.
            An IstioOperator is for istioctl (istioctl install -y -f FILE), not for kubectl.
            Make these files anew with isthmus setup render; what somebody has changed here is never overwritten.

            """
    }
}

extension Act {
    /// The gateway that istioctl or Helm keeps: rendering it, too, would set two owners against each other.
    fileprivate var isSomebodyElses: Bool { object.kind != "IstioOperator" && reason.contains("installed by ") }
}
