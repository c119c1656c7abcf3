package import Foundation
internal import Policy
package import StrictYAML

extension MeshDeclaration {
    /// Reads `mesh.yaml` (format `isthmus/v1`, see README).
    ///
    /// - Throws: ``YAMLError`` with file, line and key for anything that is not as documented; Foundation's error where the
    ///   file cannot be read at all.
    package init(contentsOf url: URL) throws {
        let path = url.relativePath
        let size = try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
        guard size <= YAMLValue.maximumBytes else {
            throw YAMLError(file: path, message: "\(size) bytes; a mesh file may have \(YAMLValue.maximumBytes)")
        }
        guard let text = String(data: try Data(contentsOf: url), encoding: .utf8) else {
            throw YAMLError(file: path, message: "is not UTF-8 text")
        }
        try self.init(yaml: text, file: path, relativeTo: url.deletingLastPathComponent())
    }

    /// Reads the text of a `mesh.yaml`; relative kubeconfig paths are taken from `folder`.
    package init(yaml text: String, file: String, relativeTo folder: URL) throws(YAMLError) {
        let document = try YAMLValue(parsing: text, file: file)
        var top = try document.mapping()
        let version = try top.required("apiVersion")
        guard try version.string() == "isthmus/v1" else {
            throw version.error("apiVersion is \"\(try version.string())\"; this isthmus reads isthmus/v1")
        }
        let fleet = try top.optional("fleetProject")?.name("a project id or number")
        let meshID = try top.optional("meshID")?.name("a mesh id")
        let revision = try top.optional("revision")?.name("a revision")
        let clusterList = try top.required("clusters")
        var clusters: [ClusterDeclaration] = []
        for value in try clusterList.list() {
            clusters.append(try ClusterDeclaration(value, relativeTo: folder))
            if clusters.dropLast().contains(where: { $0.name == clusters.last?.name }) {
                throw value.error("\(value.path): the name \"\(clusters.last?.name ?? "")\" stands twice")
            }
        }
        let google = try top.optional("google").map { value throws(YAMLError) in
            try GoogleDeclaration(value, relativeTo: folder)
        }
        guard !clusters.isEmpty else { throw clusterList.error("clusters is empty: a mesh needs at least one") }
        try top.finish()
        self.init(
            fleetProject: fleet ?? "", meshID: meshID, revision: revision ?? "", clusters: clusters,
            google: google ?? GoogleDeclaration())
    }
}

extension ClusterDeclaration {
    init(_ value: YAMLValue, relativeTo folder: URL) throws(YAMLError) {
        var mapping = try value.mapping()
        let name = try mapping.required("name").name("a cluster name")
        let kubeconfig = try mapping.required("kubeconfig")
        let path = try kubeconfig.string()
        guard !path.isEmpty else { throw kubeconfig.error("\(kubeconfig.path) is empty: expected the path of a kubeconfig") }
        let context = try mapping.optional("context")?.string()
        let remoteServer = try mapping.optional("remoteServer")?.httpsURL()
        let network = try mapping.optional("network")?.name("a network name")
        let platform = try mapping.optional("platform")?.word(of: Platform.self, "platform")
        let googleCluster = try mapping.optional("googleCluster")?.resource(["projects", "locations", "clusters"])
        let membership = try mapping.optional("membership")?.resource(["projects", "locations", "memberships"])
        let egress = try mapping.optional("egress")?.ranges()
        let loadBalancer = try mapping.optional("loadBalancer")?.word(of: LoadBalancerKind.self, "kind of load balancer")
        let gateway = try mapping.optional("gateway").map { value throws(YAMLError) in try GatewayDeclaration(value) }
        try mapping.finish()
        self.init(
            name: name, kubeconfig: expandingTilde(path, relativeTo: folder), context: context, remoteServer: remoteServer,
            network: network, platform: platform, googleCluster: googleCluster, membership: membership, egress: egress,
            loadBalancer: loadBalancer, gateway: gateway ?? GatewayDeclaration())
    }
}

extension GatewayDeclaration {
    init(_ value: YAMLValue) throws(YAMLError) {
        self.init()
        var mapping = try value.mapping()
        sourceRanges = try mapping.optional("sourceRanges")?.ranges() ?? []
        address = try mapping.optional("address")?.name("an address")
        if let value = mapping.optional("nodePorts") {
            var declared = try value.mapping()
            for port in Self.ports {
                guard let value = declared.optional(port) else { continue }
                let number = try value.int()
                guard (1...65535).contains(number) else { throw value.error("\(value.path) must be a port, and is \(number)") }
                nodePorts[port] = number
            }
            try declared.finish()
        }
        if let value = mapping.optional("annotations") {
            var declared = try value.mapping()
            for key in declared.keys { annotations[key] = try declared.required(key).string() }
        }
        try mapping.finish()
    }
}

