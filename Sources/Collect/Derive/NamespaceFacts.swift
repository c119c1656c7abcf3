internal import Facts
internal import Mesh

/// Table `mesh_namespace`: the namespaces in which something of the mesh stands, and who does not look at them.
struct NamespaceFacts {
    private(set) var batch = FactBatch()

    /// What one cluster's rows are made of.
    struct Source {
        var cluster: String
        var namespaces: Answer<[ObjectMeta]>
        /// In which the gateway stands, or will.
        var gateway: Answer<Set<String>>
        /// With the label `security.istio.io/tlsMode=istio`.
        var pods: Answer<[Pod]>
        /// By which its istiod looks at namespaces, its own and others'.
        var selectors: Answer<[LabelSelector]>
    }

    /// Who looks at a namespace with these labels.
    private struct Onlookers {
        /// By cluster; `nil` where its mesh configuration cannot be read.
        let sights: [(cluster: String, selectors: DiscoverySelectors?)]
        let everybody: DiscoverySelectors

        init(_ sources: [Source]) {
            sights = sources.map { ($0.cluster, $0.selectors.value.map { DiscoverySelectors([$0]) }) }
            everybody = DiscoverySelectors(sources.compactMap(\.selectors.value))
        }
    }

    init(_ sources: [Source]) {
        let onlookers = Onlookers(sources)
        for source in sources {
            switch both(both(source.namespaces, source.gateway), source.pods) {
            case .failure(let reason):
                batch.add(fact: "mesh_namespace", cluster: source.cluster, .failed, reason: reason.reason)
            case .success(let (objects, pods)):
                batch.add(fact: "mesh_namespace", cluster: source.cluster, .collected)
                let workloads = MeshWorkloads(pods)
                batch.rows += objects.0.compactMap { namespace in
                    let holdsGateway = objects.1.contains(namespace.name)
                    let count = workloads.count(in: namespace.name)
                    guard holdsGateway || count > 0 else { return nil }
                    return Self.row(source.cluster, namespace, holdsGateway: holdsGateway, pods: count, onlookers)
                }
            }
        }
    }

    private static func row(
        _ cluster: String, _ namespace: ObjectMeta, holdsGateway: Bool, pods: Int, _ onlookers: Onlookers
    ) -> FactRow {
        let labels = namespace.labels ?? [:]
        var own: Bool?
        var (ignoring, unread): ([String], [String]) = ([], [])
        for (onlooker, selectors) in onlookers.sights {
            let ignores = selectors.map { !$0.choose(labels) }
            if onlooker == cluster {
                own = ignores
            } else if ignores == nil {
                unread.append(onlooker)
            } else if ignores == true {
                ignoring.append(onlooker)
            }
        }
        return FactRow(
            "mesh_namespace",
            [
                "cluster": .text(cluster), "namespace": .text(namespace.name), "gateway": FactValue(holdsGateway),
                "mesh_pods": .integer(pods), "ignored": FactValue(own), "ignored_by": jsonText(ignoring),
                "unread": jsonText(unread),
                "lacks": .text(onlookers.everybody.words(besides: labels)),
            ])
    }
}

extension ClusterEvidence {
    /// The namespaces without which no istiod knows the east-west gateway: those of its pods, its Service and its Gateway resource.
    var gatewayNamespaces: Answer<Set<String>> {
        both(both(gatewayWorkloads, gatewayServices), gateways).map { objects, resources in
            let (workloads, services) = objects
            let own = resources.filter { resource in
                let selector = resource.spec?.selector ?? [:]
                return resource.opensForOtherClusters && workloads.podLabels.contains { selector.isSubset(of: $0.labels) }
            }
            let named =
                workloads.podLabels.map(\.namespace) + (services.map(\.metadata) + own.map(\.metadata)).compactMap(\.namespace)
            return named.isEmpty ? [MeshConstants.systemNamespace] : Set(named)
        }
    }
}
