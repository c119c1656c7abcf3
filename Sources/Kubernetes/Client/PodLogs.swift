package import Foundation
import HTTP

extension KubernetesClient {
    /// The last lines that a container wrote.
    ///
    /// - Parameters:
    ///   - previous: of the container's run before the present one.
    ///   - limit: most bytes; the server cuts there.
    package func logs(
        namespace: String, pod: String, container: String, tailLines: Int = 200, previous: Bool = false, limit: Int = 1 << 20
    ) async throws(KubernetesError) -> String {
        var query = [("container", container), ("tailLines", String(tailLines)), ("limitBytes", String(limit))]
        if previous { query.append(("previous", "true")) }
        let path = Resource.pods.path(namespace: namespace, name: pod, subresource: "log")
        // The log is text, but errors are JSON and must be accepted as well.
        let answer = try await send(Request("GET", path, query: query, accept: "*/*", bodyLimit: limit + 4096))
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Everything that a container writes, from its first line on, piece by piece, until it ends.
    ///
    /// - Parameters:
    ///   - deadline: after it the stream ends with an error.
    ///   - limit: most bytes; the server cuts there.
    package func followLogs(
        namespace: String, pod: String, container: String, deadline: Duration, limit: Int
    ) async throws(KubernetesError) -> AsyncThrowingStream<Data, any Error> {
        let query = [("container", container), ("follow", "true"), ("limitBytes", String(limit))]
        let path = Resource.pods.path(namespace: namespace, name: pod, subresource: "log")
        let request = Request("GET", path, query: query, accept: "*/*", bodyLimit: limit + 4096)
        let stream = try await authenticated(request, deadline: deadline) { wire throws(HTTPFailure) in
            let stream = try await http.stream(wire)
            return (stream.status, stream)
        }
        guard (200..<300).contains(stream.status) else {
            var body = Data()
            do {
                for try await piece in stream.body where body.count < 1 << 16 { body += piece }
            } catch let failure as HTTPFailure {
                throw error(request, .transport(failure))
            } catch {
                throw self.error(request, .transport(.cancelled))
            }
            throw error(request, refusal(stream.status, stream.header("Content-Type") ?? "", body))
        }
        return stream.body
    }
}
