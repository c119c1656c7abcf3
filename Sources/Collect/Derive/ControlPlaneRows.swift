internal import Facts
internal import Mesh

extension Rows {
    /// Table `istiod`.
    ///
    /// - Parameters:
    ///   - pods: pods labelled `app=istiod`; `nil` where they cannot be read.
    ///   - settings: mesh configuration and injector values by revision; `nil` where ConfigMaps cannot be read.
    static func istiod(_ cluster: String, _ deployments: [Deployment], pods: [Pod]?, settings: [ConfigMap]?) -> [FactRow] {
        deployments.map { deployment in
            let namespace = deployment.metadata.namespace ?? ""
            let discovery = deployment.container("discovery")
            let image = discovery?.image ?? ""
            let revision = deployment.metadata.label(MeshConstants.revisionLabel)
            let id = discovery?.environment("CLUSTER_ID") ?? ""
            let started = pods?.filter(deployment.owns).compactMap { $0.started("discovery") }.min()
            return FactRow(
                "istiod",
                [
                    "cluster": .text(cluster), "namespace": .text(namespace), "name": .text(deployment.metadata.name),
                    "revision": .text(revision), "image": .text(image), "version": FactValue(imageVersion(image)),
                    "cluster_id": .text(id.isEmpty ? MeshConstants.defaultClusterID : id),
                    "ca_kind": FactValue(caKind(discovery, revision: revision, settings: settings)?.rawValue),
                    "multi_root": FactValue(isTrue(discovery?.environment("ISTIO_MULTIROOT_MESH"))),
                    "wanted_replicas": .integer(deployment.spec.replicas ?? 1),
                    "ready_replicas": .integer(deployment.status?.readyReplicas ?? 0),
                    "started_at": FactValue(started), "bundled": FactValue(isPlatform(namespace: namespace)),
                ])
        }
    }

    /// Namespaces in which the platform runs an Istio of its own, which is not the mesh.
    static func isPlatform(namespace: String) -> Bool {
        namespace == "gke-system" || namespace.hasPrefix("gke-managed-")
    }

    /// Go's `strconv.ParseBool` for true, which istiod reads its environment with.
    private static func isTrue(_ text: String?) -> Bool { ["1", "t", "T", "true", "TRUE", "True"].contains(text ?? "") }

    /// Who signs the workloads' certificates.
    enum CAKind: String {
        case istio = "istio-ca"
        case mesh = "mesh-ca"
        case authorityService = "cas"
        case gkeWorkloadCertificates = "gke-workload-certificates"
        case external
    }

    /// Reads who signs out of istiod's environment, the mesh configuration's proxy metadata and the injector's `caAddress`;
    /// the first place that says something counts. `nil` where it would stand in a ConfigMap that cannot be read.
    static func caKind(_ discovery: Container?, revision: String, settings: [ConfigMap]?) -> CAKind? {
        if let discovery {
            if !discovery.environment("EXTERNAL_CA").isEmpty { return .external }
            if let kind = caKind(
                provider: discovery.environment("CA_PROVIDER"), address: discovery.environment("CA_ADDR"))
            {
                return kind
            }
        }
        guard let settings else { return nil }
        let mesh = settings.first { $0.meshRevision == normal(revision) }.map(MeshConfig.init)
        if let metadata = mesh?.proxyMetadata,
            let kind = caKind(provider: metadata["CA_PROVIDER"] ?? "", address: metadata["CA_ADDR"] ?? "")
        {
            return kind
        }
        let values = settings.first { $0.injectorRevision == normal(revision) }.map(InjectorValues.init)
        return caKind(provider: "", address: values?.caAddress ?? "") ?? .istio
    }

    /// `nil` where provider and address say nothing, or that istiod signs, which an address elsewhere may still overrule.
    private static func caKind(provider: String, address: String) -> CAKind? {
        switch provider {
        case "GoogleCA": return .mesh
        case "GoogleCAS": return .authorityService
        case "GkeWorkloadCertificate": return .gkeWorkloadCertificates
        default: break
        }
        if address.hasPrefix("meshca.googleapis.com") { return .mesh }
        if address.contains("/caPools/") { return .authorityService }
        let host = address.prefix { $0 != ":" }
        return host.isEmpty || host.hasPrefix("istiod") ? nil : .external
    }

    /// The revision named `default` is the one without a suffix.
    static func normal(_ revision: String) -> String { revision == "default" ? "" : revision }

