internal import Facts
internal import Foundation
internal import Kubernetes
internal import Mesh
internal import StrictYAML

extension ConfigMap {
    /// The revision whose mesh configuration this is; `nil` where it is none. Empty for the default revision.
    var meshRevision: String? {
        guard data?["mesh"] != nil || metadata.name == "istio" else { return nil }
        return revision(after: "istio")
    }

    /// The revision whose injector's values these are; `nil` where they are none.
    var injectorRevision: String? { revision(after: "istio-sidecar-injector") }

    private func revision(after prefix: String) -> String? {
        if metadata.name == prefix { return "" }
        return metadata.name.hasPrefix(prefix + "-") ? String(metadata.name.dropFirst(prefix.count + 1)) : nil
    }
}

/// The mesh configuration of one revision, as far as joining meshes depends on it, with Istio's defaults.
struct MeshConfig {
    var trustDomain = ""
    var trustDomainAliases: [String] = []
    var meshID = ""
    var rootNamespace = ""
    var autoMTLS = true
    /// Networks of `meshNetworks`, by their names.
    var networks: [String: MeshNetwork] = [:]
    /// Hosts of services that are for clients of their own cluster alone.
    var clusterLocal: [String] = []
    /// How clients prefer endpoints by where these stand; on where nothing is said.
    var locality = LocalityBalancing.failover
    /// To which namespaces a Service is exported that does not say so itself; empty: all.
    var defaultServiceExportTo: [String] = []
    var proxyMetadata: [String: String] = [:]
    /// Which namespaces istiod looks at; empty: all.
    var discoverySelectors: [LabelSelector] = []
    /// Why the text cannot be read; empty where it can. The other values then mean nothing.
    var parseError = ""

    init(_ map: ConfigMap) {
        guard let mesh = map.data?["mesh"] else {
            parseError = "ConfigMap \(map.metadata.path) has no key mesh"
            return
        }
        let name = "ConfigMap \(map.metadata.path)"
        do throws(YAMLError) {
            try read(mesh: mesh, name: "\(name), key mesh")
            try read(networks: map.data?["meshNetworks"] ?? "", name: "\(name), key meshNetworks")
        } catch {
            self = MeshConfig(parseError: error.description)
        }
    }

    private init(parseError: String) { self.parseError = parseError }

    private mutating func read(mesh text: String, name: String) throws(YAMLError) {
        trustDomain = MeshConstants.defaultTrustDomain
        rootNamespace = MeshConstants.systemNamespace
        // An empty text is an empty configuration to Istio.
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        let document = try YAMLValue(parsing: text, file: name)
        guard !document.isNull else { return }
        var top = try document.mapping()
        if let value = try member(&top, "trustDomain") { trustDomain = value }
        if let value = try member(&top, "rootNamespace") { rootNamespace = value }
        if let value = present(&top, "enableAutoMtls") { autoMTLS = try value.bool() }
        if let value = present(&top, "trustDomainAliases") {
            for alias in try value.list() { trustDomainAliases.append(try alias.string()) }
        }
        if let value = present(&top, "defaultServiceExportTo") {
            for namespace in try value.list() { defaultServiceExportTo.append(try namespace.string()) }
        }
        if let value = present(&top, "serviceSettings") {
            for setting in try value.list() { clusterLocal += try Self.clusterLocal(setting) }
        }
        if let value = present(&top, "localityLbSetting") {
            var setting = try value.mapping()
            let isOn = try present(&setting, "enabled")?.bool() ?? true
            let shares = try present(&setting, "distribute")?.list() ?? []
            locality = LocalityBalancing(isOn: isOn, distributes: !shares.isEmpty)
        }
        if let value = present(&top, "discoverySelectors") {
            for selector in try value.list() { discoverySelectors.append(try Self.selector(selector)) }
        }
        guard let value = present(&top, "defaultConfig") else { return }
        var proxy = try value.mapping()
        meshID = try member(&proxy, "meshId") ?? ""
        guard let value = present(&proxy, "proxyMetadata") else { return }
        var metadata = try value.mapping()
        for key in metadata.keys { proxyMetadata[key] = try member(&metadata, key) }
    }

    private mutating func read(networks text: String, name: String) throws(YAMLError) {
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        let document = try YAMLValue(parsing: text, file: name)
        guard !document.isNull else { return }
        var top = try document.mapping()
        guard let value = present(&top, "networks") else { return }
        var named = try value.mapping()
        for name in named.keys {
            networks[name] = try present(&named, name).map { value throws(YAMLError) in try MeshNetwork(value) } ?? MeshNetwork()
        }
    }

    private static func clusterLocal(_ value: YAMLValue) throws(YAMLError) -> [String] {
        var setting = try value.mapping()
        guard let settings = present(&setting, "settings"), let hosts = present(&setting, "hosts") else { return [] }
        var mapping = try settings.mapping()
        guard let isLocal = present(&mapping, "clusterLocal"), try isLocal.bool() else { return [] }
        var named: [String] = []
        for host in try hosts.list() { named.append(try host.string()) }
        return named
    }

