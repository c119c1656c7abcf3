import Foundation
import Secrecy

/// A credential plugin as one user of one cluster configures it, checked as client-go checks it, and not yet trusted.
package struct ExecPlugin: Sendable {
    package let config: ExecConfig
    package let user: String
    /// Where the entry stands, for messages.
    package let origin: EntryOrigin
    /// `command`, absolute where it has a slash.
    let command: String
    /// `spec.cluster` of `KUBERNETES_EXEC_INFO`; `nil` unless `provideClusterInfo`.
    let clusterInfo: JSONValue?

    init(
        _ config: ExecConfig, user: UserEntry, cluster: ClusterEntry, certificateAuthority: Data?
    ) throws(KubeconfigError) {
        self.config = config
        self.user = user.name
        origin = user.origin
        command = config.command.contains("/") ? user.origin.resolve(config.command) : config.command
        clusterInfo = config.provideClusterInfo ? Self.clusterInfo(cluster, certificateAuthority) : nil
        try validate()
    }

    private func validate() throws(KubeconfigError) {
        guard !config.command.isEmpty else { throw error(.missingKey, "command", "the plugin has no command") }
        let known = [Self.v1, Self.v1beta1]
        guard known.contains(config.apiVersion) else {
            if config.apiVersion.isEmpty {
                throw error(
                    .missingKey, "apiVersion", "the plugin has no apiVersion", remedy: "Write apiVersion: \(Self.v1beta1)")
            }
            if config.apiVersion == "client.authentication.k8s.io/v1alpha1" {
                throw error(
                    .removed, "apiVersion", "client.authentication.k8s.io/v1alpha1 was removed from client-go in 1.24",
                    remedy: "Update the plugin, and let it write its kubeconfig again")
            }
            throw error(
                .badValue, "apiVersion", "the apiVersion \"\(printable(config.apiVersion))\" is unknown",
                remedy: "Known are \(known.joined(separator: " and "))")
        }
        guard ["", "Never", "IfAvailable", "Always"].contains(config.interactiveMode) else {
            throw error(
                .badValue, "interactiveMode", "\"\(printable(config.interactiveMode))\" is no mode",
                remedy: "Known are Never, IfAvailable and Always")
        }
        guard !config.interactiveMode.isEmpty || config.apiVersion != Self.v1 else {
            throw error(
                .missingKey, "interactiveMode", "it is mandatory with \(Self.v1)", remedy: "Write interactiveMode: IfAvailable")
        }
        for variable in config.environment where variable.name.isEmpty || variable.name.contains("=") {
            throw error(.badValue, "env", "\"\(printable(variable.name))\" is no name of an environment variable")
        }
        let texts = [config.command] + config.arguments + config.environment.flatMap { [$0.name, $0.value] }
        guard !texts.contains(where: { $0.contains("\0") }) else {
            throw error(.badValue, "command", "a NUL character cannot be handed to a program")
        }
    }

    func error(
        _ kind: KubeconfigError.Kind, _ key: String? = nil, _ problem: String, remedy: String? = nil
    ) -> KubeconfigError {
        KubeconfigError(
            kind, at: origin.keys["exec"] ?? origin.position, key: "\(origin.path).exec" + (key.map { ".\($0)" } ?? ""), problem,
            remedy: remedy)
    }

    static let v1 = "client.authentication.k8s.io/v1"
    static let v1beta1 = "client.authentication.k8s.io/v1beta1"

    private static func clusterInfo(_ cluster: ClusterEntry, _ authority: Data?) -> JSONValue {
        var info: [String: JSONValue] = ["server": .string(cluster.server)]
        if !cluster.tlsServerName.isEmpty { info["tls-server-name"] = .string(cluster.tlsServerName) }
        if cluster.insecureSkipTLSVerify { info["insecure-skip-tls-verify"] = true }
        if let authority { info["certificate-authority-data"] = .string(authority.base64EncodedString()) }
        if !cluster.proxyURL.isEmpty { info["proxy-url"] = .string(cluster.proxyURL) }
        if cluster.disableCompression { info["disable-compression"] = true }
        let name: JSONValue = "client.authentication.k8s.io/exec"
        if let config = cluster.extensions?.array?.first(where: { $0["name"] == name })?["extension"], config != .null {
            info["config"] = config
        }
        return .object(info)
    }

    /// The value of `KUBERNETES_EXEC_INFO`.
    func execInfo(interactive: Bool) throws -> String {
        var spec: [String: JSONValue] = ["interactive": .bool(interactive)]
        if let clusterInfo { spec["cluster"] = clusterInfo }
        let info: JSONValue = [
            "apiVersion": .string(config.apiVersion), "kind": "ExecCredential", "spec": .object(spec),
        ]
        return String(decoding: try info.encoded(), as: UTF8.self)
    }

    /// The exact command with its variables, quoted as for a shell, safe to print, what looks secret withheld.
    package var commandLine: String {
        let variables = config.environment.map { "\($0.name)=\(quoted(Redaction.value($0.value, named: $0.name)))" }
        let arguments = Redaction.arguments(config.arguments).map(quoted)
        return (variables + [quoted(command)] + arguments).joined(separator: " ")
    }

    /// What tells one plugin configuration from another, for the cache of credentials.
    var cacheKey: CacheKey { CacheKey(config: config, command: command, clusterInfo: clusterInfo) }

    struct CacheKey: Hashable, Sendable {
        let config: ExecConfig
        let command: String
        let clusterInfo: JSONValue?
    }
}
