import Foundation

/// What selects objects of a collection, in Kubernetes' own syntax; empty selects all.
package struct Selection: Sendable, Hashable {
    package var labels: String
    package var fields: String

    package init(labels: String = "", fields: String = "") {
        self.labels = labels
        self.fields = fields
    }

    package static let all = Selection()

    var query: [(String, String)] {
        (labels.isEmpty ? [] : [("labelSelector", labels)]) + (fields.isEmpty ? [] : [("fieldSelector", fields)])
    }
}

/// A whole collection.
package struct ObjectList<Item: Sendable>: Sendable {
    package let items: [Item]
    /// The version of the collection; a watch goes on from it.
    package let resourceVersion: String
    /// How many requests it took.
    package let pages: Int
}

extension KubernetesClient {
    /// Gets and decodes one object.
    package func get<T: Decodable & Sendable>(
        _ path: String, query: [(String, String)] = [], as type: T.Type
    ) async throws(KubernetesError) -> T {
        try await send(Request("GET", path, query: query), as: type)
    }

    /// As `get`, together with the exchange that gave it.
    package func getAndAnswer<T: Decodable & Sendable>(
        _ path: String, as type: T.Type
    ) async throws(KubernetesError) -> (object: T, answer: Answer) {
        let request = Request("GET", path)
        let answer = try await send(request)
        return (try decode(type, answer, request), answer)
    }

    /// As `get`, but `nil` where the object does not exist.
    package func find<T: Decodable & Sendable>(_ path: String, as type: T.Type) async throws(KubernetesError) -> T? {
        do {
            return try await get(path, as: type)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Lists a whole collection, page by page, as of one moment.
    ///
    /// Where the server forgets that moment between two pages (410), the list begins anew, twice at most.
    ///
    /// - Parameter cap: more objects than this are an error, so that nobody takes a part for the whole.
    package func list<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection = .all, as type: T.Type, pageSize: Int = 500, cap: Int = 100_000
    ) async throws(KubernetesError) -> ObjectList<T> {
        try await list(path, selection, accept: "application/json", pageSize: pageSize, cap: cap)
    }

    /// Gets the metadata of one object; its data and spec never leave the server. `nil` where it does not exist.
    ///
    /// - Parameter type: decodes `{metadata: …}`.
    package func findMetadata<T: Decodable & Sendable>(_ path: String, as type: T.Type) async throws(KubernetesError) -> T? {
        do {
            return try await send(Request("GET", path, accept: Self.metadataOnly), as: OnlyMetadata<T>.self).object
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// As `list`, for the metadata alone.
    package func listMetadata<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection = .all, as type: T.Type, pageSize: Int = 500, cap: Int = 100_000
    ) async throws(KubernetesError) -> ObjectList<T> {
        let list: ObjectList<OnlyMetadata<T>> = try await list(
            path, selection, accept: Self.metadataOnlyList, pageSize: pageSize, cap: cap)
        return ObjectList(items: list.items.map(\.object), resourceVersion: list.resourceVersion, pages: list.pages)
    }

    // Nothing else is accepted: a server that ignored the wish would send the data of Secrets along.
    private static let metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    private static let metadataOnlyList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

    private func list<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection, accept: String, pageSize: Int, cap: Int
    ) async throws(KubernetesError) -> ObjectList<T> {
        var restarts = 0
        while true {
            do throws(KubernetesError) {
                return try await pages(path, selection, accept, pageSize, cap)
            } catch {
                guard error.isGone, restarts < 2 else { throw error }
                restarts += 1
            }
        }
    }

    private func pages<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection, _ accept: String, _ pageSize: Int, _ cap: Int
    ) async throws(KubernetesError) -> ObjectList<T> {
        var items: [T] = []
        var next = ""
        var count = 0
        while true {
            var query = selection.query + [("limit", String(pageSize))]
            if !next.isEmpty { query.append(("continue", next)) }
            let request = Request("GET", path, query: query, accept: accept)
            let page = try await send(request, as: Page<T>.self)
            items += page.items
            count += 1
            guard items.count <= cap else {
                throw error(request, .undecodable(path: "items", problem: "there are more than \(cap) objects"))
            }
            let following = page.metadata.continue ?? ""
            guard !following.isEmpty else {
                return ObjectList(items: items, resourceVersion: page.metadata.resourceVersion ?? "", pages: count)
            }
            guard following != next else {
                throw error(request, .undecodable(path: "metadata.continue", problem: "the server gives the same page again"))
            }
            next = following
        }
    }
}

private struct Page<T: Decodable & Sendable>: Decodable, Sendable {
    struct Meta: Decodable, Sendable {
        let resourceVersion: String?
        let `continue`: String?
    }
    /// Absent in what is no list, as are the items: then decoding fails, lest another kind of object pass for an empty list.
    let metadata: Meta
    let items: [T]

    private enum Keys: String, CodingKey { case metadata, items }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        metadata = try container.decode(Meta.self, forKey: .metadata)
        // Go writes an empty list as null in places.
        items =
            try container.contains(.items) && container.decodeNil(forKey: .items)
            ? [] : container.decode([T].self, forKey: .items)
    }
}

/// An object that the server has really cut down to its metadata. Anything else does not decode.
private struct OnlyMetadata<T: Decodable & Sendable>: Decodable, Sendable {
    let object: T

    private enum Keys: String, CodingKey { case kind, data, stringData, spec }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        for key in [Keys.data, .stringData, .spec] where container.contains(key) {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container, debugDescription: "only metadata was asked for, and the server sent more")
        }
        object = try T(from: decoder)
    }
}
