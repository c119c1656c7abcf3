import Foundation
import Secrecy

extension KubeconfigFile {
    /// Reads and types one file. An empty file is an empty kubeconfig, as for client-go.
    init(data: Data, path: String) throws(KubeconfigError) {
        self.path = path
        let root: PositionedYAML?
        do {
            root = try PositionedYAML.read(data, file: path)
        } catch {
            throw KubeconfigError(error)
        }
        guard let root else { return }
        var reader = try Self.rootReader(root)
        if let current = reader.take("current-context") {
            let name = try MappingReader.text(current, path: "current-context")
            if !name.isEmpty { currentContext = (name, current.position) }
        }
        clusters = try Self.named(&reader, "clusters", "cluster", notes: &notes, Self.cluster)
        users = try Self.named(&reader, "users", "user", notes: &notes, Self.user)
        contexts = try Self.named(&reader, "contexts", "context", notes: &notes, Self.context)
        extensions = reader.take("extensions")?.json
        preferences = reader.take("preferences")?.json
        notes += reader.finish()
    }

    private static func rootReader(_ root: PositionedYAML) throws(KubeconfigError) -> MappingReader {
        guard case .map = root.value else {
            if case .null = root.value { return try MappingReader(root, path: "") }
            throw KubeconfigError(
                .notKubeconfig, at: root.position, "this is no kubeconfig: expected a mapping with clusters, users and contexts",
                remedy: "Write one with `kubectl config`, or name another file")
        }
        var reader = try MappingReader(root, path: "")
        let kind = try reader.text("kind")
        let version = try reader.text("apiVersion")
        guard kind.isEmpty || kind == "Config" else {
            throw KubeconfigError(
                .notKubeconfig, at: root["kind"]?.position ?? root.position, key: "kind",
                "this is no kubeconfig: expected kind Config, found \"\(printable(kind))\"")
        }
        guard version.isEmpty || version == "v1" else {
            throw KubeconfigError(
                .notKubeconfig, at: root["apiVersion"]?.position ?? root.position, key: "apiVersion",
                "only version v1 of a kubeconfig is known, found \"\(printable(version))\"")
        }
        return reader
    }

    /// Reads a list of `{name, <field>}`; two entries of one name are an error, as for client-go.
    private static func named<Entry>(
        _ reader: inout MappingReader, _ list: String, _ field: String, notes: inout [KubeconfigNote],
        _ read: (String, EntryOrigin, inout MappingReader) throws(KubeconfigError) -> Entry
    ) throws(KubeconfigError) -> [Entry] {
        var entries: [Entry] = []
        var names: [String: SourcePosition] = [:]
        for (path, yaml) in try reader.list(list) {
            var item = try MappingReader(yaml, path: path)
            let name = try item.text("name")
            let child = try item.child(field)
            var body = if let child { child } else { try MappingReader(yaml.empty, path: "\(path).\(field)") }
            if let first = names.updateValue(yaml.position, forKey: name) {
                throw KubeconfigError(
                    .duplicateName, at: yaml.position, key: "\(path).name",
                    "the name \"\(printable(name))\" is given twice in \(list), first in line \(first.line)",
                    remedy: "Rename or remove one of them")
            }
            entries.append(try read(name, EntryOrigin(position: body.position, path: body.path, keys: body.keys), &body))
            notes += body.finish() + item.finish()
        }
        return entries
    }

    private static func cluster(
        _ name: String, _ origin: EntryOrigin, _ reader: inout MappingReader
    ) throws(KubeconfigError) -> ClusterEntry {
        var entry = ClusterEntry(name: name, origin: origin)
        entry.server = try reader.text("server")
        entry.tlsServerName = try reader.text("tls-server-name")
        entry.insecureSkipTLSVerify = try reader.bool("insecure-skip-tls-verify")
        entry.certificateAuthority = try reader.text("certificate-authority")
        entry.certificateAuthorityData = try reader.data("certificate-authority-data")
        entry.proxyURL = try reader.text("proxy-url")
        entry.disableCompression = try reader.bool("disable-compression")
        entry.extensions = reader.take("extensions")?.json
        return entry
    }

    private static func user(
        _ name: String, _ origin: EntryOrigin, _ reader: inout MappingReader
    ) throws(KubeconfigError) -> UserEntry {
        var entry = UserEntry(name: name, origin: origin)
        entry.clientCertificate = try reader.text("client-certificate")
        entry.clientCertificateData = Secret(try reader.data("client-certificate-data"))
        entry.clientKey = try reader.text("client-key")
        entry.clientKeyData = Secret(try reader.data("client-key-data"))
        entry.token = Secret(try reader.text("token"))
        entry.tokenFile = try reader.text("tokenFile")
        entry.username = try reader.text("username")
        entry.password = Secret(try reader.text("password"))
        entry.impersonation.user = try reader.text("as")
        entry.impersonation.uid = try reader.text("as-uid")
        entry.impersonation.groups = try reader.texts("as-groups")
        if var extra = try reader.child("as-user-extra") {
            for key in extra.keys.keys { entry.impersonation.extra[key] = try extra.texts(key) }
        }
        entry.authProvider = try authProvider(&reader)
        entry.exec = try exec(&reader)
        entry.extensions = reader.take("extensions")?.json
        return entry
    }

    private static func authProvider(_ reader: inout MappingReader) throws(KubeconfigError) -> AuthProvider? {
        guard var provider = try reader.child("auth-provider") else { return nil }
        let name = try provider.text("name")
        var config: [String: String] = [:]
        for entry in try provider.map("config") {
            config[entry.key] = try MappingReader.text(entry.value, path: "\(provider.path).config.\(entry.key)")
        }
        reader.absorb(&provider)
        return AuthProvider(name: name, config: Secret(config))
    }

    private static func exec(_ reader: inout MappingReader) throws(KubeconfigError) -> ExecConfig? {
        guard var exec = try reader.child("exec") else { return nil }
        var config = ExecConfig()
        config.apiVersion = try exec.text("apiVersion")
        config.command = try exec.text("command")
        config.arguments = try exec.texts("args")
        config.installHint = try exec.text("installHint")
        config.provideClusterInfo = try exec.bool("provideClusterInfo")
        config.interactiveMode = try exec.text("interactiveMode")
        for (path, yaml) in try exec.list("env") {
            var item = try MappingReader(yaml, path: path)
            config.environment.append(ExecConfig.Variable(name: try item.text("name"), value: try item.text("value")))
            reader.absorb(&item)
        }
        reader.absorb(&exec)
        return config
    }

    private static func context(
        _ name: String, _ origin: EntryOrigin, _ reader: inout MappingReader
    ) throws(KubeconfigError) -> ContextEntry {
        var entry = ContextEntry(name: name, origin: origin)
        entry.cluster = try reader.text("cluster")
        entry.user = try reader.text("user")
        entry.namespace = try reader.text("namespace")
        entry.extensions = reader.take("extensions")?.json
        return entry
    }
}

extension PositionedYAML {
    /// An absent mapping at the place where it is missing.
    fileprivate var empty: PositionedYAML { PositionedYAML(value: .null, position: position, written: nil) }
}
