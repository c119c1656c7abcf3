import Foundation
import HTTP

/// What a watch tells.
package enum WatchEvent<Object: Sendable>: Sendable {
    /// The whole collection as it is now. Comes first, and again whenever the server has lost the thread (410).
    case all([Object])
    case added(Object)
    case modified(Object)
    case deleted(Object)
}

extension KubernetesClient {
    /// Follows a collection: first all of it, then every change, until the reader stops, `deadline` passes, or an error ends it.
    ///
    /// The server ends a watch every few minutes, and a connection can break; both are resumed where they stopped.
    /// - Parameter deadline: after it the stream ends without an error.
    /// - Returns: a stream that throws `KubernetesError`.
    package func watch<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection = .all, as type: T.Type, deadline: Duration
    ) -> AsyncThrowingStream<WatchEvent<T>, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await follow(path, selection, until: .now + deadline) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Waits until a condition holds for a collection, and gives what it makes of it; `nil` when the deadline passes first.
    ///
    /// - Parameter condition: sees every object, keyed by namespace and name, each time something changes.
    package func wait<T: Decodable & Sendable, R: Sendable>(
        _ path: String, _ selection: Selection = .all, as type: T.Type, deadline: Duration, key: @Sendable (T) -> String,
        until condition: @Sendable ([T]) -> R?
    ) async throws(KubernetesError) -> R? {
        var objects: [String: T] = [:]
        do {
            for try await event in watch(path, selection, as: type, deadline: deadline) {
                switch event {
                case .all(let all): objects = Dictionary(all.map { (key($0), $0) }, uniquingKeysWith: { $1 })
                case .added(let object), .modified(let object): objects[key(object)] = object
                case .deleted(let object): objects[key(object)] = nil
                }
                if let result = condition(Array(objects.values)) { return result }
            }
        } catch let error as KubernetesError {
            throw error
        } catch {
            throw self.error(Request("GET", path), .transport(.cancelled))
        }
        guard !Task.isCancelled else { throw error(Request("GET", path), .transport(.cancelled)) }
        return nil
    }

    private func follow<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection, until end: ContinuousClock.Instant, _ tell: (WatchEvent<T>) -> Void
    ) async throws(KubernetesError) {
        var version = ""
        var failures = 0
        while !Task.isCancelled {
            let left = end - .now
            guard left > .zero else { return }
            if version.isEmpty {
                let list = try await list(path, selection, as: T.self)
                version = list.resourceVersion
                tell(.all(list.items))
            }
            do throws(KubernetesError) {
                let began = ContinuousClock.now
                try await one(path, selection, from: &version, for: left, tell)
                failures = 0
                // A server that ends each watch at once is not asked in a tight loop.
                if .now - began < .milliseconds(200) { try? await Task.sleep(for: .milliseconds(200)) }
            } catch {
                if error.isGone {
                    version = ""
                    continue
                }
                // A connection that breaks is resumed; one that breaks again and again without a word is reported.
                guard case .transport(let failure) = error.cause, failure.isPassing, failures < 3 else { throw error }
                failures += 1
            }
        }
    }

    /// One watch request; returns where the server ends it. `version` follows what has been told, also when an error ends it.
    private func one<T: Decodable & Sendable>(
        _ path: String, _ selection: Selection, from version: inout String, for left: Duration, _ tell: (WatchEvent<T>) -> Void
    ) async throws(KubernetesError) {
        let seconds = min(300, max(1, Int(left.components.seconds)))
        let query =
            selection.query + [
                ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
                ("timeoutSeconds", String(seconds)),
            ]
        let request = Request("GET", path, query: query, bodyLimit: 1 << 30)
        let stream = try await authenticated(request, deadline: min(left, .seconds(seconds)) + .seconds(5)) {
            wire throws(HTTPFailure) in
            let stream = try await http.stream(wire)
            return (stream.status, stream)
        }
        var lines = LineReader()
        do {
            guard (200..<300).contains(stream.status) else {
                var body = Data()
                for try await piece in stream.body where body.count < 1 << 16 { body += piece }
                throw error(request, refusal(stream.status, stream.header("Content-Type") ?? "", body))
            }
            for try await piece in stream.body {
                for line in lines.add(piece) {
                    guard let event = try event(line, T.self, request, &version) else { continue }
                    tell(event)
                }
            }
        } catch let error as KubernetesError {
            throw error
        } catch let failure as HTTPFailure {
            throw error(request, .transport(failure))
        } catch {
            throw self.error(request, .transport(.cancelled))
        }
    }

    private func event<T: Decodable & Sendable>(
        _ line: Data, _ type: T.Type, _ request: Request, _ version: inout String
    ) throws(KubernetesError) -> WatchEvent<T>? {
        let head = try decode(EventHead.self, line, request)
        if head.type == "ERROR" {
            let status = try decode(EventBody<KubernetesStatus>.self, line, request).object
            throw error(request, .status(status))
        }
        if let reached = head.object.metadata?.resourceVersion { version = reached }
        guard head.type != "BOOKMARK" else { return nil }
        let object = try decode(EventBody<T>.self, line, request).object
        switch head.type {
        case "ADDED": return .added(object)
        case "DELETED": return .deleted(object)
        default: return .modified(object)
        }
    }
}

private struct EventHead: Decodable, Sendable {
    struct Object: Decodable, Sendable { let metadata: Meta? }
    struct Meta: Decodable, Sendable { let resourceVersion: String? }
    let type: String
    let object: Object
}

private struct EventBody<T: Decodable & Sendable>: Decodable, Sendable {
    let object: T
}

/// Cuts a stream of bytes into lines.
struct LineReader {
    private var rest = Data()

    /// The lines that are complete now, without their line feeds and without empty ones.
    mutating func add(_ piece: Data) -> [Data] {
        rest += piece
        guard let last = rest.lastIndex(of: 0x0A) else { return [] }
        let lines = rest[..<last].split(separator: 0x0A).map { Data($0) }
        rest = Data(rest[(last + 1)...])
        return lines
    }
}

extension HTTPFailure {
    /// Whether the same request may well succeed a moment later.
    fileprivate var isPassing: Bool {
        switch self {
        case .reset, .closed, .timedOut: true
        default: false
        }
    }
}