    private static func selector(_ value: YAMLValue) throws(YAMLError) -> LabelSelector {
        var selector = LabelSelector()
        var mapping = try value.mapping()
        if let labels = present(&mapping, "matchLabels") {
            var labels = try labels.mapping()
            var pairs: [String: String] = [:]
            for key in labels.keys { pairs[key] = try member(&labels, key) ?? "" }
            selector.matchLabels = pairs
        }
        if let expressions = present(&mapping, "matchExpressions") {
            var list: [LabelSelector.Expression] = []
            for expression in try expressions.list() {
                var parts = try expression.mapping()
                var values: [String] = []
                let key = try parts.required("key").string()
                let word = try parts.required("operator").string()
                if let given = present(&parts, "values") { for value in try given.list() { values.append(try value.string()) } }
                list.append(LabelSelector.Expression(key: key, operator: word, values: values))
            }
            selector.matchExpressions = list
        }
        return selector
    }
}

/// What `meshNetworks` says of one network.
struct MeshNetwork: Equatable {
    /// The clusters that are in it, by the ids under which istiod registers them; and addresses that are.
    var registries: [String] = [], ranges: [String] = []
    /// Its gateways: by address, by the name of a Service in one of the registries, and those that have neither.
    var addresses: [String] = [], services: [String] = [], emptyGateways = 0

    init() {}

    init(_ value: YAMLValue) throws(YAMLError) {
        var network = try value.mapping()
        for endpoints in try present(&network, "endpoints")?.list() ?? [] {
            var endpoints = try endpoints.mapping()
            if let registry = try member(&endpoints, "fromRegistry") { registries.append(registry) }
            if let range = try member(&endpoints, "fromCidr") { ranges.append(range) }
        }
        for gateway in try present(&network, "gateways")?.list() ?? [] {
            var gateway = try gateway.mapping()
            if let address = try member(&gateway, "address") {
                addresses.append(address)
            } else if let service = try member(&gateway, "registryServiceName") {
                services.append(service)
            } else {
                emptyGateways += 1
            }
        }
    }
}

/// A key's value; `nil` where it is absent or null, which protobuf takes as the same.
private func present(_ mapping: inout YAMLMapping, _ key: String) -> YAMLValue? {
    mapping.optional(key).flatMap { $0.isNull ? nil : $0 }
}

/// A key's text; `nil` where it is absent, null or empty.
private func member(_ mapping: inout YAMLMapping, _ key: String) throws(YAMLError) -> String? {
    guard let text = try present(&mapping, key)?.string(), !text.isEmpty else { return nil }
    return text
}

/// What the sidecar injector of one revision gives to proxies: the key `values` of its ConfigMap, JSON.
struct InjectorValues {
    var network = ""
    var clusterName = ""
    var meshID = ""
    var caName = ""
    var caAddress = ""
    /// Why the text cannot be read; empty where it can. The other values then mean nothing.
    var parseError = ""

    init(_ map: ConfigMap) {
        guard let text = map.data?["values"] else {
            parseError = "ConfigMap \(map.metadata.path) has no key values"
            return
        }
        do {
            let global = try JSONDecoder().decode(Values.self, from: Data(text.utf8)).global
            network = global?.network ?? ""
            clusterName = global?.multiCluster?.clusterName ?? ""
            meshID = global?.meshID ?? ""
            caName = global?.caName ?? ""
            caAddress = global?.caAddress ?? ""
        } catch {
            parseError = "ConfigMap \(map.metadata.path), key values: \(decodingProblem(error))"
        }
    }

    private struct Values: Decodable { var global: Global? }
    private struct Global: Decodable {
        var network: String?
        var meshID: String?
        var caName: String?
        var caAddress: String?
        var multiCluster: MultiCluster?
    }
    private struct MultiCluster: Decodable { var clusterName: String? }
}

/// What was wrong with a JSON text, with the place and never with the text itself.
func decodingProblem(_ error: any Error) -> String {
    func place(_ path: [any CodingKey]) -> String {
        let path = path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return path.isEmpty ? "the document" : String(path.drop { $0 == "." })
    }
    return switch error {
    case DecodingError.typeMismatch(let wanted, let context): "\(place(context.codingPath)) is not \(plain(wanted))"
    case DecodingError.valueNotFound(let wanted, let context): "\(place(context.codingPath)) is null, not \(plain(wanted))"
    case DecodingError.keyNotFound(let key, let context): "\(place(context.codingPath)) has no \(key.stringValue)"
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
        "\(place(context.codingPath)) cannot be read: \(context.debugDescription)"
    default: "it is not JSON"
    }
}

private func plain(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Int.Type, is Int64.Type: "a whole number"
    case is Double.Type: "a number"
    case is Bool.Type: "true or false"
    case is [any Sendable].Type: "a list"
    default: "what it should be"
    }
}
