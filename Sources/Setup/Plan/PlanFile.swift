package import Foundation
internal import TLS

/// Why a saved plan cannot be used; names the file, what is wrong and what to do.
package struct PlanFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// A plan as a file, which is the plan for programs, too: JSON with sorted keys, and a digest of it, so that nobody applies what was
/// changed by hand or cut off.
package enum PlanFile {
    /// More than any plan has: a plan for 200 clusters is about 40 MB.
    private static let maximumBytes = 256 << 20

    /// Rises when a field of the file changes its meaning or goes away; described by docs/plan.schema.json.
    package static let schema = 1

    private struct Envelope: Codable {
        var digest: String
        /// What the plan comes to, for programs; nobody reads it back.
        var exitCode: Int32?
        var plan: SetupPlan
        var schema: Int?
    }

    /// Only what has to be known before the rest is read.
    private struct Header: Decodable {
        struct Plan: Decodable { var formatVersion: Int }
        var plan: Plan
    }

    /// `sha256:…` over the plan.
    package static func digest(_ plan: SetupPlan) throws -> String { "sha256:" + sha256Hex(try encoder().encode(plan)) }

    /// The file's bytes.
    package static func encode(_ plan: SetupPlan) throws -> Data {
        let encoder = encoder()
        encoder.outputFormatting.insert(.prettyPrinted)
        return try encoder.encode(Envelope(digest: try digest(plan), exitCode: plan.outcome.exitCode, plan: plan, schema: schema))
            + Data("\n".utf8)
    }

    /// Reads a plan back.
    ///
    /// - Parameter name: the file as the user knows it, for errors.
    package static func decode(_ data: Data, name: String) throws(PlanFileError) -> SetupPlan {
        guard data.count <= maximumBytes else {
            throw PlanFileError(description: "\(name): \(data.count) bytes; no plan is as large as that")
        }
        let decoder = JSONDecoder()
        guard let header = try? decoder.decode(Header.self, from: data) else {
            let isJSON = (try? JSONSerialization.jsonObject(with: data)) != nil
            let what = isJSON ? "is JSON, but no plan" : "is not JSON, or is cut off"
            throw PlanFileError(description: "\(name): \(what); make one with isthmus setup plan --save \(name)")
        }
        guard header.plan.formatVersion == SetupPlan.currentFormat else {
            throw PlanFileError(
                description:
                    "\(name): a plan of format \(header.plan.formatVersion), and this isthmus reads format \(SetupPlan.currentFormat); "
                    + "make it anew with this isthmus")
        }
        let envelope: Envelope
        do { envelope = try decoder.decode(Envelope.self, from: data) } catch {
            throw PlanFileError(description: "\(name): is not a whole plan: \(words(error)); make it anew")
        }
        guard (try? digest(envelope.plan)) == envelope.digest else {
            throw PlanFileError(
                description: "\(name): the plan is not what its digest says: it was changed after it was made; make it anew")
        }
        return envelope.plan
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func words(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        }
        return switch error as? DecodingError {
        case .keyNotFound(let key, let context): "\(path(context)).\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(path(context)) is not as it must be"
        default: "it cannot be read"
        }
    }
}

extension SetupPlan {
    /// Something of the world that is not as the plan saw it.
    package struct Movement: Sendable, Hashable {
        package var cluster: String
        /// The object or the cluster, and what became of it.
        package var words: String
    }

    /// What has moved between this plan and one that was made just now of the same declaration. Empty: this plan can be applied.
    ///
    /// Compared is what the plan depends on: the clusters themselves, what is wanted, and of every object that would be written its
    /// uid and the fields that would change. That a Deployment's status goes on counting is no movement.
    package func whatMoved(_ now: SetupPlan) -> [Movement] {
        var moved: [Movement] = []
        func move(_ cluster: String, _ words: String) { moved.append(Movement(cluster: cluster, words: words)) }
        if mesh != now.mesh { move("", "the mesh is \(now.mesh.id) of revision \(now.mesh.revision) now") }
        if options != now.options { move("", "other options were given than the plan was made with") }
        let others = Dictionary(now.clusters.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        for cluster in now.clusters where !clusters.contains(where: { $0.name == cluster.name }) {
            move(cluster.name, "the cluster is declared now, and the plan does not know it")
        }
        for cluster in clusters {
            guard let other = others[cluster.name] else {
                move(cluster.name, "the cluster is not declared any more")
                continue
            }
            guard cluster.uid == other.uid else {
                move(cluster.name, other.uid.isEmpty ? "the cluster does not answer" : "the kubeconfig leads to another cluster")
                continue
            }
            if cluster.server != other.server {
                move(cluster.name, "its server is \(other.server) now, and was \(cluster.server)")
            }
            for words in Self.moved(cluster.acts, other.acts) { move(cluster.name, words) }
        }
        return moved
    }

    private static func moved(_ acts: [Act], _ others: [Act]) -> [String] {
        let now = Dictionary(others.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
        let known = Set(acts.map(\.id))
        var moved = others.filter { !known.contains($0.id) && $0.verb != .leave }.map {
            "\($0.object.words) is to be written now, and the plan does not know it"
        }
        for act in acts {
            guard let other = now[act.id] else {
                if act.verb.writes { moved.append("\(act.object.words) is not wanted any more") }
                continue
            }
            guard act.verb.writes || other.verb != .leave else { continue }
            if act.desired != other.desired || act.secret != other.secret {
                moved.append("\(act.object.words) is wanted differently now")
            } else if act.uid != other.uid {
                let what = act.uid.isEmpty ? "was made" : other.uid.isEmpty ? "was deleted" : "was deleted and made anew"
                moved.append("\(act.object.words) \(what) since the plan was made")
            } else if act.verb != other.verb || act.fields != other.fields {
                let paths = (act.fields + other.fields).filter { !act.fields.contains($0) || !other.fields.contains($0) }.map(
                    \.path)
                let which = Set(paths).sorted().prefix(3).joined(separator: ", ")
                moved.append("\(act.object.words) was changed since the plan was made\(which.isEmpty ? "" : ": \(which)")")
            }
        }
        return moved
    }
}
