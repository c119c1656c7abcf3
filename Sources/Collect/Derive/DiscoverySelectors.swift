/// The discoverySelectors of a mesh's clusters. Each istiod looks at the namespaces that those of its own cluster choose, also where it
/// reads the others: a namespace that it does not look at gets no root certificate, and its Services are known to nobody.
///
/// Source: MeshConfig.discoverySelectors.
struct DiscoverySelectors: Sendable {
    /// One list for each cluster that has any.
    private let lists: [[LabelSelector]]

    /// - Parameter clusters: of each cluster, as far as it is known; an empty list chooses everything.
    init(_ clusters: [[LabelSelector]]) { lists = clusters.filter { !$0.isEmpty } }

    static let none = DiscoverySelectors([])

    var areThere: Bool { !lists.isEmpty }

    /// Whether every istiod looks at a namespace with these labels.
    func choose(_ labels: [String: String]) -> Bool { lists.allSatisfy { $0.contains { $0.matches(labels) } } }

    /// What a namespace with these labels needs besides, so that every istiod looks at it, as far as that can be had by adding.
    func labels(besides labels: [String: String]) -> [String: String] {
        lists.reduce(into: [:]) { added, selectors in
            let known = labels.merging(added) { own, _ in own }
            guard !selectors.contains(where: { $0.matches(known) }) else { return }
            added.merge(selectors.lazy.compactMap { $0.labels(besides: known) }.first ?? [:]) { own, _ in own }
        }
    }

    /// The same as words for people and for `kubectl label`: `KEY=VALUE`, sorted.
    func words(besides labels: [String: String]) -> String {
        self.labels(besides: labels).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
    }
}
