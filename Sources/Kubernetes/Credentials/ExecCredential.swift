import Foundation
import Secrecy

/// What a credential plugin gave.
struct ExecCredential: Sendable, Hashable {
    let token: Secret<String>?
    let certificate: ClusterAccess.ClientCertificate?
    /// When to ask again; `nil` for as long as the program runs.
    let expiresAt: Date?

    /// Reads a plugin's standard output. The message of an error never repeats it.
    init(_ output: Data, of plugin: ExecPlugin) throws(KubeconfigError) {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: output) else {
            throw plugin.error(
                .plugin, "command",
                "the plugin \(quoted(plugin.command)) printed no ExecCredential (\(output.count) bytes that are not "
                    + "the expected JSON)", remedy: "Run it by hand to see what it prints: \(plugin.commandLine)")
        }
        guard wire.kind == "ExecCredential", wire.apiVersion == plugin.config.apiVersion else {
            throw plugin.error(
                .plugin, "apiVersion",
                "the plugin is configured for \(plugin.config.apiVersion), and answered with \(printable(wire.apiVersion ?? "no version"))",
                remedy: "Set apiVersion to what the plugin speaks")
        }
        let token = wire.status?.token ?? ""
        let chain = wire.status?.clientCertificateData ?? ""
        let key = wire.status?.clientKeyData ?? ""
        guard !token.isEmpty || !chain.isEmpty || !key.isEmpty else {
            throw plugin.error(.plugin, nil, "the plugin gave neither a token nor a certificate with its key")
        }
        guard chain.isEmpty == key.isEmpty else {
            throw plugin.error(.plugin, nil, "the plugin gave a certificate or a key, but not both")
        }
        if !token.isEmpty { try Kubeconfig.requireToken(token, plugin.origin, "exec") }
        self.token = token.isEmpty ? nil : Secret(token)
        certificate = chain.isEmpty ? nil : ClusterAccess.ClientCertificate(chain: Data(chain.utf8), key: Secret(Data(key.utf8)))
        guard let stamp = wire.status?.expirationTimestamp else {
            expiresAt = nil
            return
        }
        guard let date = date(rfc3339: stamp) else {
            throw plugin.error(.plugin, nil, "the plugin's expirationTimestamp \"\(printable(stamp))\" is no RFC 3339 time")
        }
        expiresAt = date
    }

    private struct Wire: Decodable {
        struct Status: Decodable {
            let token: String?
            let clientCertificateData: String?
            let clientKeyData: String?
            let expirationTimestamp: String?
        }
        let apiVersion: String?
        let kind: String?
        let status: Status?
    }
}

/// An RFC 3339 time, with or without fractions of a second.
func date(rfc3339 text: String) -> Date? {
    if let date = try? Date(text, strategy: .iso8601) { return date }
    return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
}
