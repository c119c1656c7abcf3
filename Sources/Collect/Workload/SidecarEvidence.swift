internal import Facts
internal import Foundation
internal import Secrecy

/// What a client's own sidecar said after the client had asked: Envoy's administration interface, which listens to its pod alone
/// (127.0.0.1:15000; Envoy's documentation, "Administration interface": /clusters and /certs, neither of which holds a key).
struct SidecarEvidence: Sendable, Equatable {
    /// One address that the sidecar would send a request to.
    struct Endpoint: Sendable, Equatable {
        var address = "", port = 0
        /// Envoy's words: `healthy`, or the flags of what is wrong with it.
        var health = ""
        var connections = 0, failedConnections = 0
    }

    /// By the place of the server that is asked; a place without any stands here, too, where the sidecar knows the service.
    private(set) var endpoints: [Int: [Endpoint]] = [:]
    private(set) var certificates: Certificates?
    /// Why there is nothing; empty where there is.
    private(set) var problem = ""

    /// Whether the sidecar knows the service of the server at a place, with or without endpoints; `nil` where it did not say.
    func knows(_ place: Int) -> Bool? { problem.isEmpty ? endpoints[place] != nil : nil }

    /// The sidecar's own certificate, and the roots by which it verifies others.
    struct Certificates: Sendable, Equatable {
        var identity = ""
        var expires: Timestamp?
        /// Hex, in order.
        var rootSerials: [String] = []
    }

    init(_ data: Data) {
        var found: [Int: [String: Endpoint]] = [:]
        for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            switch words[0] {
            case "x" where words.count > 1 && words[1] != "0":
                problem =
                    "the sidecar's administration interface did not answer (curl ended with \(printable(words[1], limit: 10)))"
            case "k":
                if words.count > 1, let place = Int(words[1]) { found[place] = found[place] ?? [:] }
            case "e":
                guard words.count == 3, let place = Int(words[1]) else { continue }
                Self.read(words[2], into: &found[place, default: [:]])
            case "c": certificates = Self.certificates(Data(line.dropFirst(2).utf8))
            default: continue
            }
        }
        endpoints = found.mapValues { $0.values.sorted { ($0.address, $0.port) < ($1.address, $1.port) } }
    }

    /// `ADDRESS:PORT::WHAT::VALUE`, as /clusters has it behind a cluster's name.
    private static func read(_ text: String, into endpoints: inout [String: Endpoint]) {
        let parts = text.components(separatedBy: "::")
        // An IPv6 address has double colons, too, and stands in brackets.
        guard parts.count >= 3, let colon = parts.dropLast(2).joined(separator: "::").lastIndex(of: ":") else { return }
        let name = parts.dropLast(2).joined(separator: "::")
        guard let port = Int(name[name.index(after: colon)...]), (1...65535).contains(port) else { return }
        let address = printable(name[..<colon].filter { !"[]".contains($0) }, limit: 100)
        var endpoint = endpoints[name] ?? Endpoint(address: address, port: port)
        let value = parts[parts.count - 1]
        switch parts[parts.count - 2] {
        case "health_flags": endpoint.health = printable(value, limit: 100)
        case "cx_total": endpoint.connections = Int(value) ?? 0
        case "cx_connect_fail": endpoint.failedConnections = Int(value) ?? 0
        default: return
        }
        endpoints[name] = endpoint
    }

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var ca_cert: [Certificate]?
            var cert_chain: [Certificate]?
        }
        struct Certificate: Decodable {
            var serial_number: String?
            var subject_alt_names: [Name]?
            var expiration_time: String?
        }
        struct Name: Decodable { var uri: String? }
        var certificates: [Entry]
    }

    private static func certificates(_ data: Data) -> Certificates? {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: data) else { return nil }
        let own = answer.certificates.lazy.compactMap { $0.cert_chain?.first }.first
        let roots = answer.certificates.flatMap { $0.ca_cert ?? [] }.compactMap(\.serial_number)
        return Certificates(
            identity: printable(own?.subject_alt_names?.lazy.compactMap(\.uri).first ?? "", limit: 300),
            expires: own?.expiration_time.flatMap { Timestamp($0) },
            rootSerials: Set(roots.map { printable($0, limit: 64).lowercased() }).sorted())
    }
}