extension GoogleDeclaration {
    /// The APIs that isthmus asks, as the keys of `google.endpoints`.
    package static let services = [
        "cloudresourcemanager", "serviceusage", "gkehub", "container", "compute", "orgpolicy", "gkeonprem", "cloudquotas",
        "privateca", "iamcredentials", "sts",
    ]

    init(_ value: YAMLValue, relativeTo folder: URL) throws(YAMLError) {
        self.init()
        var mapping = try value.mapping()
        if let value = mapping.optional("endpoints") {
            var declared = try value.mapping()
            for service in Self.services {
                guard let value = declared.optional(service) else { continue }
                let url = try value.string()
                guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
                    throw value.error("\(value.path) must be a URL that begins with https://")
                }
                endpoints[service] = url
            }
            try declared.finish()
        }
        certificateAuthority = try mapping.optional("certificateAuthority")?.path(relativeTo: folder)
        credentials = try mapping.optional("credentials")?.path(relativeTo: folder)
        try mapping.finish()
    }
}

extension YAMLValue {
    /// One of an enumeration's words.
    func word<Word: RawRepresentable & CaseIterable>(of type: Word.Type, _ what: String) throws(YAMLError) -> Word
    where Word.RawValue == String {
        let text = try string()
        if let word = Word(rawValue: text) { return word }
        let known = Word.allCases.map(\.rawValue)
        let hint = nearest(to: text, among: known).map { " (did you mean \($0)?)" } ?? ""
        throw error("unknown \(what) \"\(text)\"\(hint); known are \(known.joined(separator: ", "))")
    }

    /// The path of a file; relative ones are taken from a folder.
    func path(relativeTo folder: URL) throws(YAMLError) -> String {
        let text = try string()
        guard !text.isEmpty else { throw error("\(path) is empty: expected the path of a file") }
        return expandingTilde(text, relativeTo: folder)
    }

    /// The URL of a server that is called with a token: https, a host, nothing secret; without a slash at its end.
    func httpsURL() throws(YAMLError) -> String {
        let text = try name("a URL")
        let url = URL(string: text)
        guard let url, url.scheme?.lowercased() == "https", let host = url.host(), !host.isEmpty, url.user == nil,
            url.query() == nil, url.fragment() == nil, url.port.map({ (1...65535).contains($0) }) ?? true
        else { throw error("\(path) must be a URL such as https://203.0.113.5:6443, and is not") }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// A full resource name of Google's: each collection's word followed by a name.
    func resource(_ collections: [String]) throws(YAMLError) -> String {
        let text = try name("a resource name")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let words = stride(from: 0, to: parts.count, by: 2).map { String(parts[$0]) }
        guard parts.count == collections.count * 2, words == collections, !parts.contains("") else {
            let form = collections.map { "\($0)/\($0.dropLast().uppercased())" }.joined(separator: "/")
            throw error("\(path) must be of the form \(form)")
        }
        return text
    }

    /// Addresses and ranges of addresses; a single address becomes a range of one.
    func ranges() throws(YAMLError) -> [String] {
        var ranges: [String] = []
        for value in try list() {
            let text = try value.string()
            guard let range = CIDR(tolerant: text) else {
                throw value.error("\(value.path) must be an address or a range such as 198.51.100.0/28, and is \"\(text)\"")
            }
            ranges.append(range.description)
        }
        return ranges
    }

    /// A name that goes into reports and labels: not empty, no white space or control character, at most 253 bytes.
    func name(_ what: String) throws(YAMLError) -> String {
        let text = try string()
        let bad = text.unicodeScalars.contains { $0.properties.isWhitespace || $0.properties.generalCategory == .control }
        guard !text.isEmpty, text.utf8.count <= 253, !bad else {
            throw error("\(path) must be \(what): 1 to 253 bytes without white space")
        }
        return text
    }
}

private func expandingTilde(_ path: String, relativeTo folder: URL) -> String {
    if path.hasPrefix("/") { return path }
    if path.hasPrefix("~/") { return NSHomeDirectory() + path.dropFirst() }
    return folder.appending(path: path).standardizedFileURL.path
}
