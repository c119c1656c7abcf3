internal import AtOnce
internal import Judge
internal import Kubernetes
internal import Mesh

/// The acts of the step "gateway" in one cluster.
struct GatewayPlanning: Sendable {
    let dryRun: DryRun
    let wish: GatewayWish
    let installer: SetupOptions.Installer

    /// What others have installed, where they have.
    struct Foreign: Sendable, Equatable {
        /// For people: `istioctl`, `Helm release x`.
        var owner: String
        /// What istiod, the injector or peers would not find as wanted.
        var differences: [FieldChange]
    }

    func acts(_ groups: APIGroups) async -> (acts: [Act], findings: [Finding]) {
        let objects = GatewayManifests.objects(wish, GatewayAPIs(groups))
        let foreign: Foreign?
        do throws(KubernetesError) {
            foreign = try await self.foreign(objects)
        } catch {
            let refusal = Refusal(error)
            return (objects.map { plain($0, refusal.verb, refusal.words) }, [])
        }
        if installer == .istioctl { return ([operatorAct(foreign)], []) }
        guard let foreign else { return (await objects.atOnce(limit: 4) { await dryRun.act(.gateway, $0) }, []) }
        if foreign.differences.isEmpty {
            let reason = "as wanted, installed by \(foreign.owner)"
            return (objects.map { plain($0, .leave, reason) }, [])
        }
        let finding = Finding(
            .error, cluster: dryRun.cluster,
            "the gateway was installed by \(foreign.owner), which would put back what isthmus changed; "
                + "not as wanted: \(foreign.differences.map(\.path).joined(separator: ", "))",
            remedy: foreign.owner.hasPrefix("Helm")
                ? "upgrade the release with networkGateway=\(wish.network) and revision=\(wish.revision), or uninstall it"
                : "isthmus setup plan --installer istioctl, or remove what istioctl installed")
        let acts = objects.map { object in
            var act = plain(object, .conflict, "installed by \(foreign.owner)")
            if object["kind"] == "Deployment" || object["kind"] == "Service" { act.fields = foreign.differences }
            return act
        }
        return (acts, [finding])
    }

    private func plain(_ object: JSONValue, _ verb: Verb, _ reason: String) -> Act {
        Act(
            step: .gateway, object: ObjectReference(cluster: dryRun.cluster, object), verb: verb, desired: object, reason: reason)
    }

    /// The one act of the guide's own way: what istioctl is given. It renders the objects itself.
    private func operatorAct(_ foreign: Foreign?) -> Act {
        let text: JSONValue = .kubernetes(
            "install.istio.io/v1alpha1", "IstioOperator", IstioOperatorText.name, namespace: nil,
            ["spec": ["network": .string(wish.network), "revision": .string(wish.revision)]])
        guard let foreign, foreign.owner.hasPrefix("istioctl") else {
            let reason = foreign.map { "installed by \($0.owner)" } ?? ""
            return plain(text, foreign == nil ? .create : .conflict, reason)
        }
        var act = plain(text, foreign.differences.isEmpty ? .leave : .change, "installed by \(foreign.owner)")
        act.fields = foreign.differences
        return act
    }

    /// What stands there from somebody who would put his own back: istioctl, an operator, Helm.
    private func foreign(_ objects: [JSONValue]) async throws(KubernetesError) -> Foreign? {
        var owner: String?
        var differences: [FieldChange] = []
        for object in objects where object["kind"] == "Deployment" || object["kind"] == "Service" {
            let live = try await dryRun.find(ObjectReference(cluster: dryRun.cluster, object))
            if let live, owner == nil { owner = Self.owner(live) }
            differences += Self.differences(object, live)
        }
        return owner.map { Foreign(owner: $0, differences: differences) }
    }

