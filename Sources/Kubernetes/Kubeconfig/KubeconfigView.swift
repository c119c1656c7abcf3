import Foundation
import Yams
import Secrecy

/// How `isthmus kubeconfig view` writes.
package enum ViewFormat: String, Sendable, CaseIterable {
    case yaml
    case json
}

extension Kubeconfig {
    /// The context, its cluster and its user alone, with files read into the data fields: what
    /// `kubectl config view --minify --flatten` prints.
    ///
    /// - Parameter withSecrets: what kubectl prints. Without, secrets read `REDACTED` and data `DATA+OMITTED`.
    package func view(context name: String? = nil, withSecrets: Bool = false) throws(KubeconfigError) -> JSONValue {
        let (context, cluster, user) = try select(name)
        var view: [String: JSONValue] = ["apiVersion": "v1", "kind": "Config", "current-context": .string(context.name)]
        view["preferences"] = preferences ?? [:]
        if let extensions { view["extensions"] = extensions }
        view["contexts"] = [["name": .string(context.name), "context": Self.view(context)]]
        view["clusters"] = [["name": .string(cluster.name), "cluster": try Self.view(cluster, withSecrets)]]
        view["users"] = .null
        if let user { view["users"] = [["name": .string(user.name), "user": try Self.view(user, withSecrets)]] }
        return .object(view)
    }

    private static func view(_ context: ContextEntry) -> JSONValue {
        var view = Fields()
        view["cluster"] = .string(context.cluster)
        view["user"] = .string(context.user)
        view.add("namespace", context.namespace)
        view["extensions"] = context.extensions
        return view.value
    }

    private static func view(_ cluster: ClusterEntry, _ withSecrets: Bool) throws(KubeconfigError) -> JSONValue {
        var view = Fields()
        view["server"] = .string(cluster.server)
        view.add("tls-server-name", cluster.tlsServerName)
        if cluster.insecureSkipTLSVerify { view["insecure-skip-tls-verify"] = true }
        view.add("proxy-url", withSecrets ? cluster.proxyURL : Redaction.text(cluster.proxyURL))
        if cluster.disableCompression { view["disable-compression"] = true }
        // What a path leads to need not be a certificate, so the data is withheld as kubectl does without --raw.
        view.add(
            "certificate-authority-data",
            try contents(
                cluster.origin, path: cluster.certificateAuthority, pathKey: "certificate-authority",
                data: cluster.certificateAuthorityData, dataKey: "certificate-authority-data"), withSecrets)
        view["extensions"] = cluster.extensions
        return view.value
    }

    private static func view(_ user: UserEntry, _ withSecrets: Bool) throws(KubeconfigError) -> JSONValue {
        var view = Fields()
        view.add(
            "client-certificate-data",
            try contents(
                user.origin, path: user.clientCertificate, pathKey: "client-certificate",
                data: user.clientCertificateData.revealed, dataKey: "client-certificate-data"), withSecrets)
        view.add(
            "client-key-data",
            try contents(
                user.origin, path: user.clientKey, pathKey: "client-key", data: user.clientKeyData.revealed,
                dataKey: "client-key-data"), withSecrets)
        view.add("token", user.token.shown(withSecrets))
        view.add("tokenFile", user.tokenFile)
        view.add("username", user.username)
        view.add("password", user.password.shown(withSecrets))
        view.add("as", user.impersonation.user)
        view.add("as-uid", user.impersonation.uid)
        if !user.impersonation.groups.isEmpty { view["as-groups"] = .array(user.impersonation.groups.map(JSONValue.string)) }
        if !user.impersonation.extra.isEmpty {
            view["as-user-extra"] = .object(user.impersonation.extra.mapValues { .array($0.map(JSONValue.string)) })
        }
        if let provider = user.authProvider {
            let config = provider.config.revealed.mapValues { JSONValue.string(withSecrets ? $0 : Redaction.mark) }
            view["auth-provider"] = ["name": .string(provider.name), "config": config.isEmpty ? .null : .object(config)]
        }
        if let exec = user.exec { view["exec"] = Self.view(exec, withSecrets) }
        view["extensions"] = user.extensions
        return view.value
    }

    private static func view(_ exec: ExecConfig, _ withSecrets: Bool) -> JSONValue {
        var view = Fields()
        view["apiVersion"] = .string(exec.apiVersion)
        view["command"] = .string(exec.command)
        let arguments = withSecrets ? exec.arguments : Redaction.arguments(exec.arguments)
        view["args"] = arguments.isEmpty ? .null : .array(arguments.map(JSONValue.string))
        let variables = exec.environment.map { variable -> JSONValue in
            let value = withSecrets ? variable.value : Redaction.value(variable.value, named: variable.name)
            return ["name": .string(variable.name), "value": .string(value)]
        }
        view["env"] = variables.isEmpty ? .null : .array(variables)
        view.add("installHint", exec.installHint)
        view["provideClusterInfo"] = .bool(exec.provideClusterInfo)
        view.add("interactiveMode", exec.interactiveMode.isEmpty ? "IfAvailable" : exec.interactiveMode)
        return view.value
    }
}

/// The members of an object; what is empty stays away, as with Go's `omitempty`.
private struct Fields {
    private var members: [String: JSONValue] = [:]

    var value: JSONValue { .object(members) }

    subscript(_ key: String) -> JSONValue? {
        get { members[key] }
        set { members[key] = newValue }
    }

    mutating func add(_ key: String, _ text: String) {
        if !text.isEmpty { members[key] = .string(text) }
    }

    mutating func add(_ key: String, _ data: Data?, _ withSecrets: Bool) {
        guard let data, !data.isEmpty else { return }
        members[key] = .string(withSecrets ? data.base64EncodedString() : "DATA+OMITTED")
    }
}

extension Secret where Value == String {
    fileprivate func shown(_ withSecrets: Bool) -> String {
        revealed.isEmpty || withSecrets ? revealed : description
    }
}

extension JSONValue {
    /// The value as a document with sorted keys, ending in a line feed.
    package func document(_ format: ViewFormat) throws -> String {
        switch format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        case .yaml:
            return try Yams.serialize(node: node)
        }
    }

    private var node: Node {
        switch self {
        case .null: Node("null", Tag(.null))
        case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
        case .integer(let value): Node(String(value), Tag(.int))
        case .number(let value): Node(String(value), Tag(.float))
        case .string(let value): Node(value, Tag(.str), value.needsQuotes ? .doubleQuoted : .any)
        case .array(let values): Node(values.map(\.node), .implicit, values.isEmpty ? .flow : .any)
        case .object(let members):
            Node(
                members.sorted { $0.key < $1.key }.map {
                    (Node($0.key, Tag(.str), $0.key.needsQuotes ? .doubleQuoted : .any), $0.value.node)
                },
                .implicit, members.isEmpty ? .flow : .any)
        }
    }
}

extension String {
    /// Whether a plain scalar of this text would be read as something else than text.
    fileprivate var needsQuotes: Bool {
        if case .text = YAMLScalar(plain: self) { false } else { true }
    }
}
