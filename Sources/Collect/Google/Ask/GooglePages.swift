internal import GoogleCloud

extension NoAnswer {
    init(_ failure: GoogleFailure) {
        self.init("\(failure.method) \(failure.url): \(failure.message)", mend: failure.mend)
    }
}

extension Listing {
    init(_ list: GoogleList<Item>) {
        let places = list.unreachable.joined(separator: ", ")
        let missing =
            list.failure.map { NoAnswer($0) }
            ?? (places.isEmpty ? nil : NoAnswer("Google could not ask everywhere, so that the list is partial: \(places)"))
        self.init(list.items, missing: missing)
        unreachable = list.unreachable
    }
}

/// A page of GKE Hub's memberships.
struct MembershipPage: GooglePage {
    var items: [FleetMembership]
    var nextPageToken: String?
    var unreachable: [String]

    init(from decoder: any Decoder) throws {
        let page = try PageReader(decoder)
        items = try page.list("resources")
        nextPageToken = try page.nextPageToken
        unreachable = try page.list("unreachable")
    }
}

struct QuotaPage: GooglePage {
    var items: [QuotaInfo]
    var nextPageToken: String?

    init(from decoder: any Decoder) throws {
        let page = try PageReader(decoder)
        items = try page.list("quotaInfos")
        nextPageToken = try page.nextPageToken
    }
}

/// The answer to `clusters.list`, taken as a list's only page.
struct GKEClusterPage: GooglePage {
    var items: [GKECluster]
    var nextPageToken: String? { nil }
    /// Zones that did not answer.
    var unreachable: [String]

    init(from decoder: any Decoder) throws {
        let page = try PageReader(decoder)
        items = try page.list("clusters")
        unreachable = try page.list("missingZones")
    }
}

/// A page of one of GKE On-Prem's lists; each method calls its array by the kind's name.
struct OnPremisesPage: GooglePage {
    var items: [OnPremisesCluster]
    var nextPageToken: String?
    var unreachable: [String]

    init(from decoder: any Decoder) throws {
        let page = try PageReader(decoder)
        items = try OnPremisesKind.allCases.flatMap { try page.list($0.rawValue) as [OnPremisesCluster] }
        nextPageToken = try page.nextPageToken
        unreachable = try page.list("unreachable")
    }
}

/// The kinds of cluster that GKE On-Prem knows, in the words of its paths.
enum OnPremisesKind: String, Sendable, CaseIterable {
    case vmwareClusters, vmwareAdminClusters, bareMetalClusters, bareMetalAdminClusters, bareMetalStandaloneClusters

    var permission: String { "gkeonprem.\(rawValue).list" }
}

/// A page of one of Compute's plain lists.
struct ComputePage<Item: Decodable & Sendable>: GooglePage {
    var items: [Item]
    var nextPageToken: String?

    init(from decoder: any Decoder) throws {
        let page = try PageReader(decoder)
        items = try page.list("items")
        nextPageToken = try page.nextPageToken
    }
}

/// What Compute's aggregated lists call their items.
protocol AggregatedItem: Decodable, Sendable {
    static var listName: String { get }
}

extension Subnetwork: AggregatedItem { static let listName = "subnetworks" }
extension Router: AggregatedItem { static let listName = "routers" }
extension VPNTunnel: AggregatedItem { static let listName = "vpnTunnels" }
extension ForwardingRule: AggregatedItem { static let listName = "forwardingRules" }

/// A page of one of Compute's aggregated lists: items by region, each with a warning where the region gave none.
struct AggregatedPage<Item: AggregatedItem>: GooglePage {
    var items: [Item] = []
    var nextPageToken: String?
    var unreachable: [String]

    init(from decoder: any Decoder) throws {
        let page = try PageReader(decoder)
        nextPageToken = try page.nextPageToken
        unreachable = try page.list("unreachables")
        for (name, scope) in try page.map("items", of: Scope.self).sorted(by: { $0.key < $1.key }) {
            items += scope.items
            // Every region without an item says so; whatever else is warned of means that something is missing.
            if !["", "NO_RESULTS_ON_PAGE"].contains(scope.warning), !unreachable.contains(name) { unreachable.append(name) }
        }
    }

    private struct Scope: Decodable {
        var items: [Item]
        var warning: String

        init(from decoder: any Decoder) throws {
            let page = try PageReader(decoder)
            items = try page.list(Item.listName)
            warning = try page.value("warning", as: Warning.self)?.code ?? ""
        }
    }

    private struct Warning: Decodable { var code: String? }
}

/// Reads an object whose keys are known only at run time.
private struct PageReader {
    private let container: KeyedDecodingContainer<Key>

    init(_ decoder: any Decoder) throws { container = try decoder.container(keyedBy: Key.self) }

    var nextPageToken: String? { get throws { try value("nextPageToken", as: String.self) } }

    func value<T: Decodable>(_ key: String, as type: T.Type) throws -> T? {
        try container.decodeIfPresent(type, forKey: Key(key))
    }

    func list<T: Decodable>(_ key: String) throws -> [T] { try value(key, as: [T].self) ?? [] }

    func map<T: Decodable>(_ key: String, of type: T.Type) throws -> [String: T] {
        try value(key, as: [String: T].self) ?? [:]
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }
}
