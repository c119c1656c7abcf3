internal import Foundation
internal import Kubernetes
internal import Mesh
internal import Secrecy

/// Installs the gateway the guide's way: an IstioOperator, piped into the user's istioctl.
struct IstioctlInstaller: Sendable {
    let istioctl: UserProgram
    let script: UserProgram?
    let performer: ActPerformer
    let mesh: MeshIdentity

    private var target: SetupTarget { performer.target }

    func install(_ act: Act) async throws(SetupFailure) -> Bool {
        try await checkVersion(act)
        let text = try await operatorText(act)
        var record = ProgramRecord(performer: performer, act: act.id, program: "istioctl")
        try await record.begin(try await objects(act))
        performer.report(.doing(cluster: target.name, act.verb, act.object))
        let arguments = ["install", "-y", "-f", "-", "--kubeconfig", target.kubeconfig, "--context", target.context]
        let outcome = try await istioctl.run(arguments, input: text) { [report = performer.report, name = target.name] line in
            report(.output(cluster: name, line: line))
        }
        let isChanged = try await record.end()
        guard outcome.code == 0 else { throw failure(act, outcome) }
        performer.report(.did(cluster: target.name, act.verb, act.object))
        return isChanged
    }

    private func failure(_ act: Act, _ problem: String, _ remedy: String) -> SetupFailure {
        SetupFailure(cluster: target.name, object: act.object.words, problem, remedy: remedy)
    }

    // MARK: What it is given

    private func operatorText(_ act: Act) async throws(SetupFailure) -> String {
        let network = act.desired["spec"]?["network"]?.string ?? "", revision = act.desired["spec"]?["revision"]?.string ?? ""
        guard let script else { return IstioOperatorText.text(network: network, revision: revision) }
        let arguments = ["--mesh", mesh.id, "--network", network, "--revision", revision]
        let outcome = try await script.run(arguments)
        guard outcome.code == 0, outcome.output.contains("kind: IstioOperator") else {
            throw failure(
                act,
                "\(printable(script.name)) \(arguments.joined(separator: " ")) ended with code \(outcome.code) and no IstioOperator: "
                    + printable(outcome.text, limit: 600), "leave out --gateway-script: isthmus writes the same by itself")
        }
        return outcome.output
    }

    // MARK: Version

    private struct Version: Decodable {
        struct Client: Decodable { var version: String }
        var clientVersion: Client
    }

    /// istioctl renders the charts of its own version: it has to be the control plane's.
    private func checkVersion(_ act: Act) async throws(SetupFailure) {
        let outcome = try await istioctl.run(["version", "--remote=false", "-o", "json"])
        guard outcome.code == 0, let version = try? JSONDecoder().decode(Version.self, from: Data(outcome.output.utf8)) else {
            throw failure(
                act,
                "\(printable(istioctl.path)) is no istioctl: \"version --remote=false -o json\" ended with code \(outcome.code): "
                    + printable(outcome.text, limit: 300), "--istioctl PATH names the one that came with the control plane")
        }
        let own = version.clientVersion.version
        guard let installed = try await controlPlane(act) else { return }
        guard Self.minor(own) == Self.minor(installed) else {
            throw failure(
                act,
                "istioctl is of version \(printable(own)), and the control plane of \(printable(installed)): istioctl would render "
                    + "the charts of its own version", "--istioctl PATH names the one that came with the control plane")
        }
    }

    /// `1.24` of `1.24.6-asm.9`.
    static func minor(_ version: String) -> [Substring] { Array(version.split(separator: ".").prefix(2)) }

    private struct Deployment: Decodable, Sendable {
        struct Spec: Decodable, Sendable { var template: Template }
        struct Template: Decodable, Sendable { var spec: PodSpec }
        struct PodSpec: Decodable, Sendable { var containers: [Container] }
        struct Container: Decodable, Sendable {
            var name: String
            var image: String?
        }
        var spec: Spec
    }

    /// The version of the revision's istiod, by its image's tag; `nil` where it has none that says.
    private func controlPlane(_ act: Act) async throws(SetupFailure) -> String? {
        let revision = act.desired["spec"]?["revision"]?.string ?? ""
        let selection = Selection(labels: "app=istiod" + (revision.isEmpty ? "" : ",istio.io/rev=\(revision)"))
        let path = Resource.deployments.path(namespace: MeshConstants.systemNamespace)
        do throws(KubernetesError) {
            let found = try await target.client.list(path, selection, as: Deployment.self).items
            let image = found.first?.spec.template.spec.containers.first { $0.name == "discovery" }?.image
            let tag = image.flatMap { $0.split(separator: "/").last?.split(separator: ":").dropFirst().first }
            return tag.map(String.init).flatMap { Self.minor($0).count == 2 && $0.first?.isNumber == true ? $0 : nil }
        } catch {
            throw SetupFailure(error, cluster: target.name, object: "Deployment istiod")
        }
    }

    // MARK: What it makes

    /// The objects that `istioctl install` makes of it (Istio 1.24).
    private func objects(_ act: Act) async throws(SetupFailure) -> [ObjectReference] {
        let groups: APIGroups
        do throws(KubernetesError) { groups = try await target.client.apiGroups() } catch {
            throw SetupFailure(error, cluster: target.name, object: act.object.words)
        }
        func object(_ apiVersion: String, _ kind: String, _ name: String = MeshConstants.eastWestGateway) -> ObjectReference {
            ObjectReference(
                cluster: target.name, apiVersion: apiVersion, kind: kind, namespace: MeshConstants.systemNamespace, name: name)
        }
        let rbac = "rbac.authorization.k8s.io/v1"
        var objects = [
            object("v1", "ServiceAccount", GatewayManifests.serviceAccount), object(rbac, "Role", GatewayManifests.role),
            object(rbac, "RoleBinding", GatewayManifests.role), object("apps/v1", "Deployment"), object("v1", "Service"),
        ]
        if let version = groups.firstServed("autoscaling", ["v2", "v2beta2", "v2beta1", "v1"]) {
            objects.append(object("autoscaling/\(version)", "HorizontalPodAutoscaler"))
        }
        if let version = groups.firstServed("policy", ["v1", "v1beta1"]) {
            objects.append(object("policy/\(version)", "PodDisruptionBudget"))
        }
        return objects
    }

    // MARK: How it fails

    private func failure(_ act: Act, _ outcome: UserProgram.Outcome) -> SetupFailure {
        let text = outcome.text
        let meaning: (String, String) =
            if text.contains("field is immutable") {
                (
                    "a field that can never change differs (the selector holds the network's name)",
                    "kubectl -n istio-system delete deployment istio-eastwestgateway, then start again: its address stays with the Service"
                )
            } else if text.contains("timed out waiting") || text.contains("unready") || text.contains("did not become ready") {
                (
                    "the gateway did not become ready while istioctl waited",
                    "kubectl -n istio-system get pods -l istio=eastwestgateway; kubectl -n istio-system get events"
                )
            } else if text.contains("forbidden") || text.contains("Unauthorized") {
                ("the credential of the kubeconfig is not allowed to do this", "isthmus setup plan lists the permissions")
            } else if text.contains("unknown flag") || text.contains("unknown command") {
                ("it does not know what it was asked for: another program, or an old version", "--istioctl PATH")
            } else {
                ("istioctl install failed", "its lines above say why")
            }
        return failure(act, "istioctl ended with code \(outcome.code): \(meaning.0): \(outcome.lastLines)", meaning.1)
    }
}