    /// Who says in an object's labels that he installed it; `nil` for isthmus and for nobody.
    static func owner(_ live: JSONValue) -> String? {
        let labels = live["metadata"]?["labels"]
        let annotations = live["metadata"]?["annotations"]
        // First: what istioctl makes says "managed by Helm", too.
        if labels?["operator.istio.io/managed"] != nil || labels?["install.operator.istio.io/owning-resource"] != nil {
            let version = labels?["operator.istio.io/version"]?.string ?? ""
            return version.isEmpty || version == "unknown" ? "istioctl" : "istioctl \(version)"
        }
        if let release = annotations?["meta.helm.sh/release-name"]?.string { return "Helm release \(release)" }
        if labels?[Ownership.managedBy.key]?.string == "Helm" { return "Helm" }
        return nil
    }

    /// What of an object is read by istiod, its injector or peers, and is not as wanted.
    static func differences(_ wanted: JSONValue, _ live: JSONValue?) -> [FieldChange] {
        guard let live else {
            return [FieldChange(path: ".\(wanted["kind"]?.string ?? "")", before: nil, after: "is missing")]
        }
        return FieldDifference.missing(essentials(wanted), in: live)
    }

    /// The members of an object that matter to others, whoever installed it: those in which all ways of installing agree.
    private static func essentials(_ wanted: JSONValue) -> JSONValue {
        let (key, value) = MeshConstants.eastWestGatewayLabel
        guard wanted["kind"] == "Deployment" else {
            let network = wanted["metadata"]?["labels"]?[MeshConstants.networkLabel] ?? ""
            let port: JSONValue = ["name": "tls", "port": .integer(Int64(MeshConstants.gatewayPort))]
            return [
                "metadata": ["labels": .object([MeshConstants.networkLabel: network])],
                "spec": ["type": "LoadBalancer", "ports": [port], "selector": .object([key: .string(value)])],
            ]
        }
        let template = wanted["spec"]?["template"]
        var labels: [String: JSONValue] = [key: .string(value)]
        labels[MeshConstants.revisionLabel] = template?["metadata"]?["labels"]?[MeshConstants.revisionLabel]
        let view = template?["spec"]?["containers"]?[0]?["env"]?.array?.filter {
            $0["name"] == "ISTIO_META_REQUESTED_NETWORK_VIEW"
        }
        let proxy: JSONValue = ["name": "istio-proxy", "image": "auto", "env": .array(view ?? [])]
        return ["spec": ["template": ["metadata": ["labels": .object(labels)], "spec": ["containers": [proxy]]]]]
    }
}

/// Whether the injector makes proxies, asked without making one.
enum InjectionProof {
    /// The name of the gate; no check of the Judge has it, because the Judge asks no server.
    static let gate = "injection-proved"

    /// Creates a gateway's pod in a dry run and looks at what the server would have stored.
    static func look(_ client: KubernetesClient, cluster: String, _ wish: GatewayWish) async -> Gate {
        var gate = Gate(step: .gateway, check: gate, subject: cluster, status: .unknown, message: "")
        do throws(KubernetesError) {
            let path = Resource.pods.path(namespace: MeshConstants.systemNamespace)
            let made = try await client.create(
                path, GatewayManifests.pod(wish), manager: Ownership.manager, dryRun: true, as: JSONValue.self)
            let containers = (made["spec"]?["containers"]?.array ?? []) + (made["spec"]?["initContainers"]?.array ?? [])
            let image = containers.first { $0["name"] == "istio-proxy" }?["image"]?.string ?? ""
            let isInjected = !image.isEmpty && image != "auto"
            gate.status = isInjected ? .pass : .fail
            gate.message =
                isInjected
                ? "a gateway's pod, made in a dry run, gets the image \(image)"
                : "a gateway's pod, made in a dry run, keeps the image \"auto\": no injector webhook of revision "
                    + "\(wish.revision.isEmpty ? "default" : wish.revision) took it"
        } catch {
            let refusal = Refusal(error)
            gate.status = refusal.verb == .refused ? .fail : .unknown
            gate.message = "a gateway's pod was not taken in a dry run: \(refusal.words)"
        }
        return gate
    }
}
