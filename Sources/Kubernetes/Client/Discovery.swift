/// The API groups that a server has.
package struct APIGroups: Sendable, Hashable {
    /// Served versions by group, the server's preferred one first.
    package let versions: [String: [String]]

    package init(versions: [String: [String]]) { self.versions = versions }

    /// Whether the server has the group, in any version.
    package func has(_ group: String) -> Bool { versions[group] != nil }

    /// The version that the server prefers.
    package func preferred(_ group: String) -> String? { versions[group]?.first }

    /// The first of the wanted versions that the server has.
    package func firstServed(_ group: String, _ wanted: [String]) -> String? {
        wanted.first { versions[group]?.contains($0) == true }
    }
}

/// What `GET /version` says.
package struct ServerVersion: Sendable, Hashable, Decodable {
    /// Such as `v1.30.5-gke.1014001`; empty where the server gives none.
    package let gitVersion: String
    package let platform: String

    /// major * 1000 + minor; `nil` where neither `gitVersion` nor `major` and `minor` say.
    package let number: Int?

    private enum Keys: String, CodingKey { case gitVersion, platform, major, minor }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        gitVersion = try container.decodeIfPresent(String.self, forKey: .gitVersion) ?? ""
        platform = (try? container.decodeIfPresent(String.self, forKey: .platform)) ?? ""
        let major = try? container.decodeIfPresent(String.self, forKey: .major)
        let minor = try? container.decodeIfPresent(String.self, forKey: .minor)
        let parts = gitVersion.drop { $0 == "v" }.split(separator: ".", maxSplits: 2)
        number = Self.number(parts.first, parts.dropFirst().first) ?? Self.number(major.map { $0[...] }, minor.map { $0[...] })
        guard !gitVersion.isEmpty || number != nil else {
            throw DecodingError.dataCorruptedError(forKey: .gitVersion, in: container, debugDescription: "no version in it")
        }
    }

    /// Vendors write `27+`.
    private static func number(_ major: Substring?, _ minor: Substring?) -> Int? {
        guard let major = major.flatMap({ Int($0) }), let minor = minor.flatMap({ Int($0.prefix { $0.isNumber }) }) else {
            return nil
        }
        return major * 1000 + minor
    }
}

extension KubernetesClient {
    /// Groups and versions, in one request.
    package func apiGroups() async throws(KubernetesError) -> APIGroups {
        let list = try await get("/apis", as: GroupList.self)
        let pairs = list.groups.map { group in
            let preferred = group.preferredVersion?.version
            let versions = group.versions.map(\.version)
            return (group.name, [preferred].compactMap(\.self) + versions.filter { $0 != preferred })
        }
        return APIGroups(versions: Dictionary(pairs, uniquingKeysWith: { a, _ in a }))
    }

    package func version() async throws(KubernetesError) -> ServerVersion {
        try await versionAndAnswer().version
    }

    /// The version together with the exchange that gave it: its time, the server's clock, the address.
    package func versionAndAnswer() async throws(KubernetesError) -> (version: ServerVersion, answer: Answer) {
        let request = Request("GET", "/version")
        let answer = try await send(request)
        return (try decode(ServerVersion.self, answer, request), answer)
    }
}

private struct GroupList: Decodable, Sendable {
    struct Version: Decodable, Sendable { let version: String }
    struct Group: Decodable, Sendable {
        let name: String
        let versions: [Version]
        let preferredVersion: Version?
    }
    let groups: [Group]
}
