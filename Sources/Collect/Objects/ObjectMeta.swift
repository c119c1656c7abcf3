import Foundation

/// The part of `metadata` that facts are made of. An object without a name is no object: decoding fails.
struct ObjectMeta: Decodable, Sendable, Equatable {
    var name: String
    var namespace: String?
    var uid: String?
    var labels: [String: String]?
    var annotations: [String: String]?
    var creationTimestamp: Timestamp?
    var deletionTimestamp: Timestamp?
    var managedFields: [ManagedFields]?

    /// Who wrote the object last, and when.
    struct ManagedFields: Decodable, Sendable, Equatable {
        var time: Timestamp?
    }

    init(name: String, namespace: String? = nil, labels: [String: String] = [:], annotations: [String: String] = [:]) {
        self.name = name
        self.namespace = namespace
        self.labels = labels
        self.annotations = annotations
    }

    /// A label's value; empty where the label is absent.
    func label(_ key: String) -> String { labels?[key] ?? "" }

    /// An annotation's value; empty where the annotation is absent.
    func annotation(_ key: String) -> String { annotations?[key] ?? "" }

    /// `namespace/name`, or the name alone where the object has no namespace.
    var path: String { namespace.map { "\($0)/\(name)" } ?? name }

    /// When the object was written last, where `managedFields` say.
    var changed: Timestamp? { managedFields?.compactMap(\.time).max() }
}

/// A time as Kubernetes writes it (RFC 3339, UTC, perhaps with fractions), in whole seconds since 1970.
struct Timestamp: Decodable, Sendable, Hashable, Comparable {
    var seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    /// - Returns: `nil` where the text is not of the form `2026-01-02T03:04:05[.678](Z|±hh:mm)`.
    init?(_ text: String) {
        let fraction = /\.[0-9]+/
        let plain = text.replacing(fraction, with: "")
        guard let date = try? Date(plain, strategy: .iso8601) else { return nil }
        seconds = Int(date.timeIntervalSince1970.rounded(.down))
    }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let time = Timestamp(text) else {
            let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 time")
            throw DecodingError.dataCorrupted(context)
        }
        self = time
    }

    static func < (a: Timestamp, b: Timestamp) -> Bool { a.seconds < b.seconds }
}

/// An object of a list.
protocol ListedObject: Decodable, Sendable {
    var metadata: ObjectMeta { get }
}

/// An object of which only the metadata was asked for.
struct MetadataObject: ListedObject {
    var metadata: ObjectMeta
}

/// `matchLabels` and `matchExpressions`, with Kubernetes' meaning; an empty selector matches everything.
struct LabelSelector: Decodable, Sendable, Equatable {
    var matchLabels: [String: String]?
    var matchExpressions: [Expression]?

    struct Expression: Decodable, Sendable, Equatable {
        var key: String
        var `operator`: String
        var values: [String]?
    }

    /// Whether labels satisfy the selector. An unknown operator matches nothing.
    func matches(_ labels: [String: String]) -> Bool {
        guard (matchLabels ?? [:]).isSubset(of: labels) else { return false }
        return (matchExpressions ?? []).allSatisfy { expression in
            let value = labels[expression.key]
            let values = expression.values ?? []
            return switch expression.operator {
            case "In": value.map(values.contains) ?? false
            case "NotIn": value.map { !values.contains($0) } ?? true
            case "Exists": value != nil
            case "DoesNotExist": value == nil
            default: false
            }
        }
    }

    /// What an object with these labels needs besides, for the selector to match it; `nil` where nothing that is added makes it match.
    func labels(besides labels: [String: String]) -> [String: String]? {
        var added = (matchLabels ?? [:]).filter { labels[$0.key] != $0.value }
        for expression in matchExpressions ?? [] where labels[expression.key] == nil && added[expression.key] == nil {
            switch expression.operator {
            case "In": added[expression.key] = expression.values?.first
            case "Exists": added[expression.key] = ""
            default: break
            }
        }
        // What an object says already is not to be said otherwise.
        return matches(added.merging(labels) { $1 }) ? added : nil
    }
}

extension [String: String] {
    /// Whether another map has every pair of this one: how a Service's or a Gateway's selector picks pods.
    func isSubset(of other: [String: String]) -> Bool { allSatisfy { other[$0.key] == $0.value } }
}
