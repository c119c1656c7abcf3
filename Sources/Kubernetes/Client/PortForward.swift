import Foundation
package import HTTP
import Secrecy

extension KubernetesClient {
    /// Asks a port on a pod's own loopback over HTTP, through the API server and the pod's node. Runs nothing in the pod.
    ///
    /// One port-forward for all paths, one after the other: a WebSocket of the subprotocol `v4.channel.k8s.io`, which kubelets have
    /// had since long before the newer ones. It takes the right to `get pods/portforward` and, of servers from 1.35 on, to `create` it.
    ///
    /// - Parameters:
    ///   - paths: absolute, without anything that would have to be encoded.
    ///   - bodyLimit: most bytes of one answer.
    /// - Returns: the answers in the paths' order, whatever their status.
    package func forwarded(
        _ paths: [String], namespace: String, pod: String, port: UInt16, bodyLimit: Int = 16 << 20
    ) async throws(KubernetesError) -> [HTTP1Answer] {
        let path = Resource.pods.path(namespace: namespace, name: pod, subresource: "portforward")
        // What is upgraded has no type of its own; errors are JSON.
        let request = Request(
            "GET", path, query: [("ports", String(port))], accept: "*/*", retries: .never, bodyLimit: bodyLimit)
        let outcome = try await authenticated(request) { wire throws(HTTPFailure) in
            var wire = wire
            // A message holds one byte more than what it carries.
            wire.maximumBodyBytes = bodyLimit + 1
            let outcome = try await http.talk(wire, protocol: "v4.channel.k8s.io") {
                socket throws(HTTPFailure) in
                var tunnel = PodTunnel(port: port, bodyLimit: bodyLimit)
                var answers: [HTTP1Answer] = []
                for path in paths { answers.append(try tunnel.get(path, over: socket)) }
                return answers
            }
            return switch outcome {
            case .talked: (101, outcome)
            case .refused(let answer): (answer.status, outcome)
            }
        }
        switch outcome {
        case .talked(let answers): return answers
        case .refused(let answer):
            throw error(request, refusal(answer.status, answer.header("Content-Type") ?? "", Data(answer.body)))
        }
    }
}

/// The inside of a port-forward of one port: what the first byte of a message says of the rest of it.
private struct PodTunnel {
    let port: UInt16
    let bodyLimit: Int
    /// The channels whose first message has come.
    private var opened: Set<UInt8> = []

    private static let data: UInt8 = 0, error: UInt8 = 1

    init(port: UInt16, bodyLimit: Int) {
        self.port = port
        self.bodyLimit = bodyLimit
    }

    /// One request, on the connection that stays for the next.
    mutating func get(_ path: String, over socket: borrowing WebSocket) throws(HTTPFailure) -> HTTP1Answer {
        let asked = "GET \(path) HTTP/1.1\r\nHost: localhost:\(port)\r\nAccept: application/json\r\n\r\n"
        do throws(HTTPFailure) {
            try socket.send([Self.data] + Array(asked.utf8))
        } catch {
            // What the node said before it cut the connection tells more.
            while try receive(from: socket) != nil {}
            throw error
        }
        var reader = HTTP1Reader(maximumBodyBytes: bodyLimit)
        while true {
            guard let bytes = try receive(from: socket) else { return try reader.closed() }
            if let answer = try reader.read(bytes) { return answer }
        }
    }

    /// What the pod sends next. `nil`: it has closed. Throws what the node says about the forwarding.
    private mutating func receive(from socket: borrowing WebSocket) throws(HTTPFailure) -> [UInt8]? {
        while let message = try socket.receive() {
            guard let channel = message.first, channel == Self.data || channel == Self.error else {
                throw .notHTTP(detail: "the port-forward speaks of a channel that was not asked for")
            }
            var bytes = Array(message.dropFirst())
            if opened.insert(channel).inserted {
                // Each channel begins with the port that it is about.
                guard bytes.count >= 2, UInt16(bytes[0]) | UInt16(bytes[1]) << 8 == port else {
                    throw .notHTTP(detail: "the port-forward speaks of a port that was not asked for")
                }
                bytes.removeFirst(2)
            }
            guard !bytes.isEmpty else { continue }
            if channel == Self.data { return bytes }
            let words = Redaction.text(String(decoding: bytes.prefix(1024), as: UTF8.self))
            throw .other(detail: "the node could not forward port \(port): \(printable(words, limit: 400))")
        }
        return nil
    }
}
