internal import Foundation
internal import Kubernetes

/// The Lease as far as isthmus reads it.
struct LeaseObject: Decodable, Sendable {
    struct Meta: Decodable, Sendable {
        var uid: String
        var resourceVersion: String
        var annotations: [String: String]?
    }
    struct Spec: Decodable, Sendable {
        var holderIdentity: String?
        var leaseDurationSeconds: Int?
        var leaseTransitions: Int?
    }
    var metadata: Meta
    var spec: Spec

    private enum Keys: String, CodingKey { case metadata, spec }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        metadata = try container.decode(Meta.self, forKey: .metadata)
        spec = try container.decodeIfPresent(Spec.self, forKey: .spec) ?? Spec()
    }

    /// Where the holder runs, in words; empty where the Lease does not say.
    var place: String { metadata.annotations?[Self.placeKey] ?? "" }

    /// Says on which machine, and as which process, the holder runs.
    static let placeKey = "isthmus.dev/holder"

    /// The whole object as this run writes it.
    ///
    /// - Parameter old: what it replaces; without it the object is new.
    static func written(by run: String, duration: Duration, replacing old: LeaseObject?) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(SetupLease.name), "namespace": .string(SetupLease.namespace),
            "labels": ["app.kubernetes.io/managed-by": "isthmus"],
            "annotations": [
                placeKey: .string("\(ProcessInfo.processInfo.hostName) \(ProcessInfo.processInfo.processIdentifier)")
            ],
        ]
        if let old {
            metadata["uid"] = .string(old.metadata.uid)
            metadata["resourceVersion"] = .string(old.metadata.resourceVersion)
        }
        // A MicroTime: the server takes no other number of digits.
        let now = Date().formatted(.iso8601).replacing("Z", with: ".000000Z")
        let transitions = (old?.spec.leaseTransitions ?? 0) + (old.map { $0.spec.holderIdentity == run ? 0 : 1 } ?? 0)
        return [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": .object(metadata),
            "spec": [
                "holderIdentity": .string(run), "leaseDurationSeconds": .integer(duration.components.seconds),
                "renewTime": .string(now), "leaseTransitions": .integer(Int64(transitions)),
            ],
        ]
    }
}