    /// Tables `mesh_config`, `mesh_network` and `injector_values`, out of the ConfigMaps of istio-system.
    static func settings(_ cluster: String, _ configMaps: [ConfigMap]) -> [FactRow] {
        configMaps.flatMap { map in
            var rows: [FactRow] = []
            if let revision = map.meshRevision {
                let mesh = MeshConfig(map)
                rows.append(
                    FactRow(
                        "mesh_config",
                        [
                            "cluster": .text(cluster), "revision": .text(revision), "trust_domain": .text(mesh.trustDomain),
                            "trust_domain_aliases": jsonText(mesh.trustDomainAliases), "mesh_id": .text(mesh.meshID),
                            "root_namespace": .text(mesh.rootNamespace), "auto_mtls": FactValue(mesh.autoMTLS),
                            "mesh_networks": FactValue(!mesh.networks.isEmpty), "cluster_local": jsonText(mesh.clusterLocal),
                            "parse_error": .text(mesh.parseError),
                        ]))
                rows += networks(cluster, revision: revision, mesh.networks)
            }
            if let revision = map.injectorRevision {
                let values = InjectorValues(map)
                rows.append(
                    FactRow(
                        "injector_values",
                        [
                            "cluster": .text(cluster), "revision": .text(revision), "network": .text(values.network),
                            "cluster_name": .text(values.clusterName), "mesh_id": .text(values.meshID),
                            "ca_name": .text(values.caName), "parse_error": .text(values.parseError),
                        ]))
            }
            return rows
        }
    }

    private static func networks(_ cluster: String, revision: String, _ networks: [String: MeshNetwork]) -> [FactRow] {
        networks.sorted { $0.key < $1.key }.map { name, network in
            FactRow(
                "mesh_network",
                [
                    "cluster": .text(cluster), "revision": .text(revision), "network": .text(name),
                    "registries": jsonText(network.registries), "ranges": jsonText(network.ranges),
                    "addresses": jsonText(network.addresses), "services": jsonText(network.services),
                    "empty_gateways": .integer(network.emptyGateways),
                ])
        }
    }

    /// Table `webhook`: the webhooks of sidecar injectors, whoever runs them.
    ///
    /// - Parameter roots: fingerprints of the root bundle in istio-system; `nil` where it is not known.
    static func webhooks(_ cluster: String, _ configurations: [WebhookConfiguration], roots: Set<String>?) -> [FactRow] {
        configurations.flatMap { configuration in
            injectors(of: configuration).map { webhook in
                let client = webhook.clientConfig
                let bundle = PEMBundle(decodedBase64(client.caBundle ?? "")).fingerprints
                return FactRow(
                    "webhook",
                    [
                        "cluster": .text(cluster), "configuration": .text(configuration.metadata.name),
                        "webhook": .text(webhook.name),
                        "revision": .text(configuration.metadata.label(MeshConstants.revisionLabel)),
                        "tag": .text(configuration.metadata.label(MeshConstants.tagLabel)),
                        "service": .text(client.service.map { "\($0.namespace)/\($0.name)" } ?? ""),
                        "url": .text(withoutQuery(client.url ?? "")), "ca_certificates": .integer(bundle.count),
                        "ca_bundle_trusts_root": FactValue(roots.map { !$0.isDisjoint(with: bundle) }),
                    ])
            }
        }
    }

    /// The webhooks of a configuration that inject sidecars: by their name, or by the configuration's label.
    static func injectors(of configuration: WebhookConfiguration) -> [WebhookConfiguration.Webhook] {
        let isInjector = configuration.metadata.label("app") == "sidecar-injector"
        var seen: Set<String> = []
        return (configuration.webhooks ?? []).filter {
            (isInjector || $0.name.hasSuffix("sidecar-injector.istio.io")) && seen.insert($0.name).inserted
        }
    }

    /// A URL without query and user information; where it cannot be taken apart, only its scheme.
    private static func withoutQuery(_ url: String) -> String {
        url.isEmpty ? "" : ServerURL(url)?.url ?? "unreadable"
    }

    /// Table `managed_control_plane`.
    static func managedControlPlane(
        _ cluster: String, revisions: [ObjectMeta], webhooks: [WebhookConfiguration], configMaps: [ConfigMap]
    ) -> [FactRow] {
        var evidence = revisions.map { "ControlPlaneRevision \($0.path)" }
        for configuration in webhooks
        where injectors(of: configuration).contains(where: { $0.clientConfig.url?.isEmpty == false }) {
            evidence.append("MutatingWebhookConfiguration \(configuration.metadata.name) calls a URL")
        }
        for map in configMaps where map.metadata.name == "asm-options" && map.data?["multicluster_mode"] == "connected" {
            evidence.append("ConfigMap \(map.metadata.path) has multicluster_mode connected")
        }
        return evidence.map { FactRow("managed_control_plane", ["cluster": .text(cluster), "evidence": .text($0)]) }
    }
}
